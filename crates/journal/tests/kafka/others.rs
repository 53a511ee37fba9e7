//! Records of other Kafka clients: transactions, headers, names that are not text.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::{Headers, Offsets};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{PATIENCE, place, read_to};

/// Any client that may write can leave a transaction open for a quarter of an hour: by default the end of the partition would
/// not move, and the records after it be hidden.
#[test]
fn transactions_hide_nothing() {
    let Some(place) = place() else { return };
    place.topic("hidden", 1 << 20);
    let name = place.journal.topic_name("hidden");
    let producer = |number: u32| -> BaseProducer {
        let id = format!("{}-{number}", place.prefix);
        place
            .config()
            .set("transactional.id", &id)
            .create()
            .expect("a producer")
    };
    let begin = |producer: &BaseProducer, value: &str| {
        producer.init_transactions(PATIENCE).expect("transactions");
        producer.begin_transaction().expect("a transaction");
        let record = BaseRecord::<(), str>::to(&name).partition(0).payload(value);
        producer
            .send(record)
            .map_err(|(error, _)| error)
            .expect("sent");
        producer.flush(PATIENCE).expect("flushed");
    };
    let open = producer(1);
    begin(&open, "open");
    place.put("hidden", "behind");
    let ends = |end| Ok(Offsets { start: 0, end });
    assert_eq!(place.journal.offsets("hidden", 0), ends(2));
    let aborted = producer(2);
    begin(&aborted, "aborted");
    // Its mark takes offset 3.
    aborted.abort_transaction(PATIENCE).expect("aborted");
    let start = Instant::now();
    while place.journal.offsets("hidden", 0) != ends(4) {
        assert!(start.elapsed() < PATIENCE, "the mark does not come");
    }
    place.put("hidden", "last");
    assert_eq!(place.journal.offsets("hidden", 0), ends(5));

    let mut reader = place.journal.reader("hidden", 0, 0).expect("a reader");
    let batch = read_to(&mut reader, 5);
    let values: Vec<&[u8]> = batch.records.iter().map(|r| r.value.as_ref()).collect();
    assert_eq!(values, [&b"open"[..], b"behind", b"aborted", b"last"]);
    assert_eq!(batch.end, 5);
    open.abort_transaction(PATIENCE).expect("it was still open");
}

/// Marks of transactions are holes; aborted records are records.
#[test]
fn holes_are_passed_also_at_the_end() {
    let Some(place) = place() else { return };
    place.topic("holes", 1 << 20);
    let mut live = place.journal.reader("holes", 0, 0).expect("a reader");
    live.next(1 << 20, Duration::from_millis(100))
        .expect("nothing yet");

    let producer: BaseProducer = place
        .config()
        .set("transactional.id", &place.prefix)
        .create()
        .expect("a producer");
    producer.init_transactions(PATIENCE).expect("transactions");
    producer.begin_transaction().expect("a transaction");
    let name = place.journal.topic_name("holes");
    let record = BaseRecord::<(), str>::to(&name)
        .partition(0)
        .payload("aborted");
    producer
        .send(record)
        .map_err(|(error, _)| error)
        .expect("sent");
    producer.flush(PATIENCE).expect("flushed");
    producer.abort_transaction(PATIENCE).expect("aborted");

    // Offset 0 holds the record, offset 1 the mark: a hole at the end.
    for mut reader in [live, place.journal.reader("holes", 0, 0).expect("a reader")] {
        let batch = read_to(&mut reader, 2);
        assert_eq!((batch.records.len(), batch.next, batch.end), (1, 2, 2));
        assert_eq!(batch.records[0].value.as_ref(), b"aborted");
    }
    place.put("holes", "behind");
    let mut reader = place.journal.reader("holes", 0, 1).expect("a reader");
    let batch = read_to(&mut reader, 3);
    assert_eq!(
        batch
            .records
            .iter()
            .map(|record| record.offset)
            .collect::<Vec<u64>>(),
        [2]
    );
}

/// A record with a hundred thousand headers is an ordinary record to readers that do not keep them.
#[test]
fn headers_that_nobody_wants_cost_nothing() {
    const HEADERS: usize = 100_000;
    let Some(place) = place() else { return };
    place.topic("headers", 1 << 20);
    let trace = OwnedHeaders::new_with_capacity(HEADERS).insert(header("traceparent", "00-ab"));
    let headers = (1..HEADERS).fold(trace, |all, _| all.insert(header("", "")));
    let name = place.journal.topic_name("headers");
    let producer: BaseProducer = place
        .config()
        .set("message.max.bytes", "2000000")
        .create()
        .expect("a producer");
    let record = BaseRecord::<(), str>::to(&name)
        .partition(0)
        .payload("x")
        .headers(headers);
    producer
        .send(record)
        .map_err(|(error, _)| error)
        .expect("sent");
    producer.flush(PATIENCE).expect("flushed");
    let read = |wanted| {
        let reader = place.journal.reader("headers", 0, 0).expect("a reader");
        let batch = read_to(&mut reader.keep(wanted), 1);
        (batch.records[0].headers.len(), batch.records[0].size())
    };
    assert_eq!(read(Headers::None).0, 0);
    let reader = place.journal.reader("headers", 0, 0).expect("a reader");
    let batch = read_to(&mut { reader }, 1);
    let trace = ("traceparent".to_owned(), Bytes::from_static(b"00-ab"));
    let kept = &batch.records[0].headers;
    assert!(kept == &[trace], "{} headers are kept", kept.len());
    // A reader of all headers sees their size.
    let (count, size) = read(Headers::All);
    assert_eq!(count, HEADERS);
    assert!(size > 64 * HEADERS, "{size} bytes");
}

/// Any client may write headers whose names are not text; the bindings would panic on them.
#[test]
fn foreign_records_are_read() {
    let Some(place) = place() else { return };
    place.topic("foreign", 1 << 20);
    // kcat takes arguments as bytes.
    use std::os::unix::ffi::OsStrExt;
    let header = std::ffi::OsStr::from_bytes(b"bad\xffname=v\xff");
    let kcat = Command::new("kcat")
        .args([
            "-P",
            "-b",
            &place.brokers,
            "-t",
            &place.journal.topic_name("foreign"),
            "-p",
            "0",
            "-H",
        ])
        .arg(header)
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut kcat) = kcat else {
        println!("skipped: kcat is not installed");
        return;
    };
    kcat.stdin
        .take()
        .expect("a pipe")
        .write_all(b"value")
        .expect("written");
    assert!(kcat.wait().expect("it ends").success());
    let reader = place.journal.reader("foreign", 0, 0).expect("a reader");
    let mut reader = reader.keep(Headers::All);
    let batch = read_to(&mut reader, 1);
    let record = &batch.records[0];
    assert_eq!(record.value.as_ref(), b"value");
    assert_eq!(
        record.headers,
        [("bad\u{fffd}name".to_owned(), Bytes::from_static(b"v\xff"))]
    );
}

fn header<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    let value = Some(value);
    Header { key, value }
}
