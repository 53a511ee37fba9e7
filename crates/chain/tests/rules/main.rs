//! The rules of the chain. Verdicts, rules of blocks and rules of block 0 have a table each, with a row for every one of them.

mod assemble;
mod blocks;
mod fixture;
mod genesis;
mod keys;
mod proofs;
mod signatures;
mod snapshot;
mod verdicts;
mod work;
