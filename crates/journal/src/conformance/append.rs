//! Appends: order, concurrency, durability, exact bytes, refusals.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{MAX_RECORD_BYTES, PATIENCE, appender, entry, insist, put, read, topic, values};
use crate::{AppendError, Appended, Entry, Journal};

pub(super) fn keep_order(journal: &Journal) {
    const COUNT: u64 = 2000;
    let topic = topic(journal, 2);
    let (appender, completions) = appender(journal, &topic);
    for token in 0..COUNT {
        insist(
            &appender,
            token,
            entry((token % 2) as u32, token.to_be_bytes()),
        );
    }
    let mut offsets = [Vec::new(), Vec::new()];
    for _ in 0..COUNT {
        let completion = completions
            .recv_timeout(PATIENCE)
            .expect("every append completes");
        let Appended { offset, .. } = completion.result.expect("it succeeds");
        offsets[(completion.token % 2) as usize].push((completion.token, offset.expect("known")));
    }
    assert!(
        completions.try_recv().is_err(),
        "every append completes once"
    );
    for (partition, placed) in offsets.iter_mut().enumerate() {
        placed.sort_unstable();
        assert!(
            placed.is_sorted_by_key(|(_, offset)| offset),
            "offsets follow the order of appending"
        );
        let records = read(journal, &topic, partition as u32, 0, placed.len());
        for ((token, offset), record) in placed.iter().zip(&records) {
            assert_eq!(
                (*offset, token.to_be_bytes().as_slice()),
                (record.offset, record.value.as_ref())
            );
        }
    }
}

pub(super) fn concurrent(journal: &Journal) {
    const EACH: usize = 300;
    let topic = topic(journal, 1);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let topic = &topic;
            scope.spawn(move || {
                let (appender, completions) = appender(journal, topic);
                for i in 0..EACH {
                    insist(&appender, i as u64, entry(0, format!("{worker} {i:04}")));
                }
                for _ in 0..EACH {
                    let completion = completions.recv_timeout(PATIENCE).expect("completes");
                    completion.result.expect("succeeds");
                }
            });
        }
    });
    let records = read(journal, &topic, 0, 0, 4 * EACH);
    let distinct: BTreeSet<&[u8]> = values(&records).into_iter().collect();
    assert_eq!(distinct.len(), 4 * EACH);
    for worker in b'0'..b'4' {
        let mine = records.iter().filter(|record| record.value[0] == worker);
        assert!(
            mine.is_sorted_by_key(|record| &record.value),
            "each appender's order is kept"
        );
    }
    assert!(records.is_sorted_by(|a, b| a.offset < b.offset));
}

pub(super) fn visible(journal: &Journal) {
    let topic = topic(journal, 1);
    for i in 0..20u64 {
        let appended = put(journal, &topic, 0, i.to_be_bytes());
        let offset = appended.offset.expect("known");
        assert_eq!(journal.offsets(&topic, 0).expect("offsets").end, offset + 1);
        let records = read(journal, &topic, 0, offset, 1);
        assert_eq!(records[0].value.as_ref(), i.to_be_bytes());
        assert_eq!(records[0].append_ms, appended.append_ms);
    }
}

pub(super) fn exact_bytes(journal: &Journal) {
    let topic = topic(journal, 1);
    let large: Vec<u8> = (0..16usize << 20)
        .map(|i| (i * 31 + (i >> 9)) as u8)
        .collect();
    let header = |name: &str, value: &'static [u8]| (name.to_owned(), Bytes::from_static(value));
    let every_byte: Vec<u8> = (0..=255).collect();
    let entries = [
        entry(0, ""),
        entry(0, every_byte),
        Entry {
            key: Some(Bytes::from_static(b"key\0")),
            ..entry(0, "v")
        },
        Entry {
            key: Some(Bytes::new()),
            ..entry(0, "empty key")
        },
        Entry {
            headers: vec![
                header("a", b""),
                header("b", b"\xff\x00"),
                header("a", b"again"),
            ],
            ..entry(0, "h")
        },
        entry(0, vec![0; 100_000]),
        Entry {
            key: Some(Bytes::from_static(b"k")),
            headers: vec![header("t", b"x")],
            ..entry(0, large)
        },
        entry(0, "after"),
    ];
    for entry in &entries {
        journal
            .append(&topic, entry.clone(), PATIENCE)
            .expect("an append succeeds");
    }
    let records = read(journal, &topic, 0, 0, entries.len());
    assert_eq!(records.len(), entries.len());
    for (i, (entry, record)) in entries.iter().zip(&records).enumerate() {
        assert!(entry.value == record.value, "value {i} differs");
        assert_eq!(entry.key, record.key, "key {i}");
        assert_eq!(entry.headers, record.headers, "headers {i}");
    }
}

pub(super) fn times(journal: &Journal) {
    let topic = topic(journal, 1);
    let before = crate::clock::now_ms();
    for i in 0..50u8 {
        put(journal, &topic, 0, [i]);
    }
    let after = crate::clock::now_ms();
    let records = read(journal, &topic, 0, 0, 50);
    assert!(records.is_sorted_by_key(|record| record.append_ms));
    // The broker's clock may differ a little.
    assert!(records[0].append_ms + 60_000 >= before && records[49].append_ms <= after + 60_000);
}

pub(super) fn refused(journal: &Journal) {
    let topic = topic(journal, 1);
    let refusals = [
        entry(1, "no such partition"),
        entry(0, vec![7; MAX_RECORD_BYTES as usize + 1]),
    ];
    for entry in refusals {
        let outcome = journal.append(&topic, entry, PATIENCE);
        assert!(
            matches!(outcome, Err(AppendError::Terminal(_))),
            "{outcome:?}"
        );
    }
    put(journal, &topic, 0, "goes on");
    assert_eq!(values(&read(journal, &topic, 0, 0, 1)), [b"goes on"]);
}

pub(super) fn flush(journal: &Journal) {
    let topic = topic(journal, 1);
    let (appender, completions) = appender(journal, &topic);
    for token in 0..100 {
        insist(&appender, token, entry(0, "x"));
    }
    appender.flush(PATIENCE).expect("all completes");
    assert_eq!(completions.try_iter().count(), 100);
}
