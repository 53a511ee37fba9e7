//! Orders of the admin: memos that change the list of miners, or the version.

use crate::account::Account;
use crate::genesis::Genesis;
use crate::record::{Record, Transfer};
use crate::transaction::Transaction;

/// A change that the admin orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    AddMiner(Account),
    RemoveMiner(Account),
    Version(u32),
}

impl Order {
    /// The order in a memo, if the memo matches to the letter.
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

    /// Executes the order, if it changes anything and leaves at least one miner.
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "bl1j97v8acqw49knpwqtp3wr73uud25hrjs3puk8ktqlf65uazndx7se56mnq";

    #[test]
    fn an_order_is_one_to_the_letter() {
        let key: Account = KEY.parse().unwrap();
        let order = |memo: &str| Order::parse(&memo.replace("KEY", KEY));
        assert_eq!(order("miner+ KEY"), Some(Order::AddMiner(key)));
        assert_eq!(order("miner- KEY"), Some(Order::RemoveMiner(key)));
        assert_eq!(order("version 2"), Some(Order::Version(2)));
        assert_eq!(order("version 4294967295"), Some(Order::Version(u32::MAX)));
        let memos = [
            "",
            "miner+",
            "miner+ ",
            "miner+  KEY",
            "miner+ KEY ",
            " miner+ KEY",
            "miner+KEY",
            "Miner+ KEY",
            "miner+ alice",
            "version",
            "version ",
            "version +2",
            "version 02",
            "version 0",
            "version 2 ",
            "version 4294967296",
            "version 2a",
            "version ٢",
        ];
        for memo in memos {
            assert_eq!(order(memo), None, "{memo:?}");
        }
        assert_eq!(
            Order::parse(&format!("miner+ {}", KEY.to_uppercase())),
            None
        );
    }

    #[test]
    fn orders_act_one_after_the_other_and_leave_somebody_to_mine() {
        let [a, b] = [1, 2].map(|byte| Account::from_key([byte; 32]));
        let (mut miners, mut version) = (Vec::new(), 1);
        let mut act = |order: Order| {
            order.act(&mut miners, &mut version);
            (miners.clone(), version)
        };
        assert_eq!(act(Order::RemoveMiner(a)), (vec![], 1));
        assert_eq!(act(Order::AddMiner(a)), (vec![a], 1));
        assert_eq!(act(Order::AddMiner(a)), (vec![a], 1));
        assert_eq!(act(Order::RemoveMiner(a)), (vec![a], 1));
        assert_eq!(act(Order::AddMiner(b)), (vec![a, b], 1));
        assert_eq!(act(Order::RemoveMiner(a)), (vec![b], 1));
        assert_eq!(act(Order::Version(3)), (vec![b], 3));
        assert_eq!(act(Order::Version(2)), (vec![b], 3));
    }
}
