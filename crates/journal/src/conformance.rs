//! The contract as tests: every provider passes this suite.

mod append;
mod read;
mod topics;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::limits::MAX_RECORD_BYTES;
use crate::{Appended, Appender, Completion, Entry, Headers, Journal, Record, TopicSpec};

/// Enough for a slow broker on a busy machine; without a fault nothing waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A sentence of the contract, and its check.
type Case = (&'static str, fn(&Journal));

/// Runs the whole suite on journals that `make` opens; each call may open the same one.
///
/// # Panics
/// If the provider breaks the contract; names the case.
pub fn run(make: impl Fn() -> Journal) {
    let cases: &[Case] = &[
        ("topics are created once", topics::created_once),
        ("topics are described", topics::described),
        ("missing topics are named", topics::missing),
        ("topics are independent", topics::independent),
        ("concurrent creators agree", topics::concurrent_creators),
        (
            "one appender's records keep their order",
            append::keep_order,
        ),
        ("concurrent appenders lose nothing", append::concurrent),
        ("a completed append is durable and visible", append::visible),
        ("bytes come back exactly", append::exact_bytes),
        ("append times do not fall", append::times),
        ("what cannot be appended is refused", append::refused),
        ("flush waits", append::flush),
        ("reading starts anywhere", read::anywhere),
        ("batches obey their limit", read::limits),
        ("batches hold a bounded number of records", read::many),
        ("a reader keeps the selected headers", read::headers),
        ("a reader waits and is woken", read::woken),
        ("a timeout gives an empty batch", read::timeout),
        (
            "offsets outside the partition are refused",
            read::out_of_range,
        ),
        ("readers seek", read::seek),
        ("what was read is confirmed or denied", read::confirmed),
        ("a tail follows", read::tail),
        ("a tail holds back", read::window),
    ];
    for (name, case) in cases {
        println!("conformance: {name}");
        case(&make());
    }
}

/// Creates a topic that no other case uses.
fn topic(journal: &Journal, partitions: u32) -> String {
    let name = unique("conformance");
    journal
        .create_topic(&spec(&name, partitions))
        .expect("a topic is created");
    name
}

fn spec(name: &str, partitions: u32) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        max_record_bytes: MAX_RECORD_BYTES,
    }
}

/// A name that no other case and no other run uses: brokers may outlive runs.
fn unique(stem: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-{:x}-{number}", rand::random::<u64>())
}

fn entry(partition: u32, value: impl AsRef<[u8]>) -> Entry {
    Entry {
        partition,
        value: Bytes::copy_from_slice(value.as_ref()),
        ..Entry::default()
    }
}

/// Appends one value and waits for it.
fn put(journal: &Journal, topic: &str, partition: u32, value: impl AsRef<[u8]>) -> Appended {
    journal
        .append(topic, entry(partition, value), PATIENCE)
        .expect("an append succeeds")
}

/// An appender whose completions arrive at a channel.
fn appender(journal: &Journal, topic: &str) -> (Appender, Receiver<Completion>) {
    let (send, receive) = mpsc::channel();
    let sink = move |batch: Vec<Completion>| {
        for completion in batch {
            let _ = send.send(completion);
        }
    };
    (
        journal
            .appender(topic, Arc::new(sink))
            .expect("an appender"),
        receive,
    )
}

/// Appends an entry, retrying while the queue is full.
fn insist(appender: &Appender, token: u64, entry: Entry) {
    let mut entry = entry;
    let start = Instant::now();
    while let Err((back, error)) = appender.append(token, entry) {
        assert_eq!(error, crate::AppendError::Full);
        assert!(start.elapsed() < PATIENCE, "the queue stays full");
        entry = back;
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Reads `count` records from `from` on.
fn read(journal: &Journal, topic: &str, partition: u32, from: u64, count: usize) -> Vec<Record> {
    let reader = journal.reader(topic, partition, from).expect("a reader");
    let mut reader = reader.keep(Headers::All);
    let mut records = Vec::new();
    let start = Instant::now();
    while records.len() < count {
        assert!(
            start.elapsed() < PATIENCE,
            "only {} of {count} records arrived",
            records.len()
        );
        let batch = reader
            .next(1 << 20, Duration::from_secs(1))
            .expect("a read succeeds");
        assert!(
            batch.next <= batch.end,
            "next {} lies above the end {}",
            batch.next,
            batch.end
        );
        records.extend(batch.records);
    }
    records
}

fn values(records: &[Record]) -> Vec<&[u8]> {
    records.iter().map(|record| record.value.as_ref()).collect()
}
