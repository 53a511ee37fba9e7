//! The records of `blockchain`, read once from the first to the end.

use std::time::Duration;

use journal::{Headers, Journal, Record};

use crate::layout::{BLOCKCHAIN, BLOCKCHAIN_PARTITION};

/// Most bytes in one batch from the reader.
const READ_BYTES: usize = 8 * 1024 * 1024;
/// Longest wait for records that are there.
const READ_WAIT: Duration = Duration::from_secs(10);

/// The records of `blockchain` from the first up to the end that the topic has now, without headers.
///
/// # Errors
/// Those of the journal; a topic that does not begin at 0 is out of range.
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
                        "nothing came in {READ_WAIT:?}"
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
