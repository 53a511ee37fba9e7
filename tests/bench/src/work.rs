//! Proof of work on one core: our search against hashing the whole header with `sha2`.

use std::hint::black_box;

use chain::work::Work;
use chain::{Hash, Header};
use sha2::{Digest, Sha256};

use crate::report::{Report, timed};

/// Tries of one turn.
const TRIES: u64 = 4_000_000;

/// Prints the ratio.
pub fn run(report: &mut Report) {
    let header = Header {
        version: 1,
        height: 1,
        previous_hash: Hash::of(b"parent"),
        log_root: Hash::of(b"root"),
        log_size: 9,
        timestamp_ms: 1,
        partition: 0,
        from_offset: 0,
        to_offset: 3,
        miner: None,
        // The hardest target there is: nothing is found, every try is made.
        bits: 0x0100_0001,
        nonce: 0,
    };
    let bytes = header.to_bytes();
    let work = Work::new(&header);
    let outcome = report.compare(
        "tries a second, one core, over sha2",
        "",
        2.0,
        || {
            let (measured, ()) = timed(TRIES, || {
                let mut bytes = bytes;
                for nonce in 0..TRIES {
                    bytes[148..].copy_from_slice(&nonce.to_be_bytes());
                    black_box(Sha256::digest(bytes));
                }
            });
            Ok(measured)
        },
        || Ok(timed(TRIES, || black_box(work.search(0, TRIES))).0),
    );
    outcome.expect("hashing does not fail");
}
