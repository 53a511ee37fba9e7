//! `blocklog pending`, `candidates`, `miners`: lists that the ledger keeps.

use proto::ledger::v1::{ListCandidatesRequest, ListMinersRequest, ListPendingRequest};

use crate::connect::Connect;
use crate::exit::Outcome;
use crate::format::{movement, number, position, short, time};
use crate::output::Printer;

/// Rows of a page.
const PAGE: u32 = 1000;

/// Records that no block has consumed yet.
pub async fn pending(partition: u32, limit: u32, connect: &Connect, printer: Printer) -> Outcome {
    let mut client = connect.ledger()?;
    let mut rows = Vec::new();
    let mut request = ListPendingRequest {
        partition: Some(partition),
        page_size: limit.min(PAGE),
        ..Default::default()
    };
    loop {
        let reply = client.list_pending(request.clone()).await?.into_inner();
        rows.extend(reply.records);
        if rows.len() >= limit as usize || reply.next_page_token.is_empty() {
            break;
        }
        request.page_token = reply.next_page_token;
    }
    rows.truncate(limit as usize);
    Ok(printer.table(
        &rows,
        &["record", "ahead", "appended", "transaction", "id"],
        |record| {
            let transaction = record.transaction.clone().unwrap_or_default();
            vec![
                position(record.position.as_ref()),
                number(record.queue_ahead),
                time(record.append_time.as_ref()),
                if record.transaction.is_some() {
                    movement(&transaction)
                } else {
                    "no transaction".into()
                },
                transaction.id,
            ]
        },
    )?)
}

/// Candidates that did not become blocks.
pub async fn candidates(limit: u32, connect: &Connect, printer: Printer) -> Outcome {
    let mut client = connect.ledger()?;
    let mut rows = Vec::new();
    let mut request = ListCandidatesRequest {
        page_size: limit.min(PAGE),
        ..Default::default()
    };
    loop {
        let reply = client.list_candidates(request.clone()).await?.into_inner();
        rows.extend(reply.candidates);
        if rows.len() >= limit as usize || reply.next_page_token.is_empty() {
            break;
        }
        request.page_token = reply.next_page_token;
    }
    rows.truncate(limit as usize);
    Ok(printer.table(
        &rows,
        &[
            "offset",
            "reason",
            "height",
            "hash",
            "miner (claimed)",
            "appended",
        ],
        |candidate| {
            vec![
                number(candidate.topic_offset),
                candidate.reason.clone(),
                number(candidate.height),
                candidate.hash.clone(),
                short(&candidate.miner),
                time(candidate.append_time.as_ref()),
            ]
        },
    )?)
}

/// Who made the blocks.
pub async fn miners(connect: &Connect, printer: Printer) -> Outcome {
    let mut client = connect.ledger()?;
    let mut rows = Vec::new();
    let mut request = ListMinersRequest {
        page_size: PAGE,
        ..Default::default()
    };
    loop {
        let reply = client.list_miners(request.clone()).await?.into_inner();
        rows.extend(reply.miners);
        if reply.next_page_token.is_empty() {
            break;
        }
        request.page_token = reply.next_page_token;
    }
    Ok(printer.table(
        &rows,
        &[
            "account",
            "blocks",
            "rewards",
            "first height",
            "last height",
        ],
        |miner| {
            vec![
                miner.account.clone(),
                number(miner.blocks),
                number(miner.rewards),
                number(miner.first_height),
                number(miner.last_height),
            ]
        },
    )?)
}
