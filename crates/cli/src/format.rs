//! Formatting of single values for people.

use prost_types::Timestamp;
use proto::types::v1::{Position, Transaction};

/// A number that may be absent.
pub fn number<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A time in UTC with milliseconds.
pub fn time(value: Option<&Timestamp>) -> String {
    value
        .and_then(|time| jiff::Timestamp::new(time.seconds, time.nanos).ok())
        .map(|time| format!("{time:.3}"))
        .unwrap_or_default()
}

/// `partition:offset`, as commands accept it.
pub fn position(value: Option<&Position>) -> String {
    let Some(position) = value else {
        return String::new();
    };
    match (position.partition, position.offset) {
        (Some(partition), Some(offset)) => format!("{partition}:{offset}"),
        (Some(partition), None) => format!("{partition}:?"),
        _ => String::new(),
    }
}

/// Parses `P:O`.
pub fn parse_position(text: &str) -> Result<Position, String> {
    proto::text::position(text)
        .ok_or_else(|| format!("{text:?} is not PARTITION:OFFSET, such as 0:17"))
}

/// A transaction in words.
pub fn movement(transaction: &Transaction) -> String {
    let memo = if transaction.memo.is_empty() {
        String::new()
    } else {
        format!(" {:?}", transaction.memo)
    };
    if transaction.recipient.is_empty() {
        return format!("{} notes{memo}", short(&transaction.sender));
    }
    format!(
        "{} → {} {}{memo}",
        short(&transaction.sender),
        short(&transaction.recipient),
        number(transaction.amount)
    )
}

/// A key account, shortened to its beginning and end; names are unchanged.
pub fn short(account: &str) -> String {
    proto::text::short(account, 4)
}
