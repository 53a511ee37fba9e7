//! `blocklog account statement`: the history of an account, as the ledger tells it or as its proofs show it.

use chain::leaf::{Entry, Leaf};
use chain::proof::Proven;
use chain::{Account, Hash};
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::{
    AccountEntry, GetAccountRequest, GetBlockRequest, GetInclusionProofRequest,
    ListAccountEntriesRequest,
};
use serde_json::json;

use crate::answer;
use crate::commands::proof;
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::format::{movement, number, plain, time};
use crate::output::Printer;

/// Rows of a page.
const PAGE: u32 = 1000;

/// What the ledger says, oldest first.
pub async fn told(account: String, connect: &Connect, printer: Printer) -> Outcome {
    let mut client = connect.ledger()?;
    let mut entries = Vec::new();
    let mut request = ListAccountEntriesRequest {
        account,
        oldest_first: true,
        page_size: PAGE,
        ..Default::default()
    };
    loop {
        let reply = client
            .list_account_entries(request.clone())
            .await?
            .into_inner();
        entries.extend(reply.entries);
        if reply.next_page_token.is_empty() {
            break;
        }
        request.page_token = reply.next_page_token;
    }
    Ok(printer.table(
        &entries,
        &[
            "no.",
            "time",
            "height",
            "kind",
            "change",
            "balance",
            "transaction",
        ],
        row,
    )?)
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
        plain(entry.kind().as_str_name(), "KIND_").to_lowercase(),
        number(entry.change),
        number(entry.balance),
        transaction.map(movement).unwrap_or_default(),
    ]
}

/// Follows the entries back, each shown by an inclusion proof against one block hash. Complete up to the newest entry that
/// the ledger names; that there is no later one is not proven.
pub async fn proven(
    account: &str,
    tip: Option<Hash>,
    connect: &Connect,
    printer: Printer,
) -> Outcome {
    let account = proto::wire::account("account", account)?;
    let id = tip.map(|tip| Id::Hash(tip.to_string()));
    let request = GetBlockRequest {
        id: id.clone(),
        ..Default::default()
    };
    let reply = connect.ledger()?.get_block(request).await?.into_inner();
    let header = answer::asked_block(reply.block.as_ref(), id.as_ref())?;
    let (height, hash) = (header.height, header.hash());
    let request = GetAccountRequest {
        account: account.to_string(),
        at_height: Some(height),
    };
    let reply = connect.ledger()?.get_account(request).await?.into_inner();
    answer::account(&reply, Some(&account), Some(height))?;
    let state = reply.account.unwrap_or_default();
    let mut next = state.last_leaf_index;
    let mut newer: Option<Entry> = None;
    let mut lines = Vec::new();
    while let Some(leaf_index) = next {
        let shown = fetch(leaf_index, height, &hash, connect).await?;
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
    print(&account, (height, &hash, against), &lines, printer)
}

fn broken(leaf_index: u64, problem: &str) -> Failure {
    Failure::new(
        Exit::DoesNotVerify,
        format!("leaf {leaf_index} {problem}: the ledger lies, or its index is damaged"),
    )
    .reason("BROKEN")
}

async fn fetch(leaf_index: u64, height: u64, tip: &Hash, connect: &Connect) -> Outcome<Proven> {
    let request = GetInclusionProofRequest {
        subject: Some(Subject::LeafIndex(leaf_index)),
        at_height: Some(height),
    };
    let reply = connect
        .proofs()?
        .get_inclusion_proof(request)
        .await?
        .into_inner();
    let proof = proof::translate(&reply.proof.unwrap_or_default())?;
    if proof.leaf_index != leaf_index {
        return Err(broken(
            leaf_index,
            "was asked for and another one was proven",
        ));
    }
    proof.verify(tip).map_err(proof::failure)
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
            let wire = proto::wire::from_transaction(transaction, &Hash::ZERO);
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
