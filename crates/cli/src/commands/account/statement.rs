//! `blocklog account statement`: the history of an account, from the ledger's list or from proofs.

use chain::leaf::{Entry, Leaf};
use chain::proof::Proven;
use chain::{Account, Hash};
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::{
    AccountEntry, GetAccountRequest, GetInclusionProofRequest, ListAccountEntriesRequest,
};
use proto::text::Named as _;
use serde_json::json;

use crate::answer;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{movement, number, time};
use crate::inclusion;
use crate::output::Printer;
use crate::run::Run;
use crate::session::{ALL, Session};

/// The history, oldest first
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog account statement alice\n  blocklog account statement alice --prove --tip 0000ab…"
)]
pub struct Statement {
    /// `bl1…` or a name
    account: String,
    /// Check an inclusion proof of every entry: the history is complete up to the newest one shown
    #[arg(long)]
    prove: bool,
    /// Block hash that you trust [default: the ledger's tip]
    #[arg(long, value_name = "HASH", requires = "prove")]
    tip: Option<Hash>,
}

impl Run for Statement {
    async fn run(self, session: &Session) -> Outcome {
        if self.prove {
            proven(&self.account, self.tip, session).await
        } else {
            listed(self.account, session).await
        }
    }
}

/// Prints the entries from the ledger's list, oldest first.
async fn listed(account: String, session: &Session) -> Outcome {
    let request = ListAccountEntriesRequest {
        account,
        oldest_first: true,
        ..Default::default()
    };
    let entries = session.rows(request, ALL, |_| Ok(())).await?;
    let header = [
        "no.",
        "time",
        "height",
        "kind",
        "change",
        "balance",
        "transaction",
    ];
    Ok(session.printer.table(&entries, &header, row)?)
}

fn row(entry: &AccountEntry) -> Vec<String> {
    let transaction = entry
        .record
        .as_ref()
        .and_then(|record| record.transaction.as_ref());
    vec![
        number(entry.sequence),
        time(entry.timestamp.as_ref()),
        number(entry.height),
        entry.kind().words(),
        number(entry.change),
        number(entry.balance),
        transaction.map(movement).unwrap_or_default(),
    ]
}

/// Follows the entries back, each by an inclusion proof against one block hash. Complete up to the newest entry that the ledger
/// reports; a later one is not ruled out.
async fn proven(account: &str, tip: Option<Hash>, session: &Session) -> Outcome {
    let account = proto::wire::account("account", account)?;
    let header = session
        .header(tip.map(|tip| Id::Hash(tip.to_string())))
        .await?;
    let (height, hash) = (header.height, header.hash());
    let request = GetAccountRequest {
        account: account.to_string(),
        at_height: Some(height),
    };
    let reply = session.ledger()?.get_account(request).await?.into_inner();
    answer::account(&reply, Some(&account), Some(height))?;
    let state = reply.account.unwrap_or_default();
    let mut next = state.last_leaf_index;
    let mut newer: Option<Entry> = None;
    let mut lines = Vec::new();
    while let Some(leaf_index) = next {
        let shown = fetch(leaf_index, height, &hash, session).await?;
        let entry = entry_of(&shown.leaf, &account, &shown)
            .ok_or_else(|| broken(leaf_index, "holds no entry of this account"))?;
        if newer.is_some_and(|newer| newer.sequence != entry.sequence + 1) {
            return Err(broken(
                leaf_index,
                "does not carry the sequence number before the next entry's",
            ));
        }
        lines.push((leaf_index, entry, what(&shown)));
        next = entry.previous;
        newer = Some(entry);
    }
    if newer.is_some_and(|first| first.sequence != 1) {
        return Err(broken(
            lines.last().map_or(0, |line| line.0),
            "is the first entry but its sequence number is not 1",
        ));
    }
    lines.reverse();
    let against = if tip.is_some() {
        format!("block {height} {hash}")
    } else {
        format!("block {height} {hash}, a header that the ledger itself gave: pin one with --tip")
    };
    print(&account, (height, &hash, against), &lines, session.printer)
}

fn broken(leaf_index: u64, problem: &str) -> Failure {
    Failure::new(
        Exit::DoesNotVerify,
        format!("leaf {leaf_index} {problem}: the ledger lies, or its index is damaged"),
    )
    .reason("BROKEN")
}

async fn fetch(leaf_index: u64, height: u64, tip: &Hash, session: &Session) -> Outcome<Proven> {
    let request = GetInclusionProofRequest {
        subject: Some(Subject::LeafIndex(leaf_index)),
        at_height: Some(height),
    };
    let reply = session
        .proofs()?
        .get_inclusion_proof(request)
        .await?
        .into_inner();
    let proof = inclusion::translate(&reply.proof.unwrap_or_default())?;
    if proof.leaf_index != leaf_index {
        return Err(broken(
            leaf_index,
            "was asked for and another one was proven",
        ));
    }
    Ok(proof.verify(tip)?)
}

/// The account's entry in a leaf.
fn entry_of(leaf: &Leaf, account: &Account, shown: &Proven) -> Option<Entry> {
    match leaf {
        Leaf::Allocation {
            account: owner,
            entry,
            ..
        } if owner == account => Some(*entry),
        Leaf::Block { miner, entry, .. } if miner == account => *entry,
        Leaf::Record {
            sender, recipient, ..
        } => {
            let transaction = shown.transaction.as_ref()?;
            match (
                transaction.sender_account(),
                transaction.recipient_account(),
            ) {
                (Some(from), _) if from == *account => *sender,
                (_, Some(to)) if to == *account => *recipient,
                _ => None,
            }
        }
        _ => None,
    }
}

fn what(shown: &Proven) -> String {
    match (&shown.leaf, &shown.transaction) {
        (Leaf::Allocation { amount, .. }, _) => format!("allocation of {amount} by genesis"),
        (Leaf::Block { height, paid, .. }, _) => format!("reward of {paid} for block {height}"),
        (
            Leaf::Record {
                height,
                partition,
                offset,
                ..
            },
            Some(transaction),
        ) => {
            let wire = proto::wire::from_transaction(transaction, None);
            format!(
                "{}, record {partition}:{offset} in block {height}",
                movement(&wire)
            )
        }
        _ => String::new(),
    }
}

fn print(
    account: &Account,
    (height, tip, against): (u64, &Hash, String),
    lines: &[(u64, Entry, String)],
    printer: Printer,
) -> Outcome {
    let value = json!({
        "account": account.to_string(), "height": height, "tip": tip.to_string(),
        "entries": lines.iter().map(|(leaf, entry, what)| json!({
            "sequence": entry.sequence, "leafIndex": leaf, "balance": entry.balance, "what": what,
        })).collect::<Vec<_>>(),
        "notProven": "that there is no later entry",
    });
    let mut rows = vec![("account", account.to_string())];
    rows.extend(lines.iter().map(|(leaf, entry, what)| {
        (
            "proven",
            format!(
                "{:>6}  balance {:>12}  leaf {leaf}: {what}",
                entry.sequence, entry.balance
            ),
        )
    }));
    rows.push(("against", against));
    rows.push(("not proven", "that there is no later entry".to_owned()));
    Ok(printer.value(&value, rows)?)
}
