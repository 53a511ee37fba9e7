//! The ordered durable journal under the chain: topics, partitions, offsets, bytes. It is independent of blocks.
//!
//! # The contract
//!
//! A journal holds *topics*; a topic has a fixed number of *partitions*; a partition is a sequence of
//! [`Record`]s at ascending *offsets*, appended at its end and never changed.
//!
//! ```text
//!            start                                              end
//!              │                                                 │
//!   ┄┄ gone ┄┄ ▼                                                 ▼
//!   offset  …  3    4    5   (6)   7    8    9   10   11   12   13
//!             [r]  [r]  [r]       [r]  [r]  [r]  [r]  [r]  [r]   ·  offset of the next append
//!                             ▲              ▲
//!                             │              └ `Batch::next` after a batch of 3, 4, 5, 7, 8: everything below 9 was delivered
//!                             └ a hole: an offset that will never hold a record
//! ```
//!
//! * **Append** completes only when the record is durable: then its offset and append time are known, and every reader can see
//!   it. A failure is one of four ([`AppendError`]): not accepted, not persisted, never to be persisted, or *possibly* persisted.
//!   A retry of the last may duplicate the record.
//! * **Order.** Two appends to one partition by one [`Appender`] keep the order in which they were accepted, unless the first
//!   fails. If one fails as [`AppendError::Retryable`] or [`AppendError::Unknown`], the entries that the same appender has queued
//!   behind it for that partition are given up, too, so that a later record does not take its place before the retry. (A fault
//!   may be noticed too late for entries in flight at that moment: a caller that depends on the order checks the outcomes.)
//!   Between appenders the journal decides. Offsets ascend and may have holes. Append times come from the journal's clock, in
//!   milliseconds since the Unix epoch, and never decrease within a partition (on Kafka: unless a broker's clock does).
//! * **Read** starts at any offset from `start` to `end` and delivers every record from there on, each once, in offset order,
//!   exactly as appended (a null value reads as an empty one). Other offsets are [`Error::OutOfRange`], and so is a partition that
//!   is truncated below its reader. Only durable records are delivered. A reader delivers the headers that it [keeps](Headers).
//! * **The end** is the offset of the next append: on Kafka the *high watermark*. Records of a Kafka transaction are ordinary
//!   records once they are durable, even while it is open and after it is aborted (`read_uncommitted`): no client that may append
//!   can hold back or remove what readers see. The marks that end transactions are holes.
//! * **Loss.** A partition may lose its end and grow again, which breaks the promise of the first line. A reader need not notice;
//!   [`Journal::confirm`] does, and a [`Tail`] calls it after every failure ([`Error::Changed`]).
//! * **Topics** are created with the settings that the chain needs; creating an existing one is no error, even if several processes
//!   do it at once. [`Journal::describe`] lists every setting that differs.
//!
//! [`Error`] and [`AppendError`] distinguish retryable from final failures. All calls block; none needs an async runtime.
//!
//! | provider | URL | durable means | shared by |
//! |---|---|---|---|
//! | disk | `disk:PATH` | `fdatasync` has returned | clones in one process (a lock keeps others out) |
//! | Kafka | `kafka://host:port[,host:port][/PREFIX]` | acknowledged by all in-sync replicas | any number of processes |
//! | memory | `memory:` or `memory:NAME` | in this process's memory | clones, and journals opened with the same name |
//!
//! ```
//! use std::time::Duration;
//! use journal::{Entry, Journal, Options, TopicSpec, Url};
//!
//! let journal = Journal::open(&Url::parse("memory:")?, &Options::default())?;
//! let topic = TopicSpec { name: "letters".into(), partitions: 2, max_record_bytes: 1024 };
//! journal.create_topic(&topic)?;
//!
//! let letter = Entry { partition: 1, key: None, value: "hello".into(), headers: vec![] };
//! let appended = journal.append("letters", letter, Duration::from_secs(1))?;
//! assert_eq!(appended.offset, Some(0));
//!
//! let mut reader = journal.reader("letters", 1, 0)?;
//! let batch = reader.next(1 << 20, Duration::from_secs(1))?;
//! assert_eq!(batch.records[0].value, "hello");
//! assert_eq!((batch.next, batch.end), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A new provider
//!
//! A provider is a module beside `disk.rs`, `kafka.rs` and `memory.rs`: a handle to clone, an appender and a reader, built on the
//! types in `append.rs`, `record.rs`, `topic.rs` and `error.rs`. It imports nothing from `journal.rs`. A provider with its topics
//! in this process gets topics, appender and group commit from `local.rs` and `queue.rs`. It is then named in three places: its
//! form of URL in `url.rs` (and [`Url::is_shared`]), a variant of each of the three enums in `journal.rs` (the compiler lists the
//! rest), and a test in `tests/conformance`, which is the contract above as code. The table above, [`Error::BadUrl`] and
//! docs/glossary.md list it. Its metrics go to the meter of [`Journal::observe`], in its own `metrics.rs`.

#![allow(
    clippy::result_large_err,
    reason = "an entry that is not accepted is returned, so that a full queue costs no copy"
)]

mod append;
mod backoff;
mod clock;
#[cfg(feature = "testing")]
pub mod conformance;
mod disk;
mod error;
pub mod export;
mod in_flight;
mod inspect;
mod journal;
mod kafka;
pub mod limits;
mod local;
mod memory;
mod metrics;
mod options;
mod outage;
mod partition;
mod queue;
mod record;
mod tail;
#[cfg(feature = "testing")]
pub mod testing;
mod topic;
pub mod trace;
mod url;

pub use append::{AppendError, Appended, Completion, Entry, Sink};
pub use backoff::Backoff;
#[cfg(feature = "testing")]
pub use disk::FaultyDisk;
pub use disk::Import;
pub use error::Error;
pub use inspect::Inspection;
pub use journal::{Appender, Journal, Reader};
#[cfg(feature = "testing")]
pub use memory::{Chances, Faults};
pub use options::Options;
pub use partition::murmur2_partition;
pub use record::{Batch, Headers, Offsets, Permit, Record};
pub use tail::{LONG_GAP, Tail, TailEvent};
pub use topic::{Creation, Description, Mismatch, Setting, TopicSpec};
pub use url::Url;
