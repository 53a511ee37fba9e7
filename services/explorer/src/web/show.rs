//! Formatting of values on a page.

use prost_types::Timestamp;
use proto::ledger::v1::{Block, Record};
use proto::text::Named as _;
use proto::types::v1::Position;

/// A number, with a dash where it is unknown.
pub fn number<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// A time in UTC with milliseconds.
pub fn time(value: Option<&Timestamp>) -> String {
    value
        .and_then(|time| jiff::Timestamp::new(time.seconds, time.nanos).ok())
        .map_or_else(
            || "–".to_owned(),
            |time| time.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string(),
        )
}

/// A hash or a key by its beginning and end.
pub fn short(text: &str) -> String {
    proto::text::short(text, 6)
}

/// A row of a list of blocks.
#[derive(Debug)]
pub struct BlockRow {
    pub height: String,
    pub hash: String,
    pub time: String,
    pub partition: String,
    pub offsets: String,
    pub included: String,
    pub rejected: String,
    pub miner: String,
}

impl From<&Block> for BlockRow {
    fn from(block: &Block) -> Self {
        Self {
            height: number(block.height),
            hash: block.hash.clone(),
            time: time(block.timestamp.as_ref()),
            partition: number(block.partition),
            offsets: format!(
                "{} – {}",
                number(block.from_offset),
                number(block.to_offset)
            ),
            included: number(block.included),
            rejected: number(block.rejected),
            miner: block.miner.clone(),
        }
    }
}

/// A record: as a row of a list, or on a page of its own.
#[derive(Debug)]
pub struct RecordRow {
    pub place: String,
    pub path: String,
    pub verdict: &'static str,
    pub height: String,
    pub leaf: String,
    pub hash: String,
    pub appended: String,
    pub queue_ahead: String,
    pub transaction: Option<Movement>,
}

/// The fields of a transaction.
#[derive(Debug)]
pub struct Movement {
    pub id: String,
    pub sender: String,
    pub recipient: String,
    pub amount: String,
    pub nonce: String,
    pub memo: String,
    pub valid_until: String,
    pub signature: String,
}

impl From<&Record> for RecordRow {
    fn from(record: &Record) -> Self {
        let Position { partition, offset } = record.position.unwrap_or_default();
        Self {
            place: format!("{}:{}", number(partition), number(offset)),
            path: format!(
                "/records/{}/{}",
                partition.unwrap_or_default(),
                offset.unwrap_or_default()
            ),
            verdict: record.verdict().code(),
            height: record
                .height
                .map(|height| height.to_string())
                .unwrap_or_default(),
            leaf: number(record.leaf_index),
            hash: record.record_hash.clone(),
            appended: time(record.append_time.as_ref()),
            queue_ahead: record
                .queue_ahead
                .map(|ahead| ahead.to_string())
                .unwrap_or_default(),
            transaction: record.transaction.as_ref().map(|transaction| Movement {
                id: transaction.id.clone(),
                sender: transaction.sender.clone(),
                recipient: transaction.recipient.clone(),
                amount: number(transaction.amount),
                nonce: number(transaction.nonce),
                memo: transaction.memo.clone(),
                valid_until: transaction
                    .valid_until
                    .filter(|height| *height > 0)
                    .map(|height| height.to_string())
                    .unwrap_or_default(),
                signature: transaction.signature.clone(),
            }),
        }
    }
}
