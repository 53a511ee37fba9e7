//! The command against services that lie: whatever they answer, it ends with an exit code of its own, writes no file, says
//! nothing that a terminal obeys, and shows nothing as the answer to what was asked that is not.

mod answers;
mod chains;
mod proofs;
mod stage;
mod texts;
mod tips;
mod world;
