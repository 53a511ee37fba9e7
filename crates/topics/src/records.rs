//! Reads the records of `blockchain` once, from the first to the end.

use std::time::Duration;

use journal::{Headers, Journal, Record};

use crate::layout::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};

/// Byte limit of one batch from the reader.
const READ_BYTES: usize = 8 * 1024 * 1024;
/// Longest wait for records below the end.
const READ_WAIT: Duration = Duration::from_secs(10);

/// The records of `blockchain` from the first up to the topic's current end, without headers.
///
/// # Errors
/// Those of the journal; out of range if the topic does not begin at 0.
pub fn records(
    journal: &Journal,
) -> Result<impl Iterator<Item = Result<Record, journal::Error>> + use<>, journal::Error> {
    let end = journal.offsets(BLOCKCHAIN, BLOCKCHAIN_PARTITION)?.end;
    let reader = journal.reader(BLOCKCHAIN, BLOCKCHAIN_PARTITION, 0)?;
    let mut reader = reader.keep(Headers::None);
    let mut next = 0;
    let mut batch = Vec::<Record>::new().into_iter();
    Ok(std::iter::from_fn(move || {
        loop {
            if let Some(record) = batch.next() {
                return (record.offset < end).then_some(Ok(record));
            }
            if next >= end {
                return None;
            }
            match reader.next(READ_BYTES, READ_WAIT) {
                Ok(read) if read.next == next => {
                    next = end;
                    return Some(Err(journal::Error::Unavailable(format!(
                        "no record came within {READ_WAIT:?}"
                    ))));
                }
                Ok(read) => {
                    next = read.next;
                    batch = read.records.into_iter();
                }
                Err(error) => {
                    next = end;
                    return Some(Err(error));
                }
            }
        }
    }))
}
