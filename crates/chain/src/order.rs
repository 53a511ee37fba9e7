//! Orders of the admin: memos that change who may mine, and the version.

use crate::account::Account;
use crate::genesis::Genesis;
use crate::record::{Record, Transfer};
use crate::transaction::Transaction;

/// What an order asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    AddMiner(Account),
    RemoveMiner(Account),
    Version(u32),
}

impl Order {
    /// The order in a memo, if it is one to the letter.
    pub(crate) fn parse(memo: &str) -> Option<Order> {
        let key = |text: &str| text.parse().ok().filter(Account::is_key);
        if let Some(text) = memo.strip_prefix("miner+ ") {
            key(text).map(Order::AddMiner)
        } else if let Some(text) = memo.strip_prefix("miner- ") {
            key(text).map(Order::RemoveMiner)
        } else {
            version(memo.strip_prefix("version ")?).map(Order::Version)
        }
    }

    /// The order in an INCLUDED record.
    pub(crate) fn of(record: &Record, transfer: &Transfer, genesis: &Genesis) -> Option<Order> {
        if genesis.admin != Some(transfer.sender) || transfer.recipient.is_some() {
            return None;
        }
        let transaction = Transaction::decode(record.bytes()).ok()?;
        Order::parse(&transaction.memo)
    }

    /// Carries the order out, if it changes anything and leaves somebody to mine.
    pub(crate) fn act(self, miners: &mut Vec<Account>, present: &mut u32) {
        match self {
            Order::AddMiner(miner) if !miners.contains(&miner) => miners.push(miner),
            Order::RemoveMiner(miner) if miners.len() > 1 => miners.retain(|other| *other != miner),
            Order::Version(version) if version > *present => *present = version,
            _ => {}
        }
    }
}

/// Digits without sign or leading zero, below 2^32.
fn version(text: &str) -> Option<u32> {
    if text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
