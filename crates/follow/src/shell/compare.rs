//! Looking at the log's ends and at one of its records.

use std::time::Duration;

use chain::Hash;
use journal::{Error, Headers, Journal};

use crate::core::Compared;
use crate::pause::Pause;
use crate::topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};

/// Longest wait for a record that is there.
const READ_WAIT: Duration = Duration::from_secs(5);
/// An end below what was read is looked at this often before it is believed: a new leader may take a moment to know its end.
const LOOKS_AT_A_SHORT_LOG: u32 = 3;

/// Compares until the log can be read, and tells `trouble` each time it cannot. `None`: stopped before.
pub(crate) fn patiently(
    journal: &Journal,
    question: u64,
    offset: Option<u64>,
    next_offset: u64,
    stopped: &dyn Fn() -> bool,
    trouble: &dyn Fn(Error),
) -> Result<Option<Compared>, Error> {
    let mut pause = Pause::default();
    let mut looks = 0;
    while !stopped() {
        match once(journal, question, offset) {
            Ok(found) => {
                looks += 1;
                if found.end >= next_offset || looks == LOOKS_AT_A_SHORT_LOG {
                    return Ok(Some(found));
                }
            }
            // The ends moved between two looks.
            Err(Error::OutOfRange { .. }) => {}
            // A missing topic may be created later, by another service.
            Err(error) if error.is_retryable() || matches!(error, Error::NoTopic(_)) => {
                trouble(error)
            }
            Err(error) => return Err(error),
        }
        pause.take(stopped);
    }
    Ok(None)
}

fn once(journal: &Journal, question: u64, offset: Option<u64>) -> Result<Compared, Error> {
    let ends = journal.offsets(BLOCKCHAIN, BLOCKCHAIN_PARTITION)?;
    let inside = offset.filter(|offset| (ends.start..ends.end).contains(offset));
    Ok(Compared {
        question,
        start: ends.start,
        end: ends.end,
        found: inside.map_or(Ok(None), |offset| hash_at(journal, offset))?,
    })
}

/// The hash of the record at an offset inside the log; `None`: a hole.
fn hash_at(journal: &Journal, offset: u64) -> Result<Option<Hash>, Error> {
    let batch = journal
        .reader(BLOCKCHAIN, BLOCKCHAIN_PARTITION, offset)?
        .keep(Headers::None)
        .next(1, READ_WAIT)?;
    match batch.records.first() {
        Some(record) if record.offset == offset => Ok(Some(Hash::of(&record.value))),
        None if batch.next <= offset => Err(Error::Unavailable(format!(
            "offset {offset} could not be read in {READ_WAIT:?}"
        ))),
        _ => Ok(None),
    }
}
