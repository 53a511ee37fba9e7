//! ListMiners: all miners that won, the most successful first.
//!
//! Miners keep winning while a client turns the pages. All pages have the order as of the first one, so that no miner is
//! repeated or left out; the figures in a row are those of the reply's own tip.

use std::cmp::Reverse;

use chain::Account;
use proto::ledger::v1::{ListMinersRequest, ListMinersResponse};

use super::encode;
use super::page::Page;
use crate::index::View;
use crate::model::answer::Miner;
use crate::problem::{Invalid, Problem};

/// Start of a page: height of the order, then blocks and account of the previous row.
struct Position {
    height: u64,
    after: Option<(u64, Account)>,
}

pub fn handle(view: &View, mut request: ListMinersRequest) -> Result<ListMinersResponse, Problem> {
    let page = Page::of(view, &mut request)?;
    let position = match page.position() {
        None => Position {
            height: view.tip().height(),
            after: None,
        },
        Some(bytes) => decode(bytes)
            .filter(|position| position.height <= view.tip().height())
            .ok_or(Invalid::PageToken)?,
    };
    let ranked = ranked(view, position.height)?;
    let begin = position.after.map_or(0, |(blocks, account)| {
        ranked.partition_point(|(then, miner)| {
            (Reverse(*then), miner.account) <= (Reverse(blocks), account)
        })
    });
    let end = ranked.len().min(begin + page.limit);
    let rows = &ranked[begin..end];
    let last = rows.last().filter(|_| end < ranked.len());
    let next = last.map(|(blocks, miner)| encode(position.height, *blocks, &miner.account));
    Ok(ListMinersResponse {
        miners: rows.iter().map(|(_, miner)| encode::miner(miner)).collect(),
        next_page_token: page.token(next.as_deref()),
        tip: encode::tip(view),
    })
}

/// The miners that had won by a height, ordered by the blocks that they had won then, with that number.
fn ranked(view: &View, height: u64) -> Result<Vec<(u64, Miner)>, Problem> {
    let since = height + 1..view.tip().height() + 1;
    let mut ranked = Vec::new();
    for miner in view.miners()? {
        if miner.first_height > height {
            continue;
        }
        let later = match miner.last_height > height {
            true => view.blocks_of(&miner.account, since.clone(), false, usize::MAX)?,
            false => Vec::new(),
        };
        ranked.push((miner.blocks - later.len() as u64, miner));
    }
    ranked.sort_by_key(|(blocks, miner)| (Reverse(*blocks), miner.account));
    Ok(ranked)
}

fn encode(height: u64, blocks: u64, account: &Account) -> Vec<u8> {
    [
        &height.to_be_bytes(),
        &blocks.to_be_bytes(),
        account.as_bytes(),
    ]
    .concat()
}

fn decode(bytes: &[u8]) -> Option<Position> {
    let (height, rest) = bytes.split_first_chunk()?;
    let (blocks, account) = rest.split_first_chunk()?;
    let account = Account::from_bytes(account).ok()?;
    Some(Position {
        height: u64::from_be_bytes(*height),
        after: Some((u64::from_be_bytes(*blocks), account)),
    })
}
