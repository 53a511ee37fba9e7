//! The failures of a journal, each with advice.

use std::path::{Path, PathBuf};

use crate::append::AppendError;

/// A failure of anything but an append. The text includes advice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The journal is unreachable at present; the same call may succeed later.
    #[error("the journal cannot be reached: {0}; retrying")]
    Unavailable(String),
    /// Another process (or another part of this one) has the disk journal open.
    #[error("the journal {path} is in use by {holder}; a disk: journal belongs to one process, stop that one first, or use kafka:// to share a chain", path = path.display())]
    Locked {
        /// Directory of the journal.
        path: PathBuf,
        /// The process that holds the lock, as far as is known.
        holder: String,
    },
    /// A new journal needs a directory of its own.
    #[error("{path} is not empty ({found}): name a directory that does not exist; an interrupted import (no file `journal` in it) can be removed", path = path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// Something in it.
        found: String,
    },
    /// The journal was imported, and is read-only.
    #[error("the journal {path} holds an imported chain and is read-only: a ledger and the offline commands read it; to continue the chain, use the journal that it was exported from", path = path.display())]
    ReadOnly {
        /// Directory of the journal.
        path: PathBuf,
    },
    /// Synced bytes have changed since they were written.
    #[error("the journal is damaged: {file}, byte {position}: {detail}; restore that file from a copy, nothing was changed", file = file.display())]
    Corrupt {
        /// The damaged file.
        file: PathBuf,
        /// Position in the file, in bytes.
        position: u64,
        /// The fault at that position.
        detail: String,
    },
    /// The offset lies outside the partition.
    #[error(
        "offset {offset} of {topic}/{partition} is outside the partition, which holds {start} to {end}"
    )]
    OutOfRange {
        /// Name from the caller, without prefix.
        topic: String,
        /// Partition of it.
        partition: u32,
        /// The requested offset.
        offset: u64,
        /// First offset that the partition still has.
        start: u64,
        /// Offset of the next append.
        end: u64,
    },
    /// The partition no longer holds a record that was read from it: it has lost its end, and may have grown again.
    #[error(
        "{topic}/{partition} has lost its end: the record read at offset {offset} is not the one that it holds there now (it holds {start} to {end}). \
         What was read up to there may be gone or replaced: restore the partition from a copy, or submit again what was lost"
    )]
    Changed {
        /// Name from the caller, without prefix.
        topic: String,
        /// Partition of it.
        partition: u32,
        /// Offset of the record that was read.
        offset: u64,
        /// First offset that the partition still has.
        start: u64,
        /// Offset of the next append.
        end: u64,
    },
    /// The topic does not exist.
    #[error("there is no topic {0}; start a service with --genesis to create it")]
    NoTopic(String),
    /// The topic has no such partition.
    #[error("topic {topic} has no partition {partition}, only {partitions}")]
    NoPartition {
        /// Name from the caller, without prefix.
        topic: String,
        /// The requested partition.
        partition: u32,
        /// Number of partitions.
        partitions: u32,
    },
    /// Not a journal URL.
    #[error("{0}; a journal is disk:PATH, kafka://host:port[,host:port][/PREFIX] or memory:[NAME]")]
    BadUrl(String),
    /// An invalid setting.
    #[error("bad journal configuration: {0}")]
    BadConfig(String),
    /// The broker refuses this user.
    #[error("not allowed: {0}; check the credentials in --kafka-config and the ACLs of the topic")]
    Denied(String),
    /// The brokers and this client refuse each other: a wrong password, an authority that is not trusted.
    #[error("the brokers refuse this client, or it refuses them: {0}")]
    Unauthenticated(String),
    /// An input or output error of the file system.
    #[error("{file}: {detail}", file = file.display())]
    Io {
        /// The file concerned.
        file: PathBuf,
        /// The system's own text.
        detail: String,
    },
    /// The journal has stopped itself after a failed sync: the content of the disk is unknown.
    #[error("the journal has stopped: {0}; restart the process, it recovers what was acknowledged")]
    Stopped(String),
}

impl Error {
    pub(crate) fn corrupt(file: &Path, position: u64, detail: impl Into<String>) -> Error {
        Error::Corrupt {
            file: file.to_owned(),
            position,
            detail: detail.into(),
        }
    }

    /// True if the same call may succeed later without intervention. That includes brokers that refuse a client: they do so while
    /// they start, and while credentials are changed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Unavailable(_) | Error::Unauthenticated(_))
    }
}

impl From<Error> for AppendError {
    /// For appends that failed before anything was persisted.
    fn from(error: Error) -> AppendError {
        match error {
            Error::Unavailable(why) => AppendError::Retryable(why),
            Error::Unauthenticated(_) | Error::Io { .. } => {
                AppendError::Retryable(error.to_string())
            }
            final_one => AppendError::Terminal(final_one.to_string()),
        }
    }
}
