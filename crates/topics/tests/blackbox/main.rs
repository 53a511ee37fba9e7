//! Topics and block 0 from outside: their creation, and changes under a running service.

#![allow(clippy::unwrap_used, reason = "what is unexpected fails the test")]

use chain::Genesis;
use journal::{Journal, Options};

mod bootstrap;
mod watch;

fn memory() -> Journal {
    Journal::open(&"memory:".parse().unwrap(), &Options::default()).unwrap()
}

/// An open chain with the easiest work that a genesis may ask for.
fn genesis(name: &str) -> Genesis {
    Genesis {
        name: name.into(),
        timestamp_ms: 1_000,
        open: true,
        bits: 0x2100_ffff,
        ..Genesis::default()
    }
}
