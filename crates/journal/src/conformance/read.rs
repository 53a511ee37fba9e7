//! Reads: from anywhere, bounded, woken, timed out, out of range; and the tail on top.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{PATIENCE, appender, entry, insist, put, read, topic, values};
use crate::record::BATCH_RECORDS;
use crate::{Batch, Entry, Error, Headers, Journal, LONG_GAP, Tail, TailEvent};

/// Fills a partition with `count` records; the value of each is its number.
fn fill(journal: &Journal, topic: &str, count: u64) {
    let (appender, _completions) = appender(journal, topic);
    for i in 0..count {
        insist(&appender, i, entry(0, i.to_be_bytes()));
    }
    appender.flush(PATIENCE).expect("all completes");
}

pub(super) fn anywhere(journal: &Journal) {
    let topic = topic(journal, 1);
    fill(journal, &topic, 500);
    for from in [0, 1, 77, 250, 498, 499] {
        let records = read(journal, &topic, 0, from, 500 - from as usize);
        let numbers: Vec<u64> = records.iter().map(|record| record.offset).collect();
        assert_eq!(numbers, (from..500).collect::<Vec<u64>>());
        assert!(
            records
                .iter()
                .all(|record| record.value.as_ref() == record.offset.to_be_bytes())
        );
    }
}

pub(super) fn limits(journal: &Journal) {
    let topic = topic(journal, 1);
    for _ in 0..10 {
        put(journal, &topic, 0, vec![1; 10_000]);
    }
    let mut reader = journal.reader(&topic, 0, 0).expect("a reader");
    let mut seen = 0;
    while seen < 10 {
        let batch = reader.next(30_500, PATIENCE).expect("a read succeeds");
        assert!(
            (1..=3).contains(&batch.records.len()),
            "{} records",
            batch.records.len()
        );
        assert_eq!(batch.records[0].offset, seen);
        seen = batch.next;
        assert_eq!(
            batch.records.last().map(|record| record.offset + 1),
            Some(seen)
        );
    }
    reader.seek(0);
    let batch = reader.next(1, PATIENCE).expect("a read succeeds");
    assert_eq!(
        batch.records.len(),
        1,
        "one record comes whatever the limit"
    );
}

/// Even if the records are tiny.
pub(super) fn many(journal: &Journal) {
    const COUNT: u64 = BATCH_RECORDS as u64 + 1000;
    let topic = topic(journal, 1);
    let (appender, _completions) = appender(journal, &topic);
    for i in 0..COUNT {
        insist(&appender, i, entry(0, ""));
    }
    appender.flush(PATIENCE).expect("all completes");
    let mut reader = journal.reader(&topic, 0, 0).expect("a reader");
    let mut seen = 0;
    while seen < COUNT {
        let batch = reader.next(usize::MAX, PATIENCE).expect("a read succeeds");
        let count = batch.records.len();
        assert!((1..=BATCH_RECORDS).contains(&count), "{count} records");
        assert_eq!(batch.next, seen + count as u64);
        seen = batch.next;
    }
}

/// By default only trace contexts, and at most as many as the largest block has.
pub(super) fn headers(journal: &Journal) {
    const MANY: usize = 30_000;
    let topic = topic(journal, 1);
    let header = |name: &str, value: &'static str| (name.to_owned(), Bytes::from(value));
    let own = [header("traceparent", "00-a"), header("tracestate", "b=c")];
    let mut sent = vec![header("content-type", "x"), own[0].clone()];
    sent.extend(std::iter::repeat_n(header("", ""), MANY));
    sent.push(own[1].clone());
    let traces = vec![header("traceparent", "00-d"); MANY];
    let large = vec![
        header("traceparent", "00-e"),
        ("tracestate".into(), vec![b'f'; 20_000].into()),
    ];
    for headers in [&sent, &traces, &large] {
        let entry = Entry {
            headers: headers.clone(),
            ..entry(0, "value")
        };
        journal
            .append(&topic, entry, PATIENCE)
            .expect("an append succeeds");
    }
    let read = |wanted| {
        let reader = journal.reader(&topic, 0, 0).expect("a reader");
        let mut reader = reader.keep(wanted);
        let mut records = Vec::new();
        while records.len() < 3 {
            let batch = reader.next(usize::MAX, PATIENCE).expect("a read succeeds");
            records.extend(batch.records);
        }
        records
    };
    assert!(read(Headers::None).iter().all(|r| r.headers.is_empty()));
    let kept = read(Headers::default());
    assert_eq!(kept[0].headers, own);
    assert_eq!(kept[1].headers, traces[..128]);
    assert_eq!(kept[2].headers, large[..1]);
    let all = read(Headers::All);
    assert_eq!(all[0].headers, sent);
    assert!(
        all[0].size() > 64 * MANY,
        "a header costs more than its bytes"
    );
    let batch = journal
        .reader(&topic, 0, 0)
        .expect("a reader")
        .keep(Headers::All)
        .next(1 << 20, PATIENCE)
        .expect("a read succeeds");
    assert_eq!(batch.records.len(), 1, "what headers cost counts");
}

pub(super) fn woken(journal: &Journal) {
    let topic = topic(journal, 1);
    let mut reader = journal.reader(&topic, 0, 0).expect("a reader");
    reader
        .next(1 << 20, Duration::from_millis(50))
        .expect("nothing yet");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            put(journal, &topic, 0, "wake up");
        });
        let start = Instant::now();
        let mut batch = Batch::default();
        while batch.records.is_empty() && start.elapsed() < PATIENCE {
            batch = reader.next(1 << 20, PATIENCE).expect("a read succeeds");
        }
        assert_eq!(values(&batch.records), [b"wake up"]);
        assert_eq!((batch.next, batch.end), (1, 1));
    });
}

pub(super) fn timeout(journal: &Journal) {
    let topic = topic(journal, 1);
    put(journal, &topic, 0, "only");
    let mut reader = journal.reader(&topic, 0, 1).expect("a reader");
    let batch = reader
        .next(1 << 20, Duration::from_millis(100))
        .expect("no error");
    assert_eq!((batch.records.len(), batch.next, batch.end), (0, 1, 1));
}

pub(super) fn out_of_range(journal: &Journal) {
    let topic = topic(journal, 1);
    put(journal, &topic, 0, "only");
    let outcome = journal
        .reader(&topic, 0, 2)
        .and_then(|mut reader| reader.next(1, PATIENCE));
    let expected = Error::OutOfRange {
        topic: topic.clone(),
        partition: 0,
        offset: 2,
        start: 0,
        end: 1,
    };
    assert_eq!(outcome.err(), Some(expected));
}

pub(super) fn seek(journal: &Journal) {
    let topic = topic(journal, 1);
    fill(journal, &topic, 100);
    let mut reader = journal.reader(&topic, 0, 90).expect("a reader");
    for from in [90, 10, 99, 0] {
        reader.seek(from);
        let batch = reader.next(1 << 20, PATIENCE).expect("a read succeeds");
        assert_eq!(
            batch.records.first().map(|record| record.offset),
            Some(from)
        );
    }
    reader.seek(100);
    let batch = reader
        .next(1 << 20, Duration::from_millis(100))
        .expect("no error");
    assert!(batch.records.is_empty());
}

pub(super) fn confirmed(journal: &Journal) {
    let topic = topic(journal, 1);
    fill(journal, &topic, 3);
    let records = read(journal, &topic, 0, 0, 3);
    for record in &records {
        let ends = journal.confirm(&topic, 0, record).expect("it is there");
        assert_eq!((ends.start, ends.end), (0, 3));
    }
    let read = &records[1];
    let (mut other, mut later, mut beyond) = (read.clone(), read.clone(), read.clone());
    other.value = Bytes::from_static(b"other");
    later.append_ms += 1;
    beyond.offset = 3;
    for (case, read) in [("bytes", other), ("append time", later), ("end", beyond)] {
        let changed = Error::Changed {
            topic: topic.clone(),
            partition: 0,
            offset: read.offset,
            start: 0,
            end: 3,
        };
        assert_eq!(journal.confirm(&topic, 0, &read), Err(changed), "{case}");
    }
    let look = journal.inspect(&topic, 0, Some(2), 3).expect("it is there");
    assert_eq!(look.record, records.last().cloned());
}

pub(super) fn tail(journal: &Journal) {
    let topic = topic(journal, 1);
    fill(journal, &topic, 50);
    let (send, receive) = mpsc::channel();
    let tail = Tail::spawn(
        journal.clone(),
        &topic,
        0,
        0,
        1 << 20,
        LONG_GAP,
        move |event| {
            let _ = send.send(event);
        },
    );
    let expect = |range: std::ops::Range<u64>| {
        let mut next = range.start;
        while next < range.end {
            match receive.recv_timeout(PATIENCE).expect("the tail continues") {
                // Batches from before a seek may still arrive.
                TailEvent::Batch(batch)
                    if batch
                        .records
                        .first()
                        .is_some_and(|first| first.offset == next) =>
                {
                    next = batch.next;
                }
                TailEvent::Lost(error) => panic!("lost: {error}"),
                _ => {}
            }
        }
    };
    expect(0..50);
    put(journal, &topic, 0, "live");
    expect(50..51);
    tail.seek(20);
    expect(20..51);
    tail.seek(1000);
    let lost = |event: &TailEvent| {
        matches!(
            event,
            TailEvent::Lost(Error::OutOfRange { offset: 1000, .. })
        )
    };
    while !lost(&receive.recv_timeout(PATIENCE).expect("the tail reports it")) {}
    tail.seek(49);
    let mut next = 49;
    while next < 51 {
        if let TailEvent::Batch(batch) = receive.recv_timeout(PATIENCE).expect("the tail continues")
        {
            next = batch.next;
        }
    }
}

pub(super) fn window(journal: &Journal) {
    let topic = topic(journal, 1);
    for _ in 0..10 {
        put(journal, &topic, 0, vec![1; 10_000]);
    }
    let (send, receive) = mpsc::channel();
    let _tail = Tail::spawn(
        journal.clone(),
        &topic,
        0,
        0,
        25_000,
        LONG_GAP,
        move |event| {
            let _ = send.send(event);
        },
    );
    let mut held = Vec::new();
    let mut records = 0;
    while let Ok(event) = receive.recv_timeout(Duration::from_millis(1500)) {
        if let TailEvent::Batch(batch) = event {
            records += batch.records.len();
            held.push(batch);
        }
    }
    assert!(
        (2..=4).contains(&records),
        "{records} records of 10 kB are out in a window of 25 kB"
    );
    drop(held);
    while records < 10 {
        match receive
            .recv_timeout(PATIENCE)
            .expect("continues when permits are dropped")
        {
            TailEvent::Batch(batch) => records += batch.records.len(),
            other => panic!("{other:?}"),
        }
    }
}
