//! The statement that a proof proves, and the one that it does not, in one line each.

use chain::leaf::{Entry, Leaf};
use chain::proof::Proven;
use chain::{Transaction, Verdict};

/// The proven statement.
pub fn proven(proven: &Proven) -> String {
    let leaf = proven.leaf_index;
    match &proven.leaf {
        Leaf::Genesis { record_hash } => {
            format!("leaf {leaf} is the genesis, record {record_hash}")
        }
        Leaf::Allocation {
            account,
            amount,
            entry,
        } => {
            format!(
                "leaf {leaf}: genesis allocated {amount} to {account}; {}",
                balance(entry)
            )
        }
        Leaf::Block {
            height,
            miner,
            paid,
            entry,
            ..
        } => {
            let after = entry
                .as_ref()
                .map(|entry| format!("; {}", balance(entry)))
                .unwrap_or_default();
            format!("leaf {leaf}: block {height} paid {paid} to its miner {miner}{after}")
        }
        Leaf::Void {
            height,
            partition,
            from_offset,
            to_offset,
        } => {
            format!(
                "leaf {leaf}: block {height} sealed offsets {from_offset} to {to_offset} (exclusive) of partition {partition} as holding no record"
            )
        }
        Leaf::Record {
            height,
            partition,
            offset,
            record_hash,
            verdict,
            sender,
            recipient,
        } => {
            let place = format!(
                "leaf {leaf}: record {partition}:{offset} ({record_hash}) is in block {height} with verdict {}",
                verdict.code()
            );
            let what = proven
                .transaction
                .as_ref()
                .map(movement)
                .unwrap_or_default();
            let sender = sender
                .as_ref()
                .map(|entry| format!("; sender {}", balance(entry)))
                .unwrap_or_default();
            let recipient = recipient
                .as_ref()
                .map(|entry| format!("; recipient {}", balance(entry)))
                .unwrap_or_default();
            format!("{place}{what}{sender}{recipient}")
        }
    }
}

/// The statement that is not proven.
pub fn not_proven(proven: &Proven) -> String {
    match &proven.leaf {
        Leaf::Record { verdict: Verdict::TooLarge, .. } => {
            "that the record was too large: any record of at most 1024 bytes with this hash is proof of the contrary".into()
        }
        Leaf::Void { .. } => "that the topic holds no record there: the audit checks it".into(),
        Leaf::Record { sender: None, recipient: None, .. } => "that another copy was not included elsewhere".into(),
        Leaf::Genesis { .. } => "which chain you mean: compare the chain id".into(),
        _ => "that no later entry changes these balances".into(),
    }
}

fn balance(entry: &Entry) -> String {
    format!("balance {} after entry {}", entry.balance, entry.sequence)
}

fn movement(transaction: &Transaction) -> String {
    let text = |account: Option<chain::Account>| {
        account.map_or_else(|| "nobody".to_owned(), |account| account.to_string())
    };
    format!(
        ": {} → {} {}, nonce {}, memo {:?}",
        text(transaction.sender_account()),
        text(transaction.recipient_account()),
        transaction.amount,
        transaction.nonce,
        transaction.memo
    )
}
