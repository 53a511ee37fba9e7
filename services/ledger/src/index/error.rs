//! Failures of the index.

use std::io;

/// A failure of the index.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no room on the disk.
    #[error("the index cannot be written: {0}; make room, and writing resumes by itself")]
    Full(String),
    /// A write failed earlier, as a thread of the store found out: its cause is in the log output.
    #[error("the index cannot be written since an earlier write of its own failed")]
    Halted,
    /// The disk, or the store on it, failed.
    #[error(
        "the index fails: {0}; repair the disk and start again, or remove the index: it is rebuilt from the journal"
    )]
    Storage(String),
    /// Stored bytes differ from those written.
    #[error("the index is damaged ({0}): it is rebuilt at the next start")]
    Corrupt(String),
    /// Stored rows contradict each other.
    #[error(
        "the index is damaged ({0}): remove it, and it is rebuilt from the journal at the next start"
    )]
    Damaged(&'static str),
}

impl From<fjall::Error> for Error {
    fn from(error: fjall::Error) -> Error {
        match error {
            // A fault of the disk, not of the index: discarding the index would not help.
            fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
                match is_full(&error) {
                    true => Error::Full(error.to_string()),
                    false => Error::Storage(error.to_string()),
                }
            }
            fjall::Error::Poisoned => Error::Halted,
            other => Error::Corrupt(other.to_string()),
        }
    }
}

/// True if the disk, or this user's quota, is full.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

impl Error {
    /// True if the index is whole and works again once reopened: the store takes no more writes after a failed one.
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Full(_) | Error::Halted)
    }

    /// True if bytes on the disk have changed, which no query can bring about: the index is then discarded without asking.
    pub fn is_corruption(&self) -> bool {
        matches!(self, Error::Corrupt(_))
    }
}
