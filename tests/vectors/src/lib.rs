//! The golden vectors of the format, run against the rules. The tests are in `tests/`; here is what they
//! share: where the files are, how they read, and the replay of a chain.

pub mod config;
pub mod replay;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, de};

/// Bytes, in the files as hex.
#[derive(Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl Hex {
    /// As many bytes as the type has.
    pub fn array<const N: usize>(&self) -> [u8; N] {
        self.0
            .as_slice()
            .try_into()
            .expect("a golden file has bytes of the right length")
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map(Hex).map_err(de::Error::custom)
    }
}

/// Reads one of the files.
pub fn load<T: DeserializeOwned>(name: &str) -> T {
    let path = config::folder().join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
