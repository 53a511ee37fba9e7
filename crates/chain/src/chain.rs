//! The chain: a fold over the blocks that it accepts.

mod admit;
mod apply;
pub mod assemble;
mod snapshot;
mod start;

use std::sync::Arc;

use crate::account::{self, Account};
use crate::accounts::Accounts;
use crate::genesis::Rules;
use crate::hash::Hash;
use crate::header::{self, Header};
use crate::log::Frontier;
use crate::work;

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
    accounts: Accounts,
    frontier: Frontier,
    supply: i128,
}

/// The last accepted block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The 156 hashed bytes, decoded.
    pub header: Header,
    /// Hash of the header, computed once.
    pub hash: Hash,
}

impl Tip {
    /// Height of the block.
    pub fn height(&self) -> u64 {
        self.header.height
    }
}

impl From<Header> for Tip {
    fn from(header: Header) -> Tip {
        Tip {
            hash: header.hash(),
            header,
        }
    }
}

impl Chain {
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

    /// True if `account` may mine the next block.
    pub fn may_mine(&self, account: &Account) -> bool {
        (self.miners.is_empty() || self.miners.contains(account))
            && (account.is_key() || self.rules.genesis.open)
    }

    /// The version that the next block must have.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// True if the chain has moved to a version that this software does not know.
    pub fn is_stopped(&self) -> bool {
        self.version != header::VERSION
    }

    /// The state of an account, if any block has changed it.
    pub fn account(&self, account: &Account) -> Option<account::State> {
        let (_, state) = self.account_by_number(self.number(account)?)?;
        Some(state)
    }

    /// The number of an account: accounts are numbered from 0 in the order of their first change.
    pub fn number(&self, account: &Account) -> Option<u32> {
        self.accounts.number(account)
    }

    /// The account with this number.
    pub fn account_by_number(&self, number: u32) -> Option<(Account, account::State)> {
        self.accounts.get(number)
    }

    /// Number of accounts that any block has changed.
    pub fn accounts(&self) -> u32 {
        self.accounts.count()
    }

    /// Sum of all balances.
    pub fn supply(&self) -> i128 {
        self.supply
    }

    /// The bits that the next block must have.
    pub fn next_bits(&self) -> u32 {
        work::next_bits(
            &self.rules.genesis,
            self.tip.height() + 1,
            self.tip.header.bits,
            self.tip.header.timestamp_ms - self.parent_timestamp_ms,
        )
    }

    /// The log after the tip.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}
