//! Searches for a query by asking the ledger for everything that it could mean.

use chain::Account;
use proto::explorer::v1::Hit;
use proto::explorer::v1::hit::Kind;
use proto::ledger::v1::find_by_prefix_response::r#match::Match;
use proto::ledger::v1::{
    FindByPrefixRequest, GetAccountRequest, GetBlockRequest, GetRecordRequest,
    GetTransactionRequest, get_block_request::Id,
};
use proto::types::v1::Position;
use tonic::Status;

use crate::errors::found;
use crate::upstream::Upstream;

/// Shortest prefix of a hash or id that is searched, in hex digits.
const SHORTEST_PREFIX: usize = 8;
/// Default and upper limit of the number of hits.
const DEFAULT_LIMIT: u32 = 20;

/// All possible meanings of the query, the likeliest first.
pub async fn search(upstream: &Upstream, query: &str, limit: u32) -> Result<Vec<Hit>, Status> {
    let query = query.trim();
    let limit = if limit == 0 {
        DEFAULT_LIMIT
    } else {
        limit.min(DEFAULT_LIMIT)
    };
    let mut hits = Vec::new();
    if let Ok(height) = query.parse() {
        hits.extend(block(upstream, Id::Height(height)).await?);
    }
    if let Some(position) = proto::text::position(query) {
        hits.extend(record(upstream, position).await?);
    }
    if is_hex(query) {
        hits.extend(by_hex(upstream, &query.to_ascii_lowercase(), limit).await?);
    }
    if let Ok(account) = query.parse::<Account>() {
        hits.extend(self::account(upstream, account).await?);
    }
    hits.truncate(limit as usize);
    Ok(hits)
}

fn is_hex(text: &str) -> bool {
    (SHORTEST_PREFIX..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

async fn by_hex(upstream: &Upstream, hex: &str, limit: u32) -> Result<Vec<Hit>, Status> {
    if hex.len() < 64 {
        return by_prefix(upstream, hex, limit).await;
    }
    let mut hits: Vec<Hit> = transaction(upstream, hex).await?.into_iter().collect();
    hits.extend(block(upstream, Id::Hash(hex.to_owned())).await?);
    Ok(hits)
}

async fn by_prefix(upstream: &Upstream, prefix: &str, limit: u32) -> Result<Vec<Hit>, Status> {
    let request = FindByPrefixRequest {
        prefix: prefix.to_owned(),
        page_size: limit,
    };
    let Some(reply) = found(upstream.ledger().find_by_prefix(request).await)? else {
        return Ok(Vec::new());
    };
    let matches = reply.matches.into_iter().filter_map(|found| found.r#match);
    Ok(matches
        .map(|found| match found {
            Match::TransactionId(id) => hit(
                Kind::Transaction,
                &id,
                format!("Transaction {id}"),
                format!("/transactions/{id}"),
            ),
            Match::BlockHash(hash) => hit(
                Kind::Block,
                &hash,
                format!("Block {hash}"),
                format!("/blocks/{hash}"),
            ),
            Match::CandidateHash(hash) => hit(
                Kind::Candidate,
                &hash,
                format!("Candidate {hash}"),
                format!("/search?q={hash}"),
            ),
        })
        .collect())
}

async fn block(upstream: &Upstream, id: Id) -> Result<Option<Hit>, Status> {
    let request = GetBlockRequest {
        id: Some(id),
        with_records: false,
        with_raw: false,
    };
    let reply = found(upstream.ledger().get_block(request).await)?;
    Ok(reply.and_then(|reply| reply.block).map(|block| {
        let height = block.height.unwrap_or_default().to_string();
        hit(
            Kind::Block,
            &height,
            format!("Block {height} {}", block.hash),
            format!("/blocks/{height}"),
        )
    }))
}

async fn transaction(upstream: &Upstream, id: &str) -> Result<Option<Hit>, Status> {
    let reply = found(
        upstream
            .ledger()
            .get_transaction(GetTransactionRequest { id: id.to_owned() })
            .await,
    )?;
    Ok(reply.map(|_| {
        hit(
            Kind::Transaction,
            id,
            format!("Transaction {id}"),
            format!("/transactions/{id}"),
        )
    }))
}

async fn record(upstream: &Upstream, position: Position) -> Result<Option<Hit>, Status> {
    let (partition, offset) = (
        position.partition.unwrap_or_default(),
        position.offset.unwrap_or_default(),
    );
    let request = GetRecordRequest {
        position: Some(position),
        with_raw: false,
    };
    let reply = found(upstream.ledger().get_record(request).await)?;
    Ok(reply.map(|_| {
        let key = format!("{partition}:{offset}");
        hit(
            Kind::Record,
            &key,
            format!("Record {key}"),
            format!("/records/{partition}/{offset}"),
        )
    }))
}

async fn account(upstream: &Upstream, account: Account) -> Result<Option<Hit>, Status> {
    let request = GetAccountRequest {
        account: account.to_string(),
        at_height: None,
    };
    let reply = found(upstream.ledger().get_account(request).await)?;
    Ok(reply.map(|_| {
        let key = account.to_string();
        hit(
            Kind::Account,
            &key,
            format!("Account {key}"),
            format!("/accounts/{key}"),
        )
    }))
}

fn hit(kind: Kind, key: &str, title: String, path: String) -> Hit {
    Hit {
        kind: kind.into(),
        key: key.to_owned(),
        title,
        path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_needs_eight_digits() {
        assert!(is_hex("00ABcdef"));
        assert!(!is_hex("00abcde") && !is_hex("00abcdeg"));
    }
}
