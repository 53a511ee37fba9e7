//! One row for each rule: of verdicts, of blocks, of block 0. A rule without a row fails the test.

#[path = "rules/blocks.rs"]
mod blocks;
#[path = "rules/fixture.rs"]
mod fixture;
#[path = "rules/genesis.rs"]
mod genesis;
#[path = "rules/verdicts.rs"]
mod verdicts;
