//! The chain: a fold over the blocks that it accepts.

mod snapshot;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::accepted::Accepted;
use crate::account::{self, Account};
use crate::assemble::{self, Draft, Template};
use crate::block::{self, Block, Checked, Unchecked};
use crate::genesis::{Fault, Rules};
use crate::hash::Hash;
use crate::header::Header;
use crate::log::Frontier;

/// The state after the last accepted block. Serialized, it is a snapshot.
#[derive(Clone, Debug)]
pub struct Chain {
    rules: Arc<Rules>,
    tip: Tip,
    /// Timestamp of the tip's parent, for the work rule.
    parent_timestamp_ms: u64,
    cursors: Vec<u64>,
    miners: Vec<Account>,
    version: u32,
    numbers: HashMap<Account, u32>,
    accounts: Vec<(Account, account::State)>,
    frontier: Frontier,
    supply: i128,
}

/// The last accepted block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its header.
    pub header: Header,
    /// Its timestamp, in milliseconds since the Unix epoch.
    pub timestamp_ms: u64,
    /// Root of the log after it.
    pub log_root: Hash,
    /// Leaves of the log after it.
    pub log_size: u64,
}

impl Tip {
    fn new(header: Header) -> Tip {
        Tip {
            height: header.height,
            hash: header.hash(),
            header,
            timestamp_ms: header.timestamp_ms,
            log_root: header.log_root,
            log_size: header.log_size,
        }
    }
}

impl Chain {
    /// Starts a chain with block 0. `append_ms` is when the log took it.
    pub fn start(value: &Bytes, append_ms: u64) -> Result<(Chain, Accepted), Fault> {
        let _ = (value, append_ms);
        todo!()
    }

    /// Reads the header of a candidate: STOPPED, OVERSIZE, UNDECODABLE, BAD_VERSION.
    pub fn frame(&self, value: Bytes) -> Result<Block<Unchecked>, block::Rule> {
        let _ = value;
        todo!()
    }

    /// Checks the header against the tip: STALE to BAD_BLOCK_SIGNATURE. Cheap, and worth doing before
    /// the body is looked at. `append_ms` is the append time of the candidate.
    pub fn admit(&self, block: &Block<Unchecked>, append_ms: u64) -> Result<(), block::Rule> {
        let _ = (block, append_ms);
        todo!()
    }

    /// Accepts the next block, or refuses it and changes nothing. Everything that `admit` checks is
    /// checked here again.
    pub fn apply(
        &mut self,
        block: Block<Checked>,
        append_ms: u64,
    ) -> Result<Accepted, block::Rule> {
        let _ = (block, append_ms);
        todo!()
    }

    /// Makes the next block of a partition from what its slots hold.
    pub fn assemble(&self, draft: Draft) -> Result<Template, assemble::Error> {
        let _ = draft;
        todo!()
    }

    /// The immutable parameters.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The last accepted block.
    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    /// The next offset of a partition to be sealed; 0 for partitions that the chain does not have.
    pub fn cursor(&self, partition: u32) -> u64 {
        self.cursors.get(partition as usize).copied().unwrap_or(0)
    }

    /// The cursors of all partitions.
    pub fn cursors(&self) -> &[u64] {
        &self.cursors
    }

    /// Keys that may mine the next block; empty: anyone may.
    pub fn miners(&self) -> &[Account] {
        &self.miners
    }

    /// Whether `account` may mine the next block.
    pub fn may_mine(&self, account: &Account) -> bool {
        let _ = account;
        todo!()
    }

    /// The version that the next block must have.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether the chain has moved to a version that this software does not know.
    pub fn is_stopped(&self) -> bool {
        self.version != crate::header::VERSION
    }

    /// The state of an account, if any block has changed it.
    pub fn account(&self, account: &Account) -> Option<account::State> {
        self.number(account)
            .map(|number| self.accounts[number as usize].1)
    }

    /// The number of an account: accounts are numbered from 0 in the order of their first change.
    pub fn number(&self, account: &Account) -> Option<u32> {
        self.numbers.get(account).copied()
    }

    /// The account with this number.
    pub fn account_by_number(&self, number: u32) -> Option<(Account, account::State)> {
        self.accounts.get(number as usize).copied()
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> u32 {
        self.accounts.len() as u32
    }

    /// Sum of all balances.
    pub fn supply(&self) -> i128 {
        self.supply
    }

    /// The bits that the next block must have.
    pub fn next_bits(&self) -> u32 {
        todo!()
    }

    /// The log after the tip.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}
