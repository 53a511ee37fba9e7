//! The command against services that lie: for any reply, it ends with one of its exit codes, writes no file, prints no control
//! characters, and never presents a reply to another request.

mod answers;
mod chains;
mod proofs;
mod stage;
mod texts;
mod tips;
mod world;
