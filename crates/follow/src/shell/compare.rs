//! Looking at the log's ends and at one of its records.

use chain::Hash;
use journal::{Error, Journal};

use crate::core::Compared;
use crate::pause::Pause;
use crate::topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};

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
    while !stopped() {
        match journal.look(BLOCKCHAIN, BLOCKCHAIN_PARTITION, offset, next_offset) {
            Ok(look) => {
                return Ok(Some(Compared {
                    question,
                    start: look.offsets.start,
                    end: look.offsets.end,
                    found: look.record.map(|record| Hash::of(&record.value)),
                }));
            }
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
