//! How single values look to people.

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

/// `partition:offset`, as commands take it.
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

/// `P:O` as a position.
pub fn parse_position(text: &str) -> Result<Position, String> {
    let wrong = || format!("{text:?} is not PARTITION:OFFSET, such as 0:17");
    let (partition, offset) = text.split_once(':').ok_or_else(wrong)?;
    Ok(Position {
        partition: Some(partition.parse().map_err(|_| wrong())?),
        offset: Some(offset.parse().map_err(|_| wrong())?),
    })
}

/// What a transaction does, in words.
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

/// A key account by its beginning and end; names as they are.
pub fn short(account: &str) -> String {
    // Characters, not bytes: what a service calls an account may be anything.
    let length = account.chars().count();
    if length < 32 {
        return account.to_owned();
    }
    let begin: String = account.chars().take(10).collect();
    let end: String = account.chars().skip(length - 4).collect();
    format!("{begin}…{end}")
}

/// The name of an enum value without its prefix: `STATE_INCLUDED` is `INCLUDED`.
pub fn plain(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_any_characters_are_shortened() {
        assert_eq!(short("alice"), "alice");
        let long = format!("a{}", "é".repeat(40));
        assert_eq!(short(&long), "aééééééééé…éééé");
        let key = "bl1rx25dqu6guz5q0p8t2af32e0mnerm55dgs3q9e006svuv9d66hrsu87s9m";
        assert_eq!(short(key), "bl1rx25dqu…7s9m");
    }
}
