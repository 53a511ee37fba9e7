//! The genesis file: JSON with the fields of [`Genesis`], accounts as text, bits as 8 hex digits.
//!
//! An absent field is 0, false or empty, as in the record, never a tool's default: the same
//! file means the same chain for ever. An unknown field is an error.

use serde::{Deserialize, Serialize};

use super::{Allocation, Fault, Genesis};
use crate::account::Account;

/// The reason why a text is no genesis file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON of that shape.
    #[error("not a genesis file: {0}")]
    Shape(String),
    /// `bits` is not 8 hex digits.
    #[error("not a genesis file: bits must be 8 hex digits such as \"1f00ffff\", found {0:?}")]
    Bits(String),
    /// A parameter breaks a rule of the genesis.
    #[error("{}: {fault}", fault.code())]
    Fault {
        /// The first rule that fails.
        #[from]
        fault: Fault,
    },
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    name: String,
    timestamp_ms: u64,
    open: bool,
    partitions: u32,
    reward: u64,
    bits: String,
    target_block_ms: u64,
    max_block_records: u32,
    max_block_bytes: u32,
    allocations: Vec<Allocation>,
    miners: Vec<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<Account>,
}

/// Reads and validates a genesis file.
pub fn from_json(text: &str) -> Result<Genesis, Error> {
    let file: File = serde_json::from_str(text).map_err(|error| Error::Shape(error.to_string()))?;
    let genesis = Genesis {
        bits: bits(&file.bits)?,
        name: file.name,
        timestamp_ms: file.timestamp_ms,
        open: file.open,
        partitions: file.partitions,
        reward: file.reward,
        target_block_ms: file.target_block_ms,
        max_block_records: file.max_block_records,
        max_block_bytes: file.max_block_bytes,
        allocations: file.allocations,
        miners: file.miners,
        admin: file.admin,
    };
    genesis.validate()?;
    Ok(genesis)
}

/// Writes a genesis file.
pub fn to_json(genesis: &Genesis) -> String {
    let file = File {
        name: genesis.name.clone(),
        timestamp_ms: genesis.timestamp_ms,
        open: genesis.open,
        partitions: genesis.partitions,
        reward: genesis.reward,
        bits: format!("{:08x}", genesis.bits),
        target_block_ms: genesis.target_block_ms,
        max_block_records: genesis.max_block_records,
        max_block_bytes: genesis.max_block_bytes,
        allocations: genesis.allocations.clone(),
        miners: genesis.miners.clone(),
        admin: genesis.admin,
    };
    serde_json::to_string_pretty(&file).expect("numbers, texts and lists always have a JSON form")
}

fn bits(text: &str) -> Result<u32, Error> {
    let wrong = || Error::Bits(text.to_owned());
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    u32::from_str_radix(text, 16).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let account = "alice".parse().unwrap();
        let genesis = Genesis {
            open: true,
            allocations: vec![Allocation { account, amount: 7 }],
            ..Genesis::default()
        };
        assert_eq!(from_json(&to_json(&genesis)), Ok(genesis));
    }

    #[test]
    fn a_field_left_out_is_zero_and_an_unknown_one_an_error() {
        assert_eq!(
            from_json(r#"{"name":"a","bits":"1f00ffff"}"#),
            Err(Error::Fault {
                fault: Fault::BadPartitions
            })
        );
        assert!(matches!(from_json(r#"{"nmae":"a"}"#), Err(Error::Shape(_))));
        assert_eq!(
            from_json(r#"{"name":"a","bits":"1f"}"#),
            Err(Error::Bits("1f".into()))
        );
        assert_eq!(
            from_json(r#"{"name":"a","bits":"+f00ffff"}"#),
            Err(Error::Bits("+f00ffff".into()))
        );
    }
}
