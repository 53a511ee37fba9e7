//! The memory journal injects the requested faults and no others.

use std::time::Duration;

use bytes::Bytes;
use journal::{
    AppendError, Chances, Entry, Error, Faults, Journal, LONG_GAP, Options, Record, Tail,
    TailEvent, TopicSpec, Url,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn place() -> (Journal, Faults) {
    let url = Url::parse("memory:").expect("a URL");
    let journal = Journal::open(&url, &Options::default()).expect("it opens");
    let spec = TopicSpec {
        name: "t".into(),
        partitions: 1,
        max_record_bytes: 1000,
    };
    journal.create_topic(&spec).expect("a topic");
    let faults = journal.faults().expect("a memory journal has faults");
    (journal, faults)
}

fn put(journal: &Journal, value: u32) -> Result<u64, AppendError> {
    let value = Bytes::copy_from_slice(&value.to_be_bytes());
    let appended = journal.append(
        "t",
        Entry {
            value,
            ..Entry::default()
        },
        PATIENCE,
    )?;
    Ok(appended.offset.expect("known"))
}

fn all(journal: &Journal) -> Vec<Record> {
    let start = journal.offsets("t", 0).expect("offsets").start;
    let mut reader = journal.reader("t", 0, start).expect("a reader");
    reader
        .next(1 << 20, Duration::ZERO)
        .expect("it reads")
        .records
}

#[test]
fn chance_decides_by_seed() {
    let run = || {
        let (journal, faults) = place();
        let chances = Chances {
            refused: 0.2,
            lost_acks: 0.2,
            duplicates: 0.2,
            holes: 0.2,
            delay_ms: 0..0,
        };
        faults.set_chances(chances, 7);
        let told: Vec<Result<u64, AppendError>> = (0..200).map(|i| put(&journal, i)).collect();
        let offsets: Vec<u64> = all(&journal).iter().map(|record| record.offset).collect();
        (told, offsets, all(&journal))
    };
    let (told, offsets, records) = run();
    let again = run();
    assert_eq!(
        (&told, &offsets),
        (&again.0, &again.1),
        "the seed decides everything"
    );
    let times = |i: u32| {
        records
            .iter()
            .filter(|record| record.value.as_ref() == i.to_be_bytes())
            .count()
    };
    let mut seen = [0; 3];
    for (i, outcome) in (0..).zip(&told) {
        match outcome {
            Ok(offset) => {
                assert!(records.iter().any(|record| record.offset == *offset));
                assert!((1..=2).contains(&times(i)));
                seen[0] += 1;
            }
            Err(AppendError::Retryable(_)) => {
                assert_eq!(times(i), 0, "what was refused is not there");
                seen[1] += 1;
            }
            Err(AppendError::Unknown(_)) => {
                assert!(times(i) >= 1);
                seen[2] += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
    assert!(
        offsets.windows(2).any(|pair| pair[1] > pair[0] + 1),
        "there are holes"
    );
}

#[test]
fn logs_are_cut_rewritten_and_skipped() {
    let (journal, faults) = place();
    for i in 0..10 {
        put(&journal, i).expect("appended");
    }
    let mut reader = journal.reader("t", 0, 10).expect("a reader");
    faults.truncate("t", 0, 6).expect("cut");
    let outcome = reader.next(1, PATIENCE).map(|batch| batch.next);
    let expected = Error::OutOfRange {
        topic: "t".into(),
        partition: 0,
        offset: 10,
        start: 0,
        end: 6,
    };
    assert_eq!(outcome, Err(expected));
    faults.skip("t", 0, 4).expect("skipped");
    assert_eq!(put(&journal, 10), Ok(10));
    faults.cut_start("t", 0, 3).expect("cut");
    faults
        .rewrite("t", 0, 4, Bytes::from_static(b"lie"))
        .expect("rewritten");
    let offsets: Vec<u64> = all(&journal).iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [3, 4, 5, 10]);
    assert_eq!(all(&journal)[1].value.as_ref(), b"lie");
    let error = journal
        .reader("t", 0, 2)
        .and_then(|mut reader| reader.next(1, PATIENCE))
        .err();
    assert!(
        matches!(
            error,
            Some(Error::OutOfRange {
                start: 3,
                end: 11,
                ..
            })
        ),
        "{error:?}"
    );
}

#[test]
fn an_outage_is_said_once_and_heals() {
    let (journal, faults) = place();
    let (send, receive) = std::sync::mpsc::channel();
    let _tail = Tail::spawn(
        journal.clone(),
        "t",
        0,
        0,
        1 << 20,
        LONG_GAP,
        move |event| drop(send.send(event)),
    );
    let next = || receive.recv_timeout(PATIENCE).expect("the tail goes on");
    assert!(matches!(next(), TailEvent::Batch(batch) if batch.end == 0));
    faults.set_reachable(false);
    assert!(matches!(
        next(),
        TailEvent::Unavailable(Error::Unavailable(_))
    ));
    assert!(matches!(put(&journal, 1), Err(AppendError::Retryable(_))));
    std::thread::sleep(Duration::from_millis(300));
    faults.set_reachable(true);
    assert!(matches!(next(), TailEvent::Available));
    assert_eq!(put(&journal, 2), Ok(0));
    loop {
        if let TailEvent::Batch(batch) = next()
            && !batch.records.is_empty()
        {
            return assert_eq!(batch.records[0].value.as_ref(), 2u32.to_be_bytes());
        }
    }
}

/// A tail that has read two records, and its events.
fn told(journal: &Journal, compare_after: Duration) -> (Tail, impl Fn() -> TailEvent) {
    for value in [1, 2] {
        put(journal, value).expect("appended");
    }
    let (send, receive) = std::sync::mpsc::channel();
    let tail = Tail::spawn(
        journal.clone(),
        "t",
        0,
        0,
        1 << 20,
        compare_after,
        move |event| drop(send.send(event)),
    );
    let next = move || receive.recv_timeout(PATIENCE).expect("the tail goes on");
    assert!(matches!(next(), TailEvent::Batch(batch) if batch.next == 2));
    (tail, next)
}

fn others(count: usize) -> Vec<Bytes> {
    vec![Bytes::from_static(b"other"); count]
}

#[test]
fn a_log_that_was_cut_and_has_grown_again_is_lost_and_not_read_on() {
    let (journal, faults) = place();
    let (tail, next) = told(&journal, Duration::ZERO);
    faults.replace_end("t", 0, 1, &others(3)).expect("replaced");
    let changed = Error::Changed {
        topic: "t".into(),
        partition: 0,
        offset: 1,
        start: 0,
        end: 4,
    };
    match next() {
        TailEvent::Lost(error) => assert_eq!(error, changed),
        other => panic!("{other:?}"),
    }
    tail.seek(1);
    assert!(matches!(next(), TailEvent::Batch(batch) if batch.records.len() == 3));
}

#[test]
fn after_an_outage_the_log_is_compared_before_anything_else_is_said() {
    let (journal, faults) = place();
    let (_tail, next) = told(&journal, Duration::MAX);
    faults.set_reachable(false);
    assert!(matches!(next(), TailEvent::Unavailable(_)));
    // As long as before: the end does not reveal it.
    faults.replace_end("t", 0, 1, &others(1)).expect("replaced");
    faults.set_reachable(true);
    let event = next();
    assert!(
        matches!(event, TailEvent::Lost(Error::Changed { offset: 1, .. })),
        "{event:?}"
    );
}

#[test]
fn a_log_that_stays_short_is_out_of_range() {
    let (journal, faults) = place();
    let (_tail, next) = told(&journal, LONG_GAP);
    faults.truncate("t", 0, 1).expect("cut");
    let event = next();
    assert!(
        matches!(
            event,
            TailEvent::Lost(Error::OutOfRange {
                offset: 2,
                end: 1,
                ..
            })
        ),
        "{event:?}"
    );
}

#[test]
fn readers_and_appends_do_not_wait_for_each_other() {
    let (journal, _faults) = place();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let mut reader = journal.reader("t", 0, 0).expect("a reader");
            scope.spawn(move || {
                let mut seen = 0;
                while seen < 5000 {
                    let batch = reader.next(64, Duration::from_millis(1));
                    seen += batch.expect("it reads").records.len();
                }
            });
        }
        for value in 0..5000 {
            put(&journal, value).expect("an answer in time");
        }
    });
}
