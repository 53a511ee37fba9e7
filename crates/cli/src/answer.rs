//! Checks of replies against requests: a reply about something else, or one that contradicts itself, is not shown. A requested hash
//! binds its preimage; everything else is taken from the service on trust.

use chain::{Account, Hash, Header, Transaction, header, work};
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::transaction_status::State;
use proto::ledger::v1::{self as ledger, Block, Record, TransactionStatus};
use proto::types::v1::{self as types, Position, Verdict};

use crate::exit::{Exit, Failure, Outcome};

/// The failure for a reply that does not match the request, or cannot be true.
pub fn falsified(problem: impl std::fmt::Display) -> Failure {
    let message = format!("the answer cannot be believed: {problem}");
    Failure::new(Exit::DoesNotVerify, message).reason("FALSE_ANSWER")
}

/// A required part of a reply.
pub fn part<T>(name: &str, part: Option<T>) -> Outcome<T> {
    part.ok_or_else(|| falsified(format!("the answer comes without its {name}")))
}

/// A hash or an id in a reply.
pub fn hash(field: &str, text: &str) -> Outcome<Hash> {
    text.parse()
        .map_err(|_| falsified(format!("{field} in the answer is not 64 hex digits")))
}

/// A header in a reply, which must have the work that it claims.
pub fn header(text: &str) -> Outcome<Header> {
    let bytes: Option<[u8; header::BYTES]> = hex::decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let header = bytes.map(|bytes| Header::from_bytes(&bytes));
    let header = header.ok_or_else(|| falsified("the header is not 156 bytes in hex"))?;
    // Block 0 is fixed by the genesis, and needs no work.
    if header.height > 0 && !work::meets(&header.hash(), header.bits) {
        return Err(falsified(format!(
            "the header of block {} has no work behind it",
            header.height
        )));
    }
    Ok(header)
}

/// The header of a block, which must match the fields beside it.
pub fn block(block: &Block) -> Outcome<Header> {
    let header = header(&block.header)?;
    let own = proto::wire::block(&header, &header.to_bytes(), &header.hash(), &[]);
    // A name and a key of that name padded with zeros have the same header.
    let miner = match block.miner.parse::<Account>() {
        Ok(miner) => Some(miner.padded()),
        Err(_) if block.miner.is_empty() => None,
        Err(_) => return Err(falsified("the miner of a block is no account")),
    };
    let same = (&own.hash, own.height, &own.previous_hash)
        == (&block.hash, block.height, &block.previous_hash)
        && (&own.log_root, own.log_size, &own.timestamp)
            == (&block.log_root, block.log_size, &block.timestamp)
        && (own.partition, own.from_offset, own.to_offset)
            == (block.partition, block.from_offset, block.to_offset)
        && (&own.bits, own.nonce) == (&block.bits, block.nonce)
        && miner == header.miner.map(|miner| miner.padded());
    if same {
        Ok(header)
    } else {
        Err(falsified(format!(
            "the fields of block {} are not those of its header",
            header.height
        )))
    }
}

/// The header of the requested block; without an id, of any.
pub fn asked_block(found: Option<&Block>, id: Option<&Id>) -> Outcome<Header> {
    let found = part("block", found)?;
    let header = block(found)?;
    match id {
        Some(Id::Height(height)) if *height != header.height => Err(falsified(format!(
            "block {height} was asked for, and the answer is block {}",
            header.height
        ))),
        Some(Id::Hash(hash)) if !header.hash().to_string().eq_ignore_ascii_case(hash) => {
            Err(falsified(format!(
                "block {hash} was asked for, and the answer is block {}",
                header.hash()
            )))
        }
        _ => {
            for record in &found.records {
                within(record, &header)?;
            }
            Ok(header)
        }
    }
}

/// Checks that a record is in the slice of its block.
fn within(record: &Record, header: &Header) -> Outcome {
    let slice = header.from_offset..header.to_offset;
    let inside = record.position.as_ref().is_some_and(|position| {
        position.partition == Some(header.partition)
            && position
                .offset
                .is_some_and(|offset| slice.contains(&offset))
    });
    if inside {
        Ok(())
    } else {
        Err(falsified(format!(
            "a record of block {} does not lie in its slice",
            header.height
        )))
    }
}

/// The record at a position; its hash and decoded content must match its bytes, if the reply has them.
pub fn record<'a>(found: Option<&'a Record>, position: &Position) -> Outcome<&'a Record> {
    let found = part("record", found)?;
    if found.position.as_ref() != Some(position) {
        return Err(falsified(
            "the answer is about another record than the one that was asked for",
        ));
    }
    if found.raw.is_empty() {
        return Ok(found);
    }
    if Hash::of(&found.raw).to_string() != found.record_hash {
        return Err(falsified(
            "the record does not have the hash that is given for it",
        ));
    }
    let held = Transaction::decode(&found.raw).ok();
    let shown = found.transaction.as_ref();
    let same = match (&held, shown) {
        (Some(held), Some(shown)) => {
            types::Transaction {
                id: shown.id.clone(),
                ..proto::wire::from_transaction(held, None)
            } == *shown
        }
        (held, shown) => held.is_none() && shown.is_none(),
    };
    if same {
        Ok(found)
    } else {
        Err(falsified(
            "the transaction beside the record is not the one in it",
        ))
    }
}

/// True if a transaction has that id on the claimed chain: no other chain and transaction have it.
fn has_id(shown: Option<&types::Transaction>, id: &Hash, chain_id: &Hash) -> bool {
    shown
        .and_then(|shown| proto::wire::to_transaction(shown).ok())
        .is_some_and(|transaction| transaction.id(chain_id) == Some(*id))
        && shown.is_some_and(|shown| shown.id == id.to_string())
}

/// Checks that a status is about that id, and that verdict, record and block are consistent.
pub fn status(found: &TransactionStatus, id: &Hash, chain_id: &Hash) -> Outcome {
    let other = |what: &str| Err(falsified(format!("{what} of transaction {id}")));
    if hash("the id", &found.id)? != *id {
        return other("the answer is about another one, instead");
    }
    let (record, state) = (found.record.as_ref(), found.state());
    let verdict = record.map_or(Verdict::Unspecified, Record::verdict);
    let transaction = record.and_then(|record| record.transaction.as_ref());
    let fits = match state {
        State::Included => verdict == Verdict::Included && has_id(transaction, id, chain_id),
        State::Rejected => {
            let unjudged = [
                Verdict::Unspecified,
                Verdict::Included,
                Verdict::Void,
                Verdict::Pending,
            ];
            !unjudged.contains(&verdict) && has_id(transaction, id, chain_id)
        }
        State::Pending => transaction.is_none() || has_id(transaction, id, chain_id),
        // Anything may have taken its place.
        State::Omitted => verdict != Verdict::Pending,
        State::Unknown => record.is_none(),
        State::Unspecified => false,
    };
    if !fits {
        return other("the record does not fit the state");
    }
    let Some(found) = &found.block else {
        return Ok(());
    };
    let header = block(found)?;
    match record {
        Some(record) if record.height == Some(header.height) => within(record, &header),
        _ => other("the block does not fit the record"),
    }
}

/// Checks that the reply is about the requested account, at a sufficient height.
pub fn account(
    reply: &ledger::GetAccountResponse,
    asked: Option<&Account>,
    at_height: Option<u64>,
) -> Outcome {
    let found = part("account", reply.account.as_ref())?;
    let tip = part("tip", reply.tip.as_ref())?.height;
    if asked.map(ToString::to_string).as_ref() != Some(&found.account) {
        return Err(falsified(
            "the answer is about another account than the one that was asked for",
        ));
    }
    if at_height > tip {
        return Err(falsified(
            "the answer is from below the height that was asked for",
        ));
    }
    Ok(())
}
