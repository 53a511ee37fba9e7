//! Checks that `blockchain` is still the topic that was read, by its ends and one of its records.

use std::time::Duration;

use chain::Hash;
use journal::{Error, Journal, Offsets};

use crate::layout::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};
use crate::stop::{Stop, backoff};

/// Reads the start and end of the topic, and the hash of its record at `offset`, if there is one; the topic should reach
/// `next_offset`. Retries until the journal is readable, and reports each failure to `trouble`. `None` if stopped first.
///
/// # Errors
/// Errors of the journal that retrying does not resolve.
pub fn patiently(
    journal: &Journal,
    offset: Option<u64>,
    next_offset: u64,
    stop: Stop<'_>,
    trouble: &dyn Fn(Error),
) -> Result<Option<(Offsets, Option<Hash>)>, Error> {
    let mut backoff = backoff();
    let mut pause = Duration::ZERO;
    while !stop(pause) {
        match journal.inspect(BLOCKCHAIN, BLOCKCHAIN_PARTITION, offset, next_offset) {
            Ok(look) => {
                let found = look.record.map(|record| Hash::of(&record.value));
                return Ok(Some((look.offsets, found)));
            }
            // A missing topic may be created later, by another service.
            Err(error) if error.is_retryable() || matches!(error, Error::NoTopic(_)) => {
                trouble(error)
            }
            Err(error) => return Err(error),
        }
        pause = backoff.next_pause();
    }
    Ok(None)
}
