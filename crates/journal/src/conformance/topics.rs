//! Topics: created, described, missing, independent.

use super::{MAX_RECORD_BYTES, entry, put, read, spec, topic, unique, values};
use crate::{AppendError, Creation, Error, Journal, Offsets, Setting, TopicSpec};

pub(super) fn created_once(journal: &Journal) {
    let spec = spec(&unique("once"), 3);
    assert_eq!(journal.create_topic(&spec), Ok(Creation::Created));
    assert_eq!(journal.create_topic(&spec), Ok(Creation::Existed));
    for partition in 0..3 {
        assert_eq!(
            journal.offsets(&spec.name, partition),
            Ok(Offsets { start: 0, end: 0 })
        );
    }
}

pub(super) fn described(journal: &Journal) {
    let spec = spec(&unique("described"), 2);
    assert_eq!(journal.describe(&spec), Ok(None));
    journal.create_topic(&spec).expect("a topic is created");
    let description = journal.describe(&spec).expect("described").expect("there");
    assert_eq!(description.partitions, 2);
    assert_eq!(description.start_offsets, [0, 0]);
    assert_eq!(description.mismatches, []);
    let more = TopicSpec {
        partitions: 4,
        max_record_bytes: MAX_RECORD_BYTES + 1,
        ..spec.clone()
    };
    let mismatches = journal
        .describe(&more)
        .expect("described")
        .expect("there")
        .mismatches;
    let named: Vec<(Setting, &str, bool)> = mismatches
        .iter()
        .map(|fault| (fault.setting, fault.found.as_str(), fault.fatal))
        .collect();
    let limit = MAX_RECORD_BYTES.to_string();
    assert_eq!(
        named,
        [
            (Setting::Partitions, "2", true),
            (Setting::Named("max.message.bytes"), limit.as_str(), false)
        ]
    );
}

pub(super) fn missing(journal: &Journal) {
    let name = unique("missing");
    let none = Error::NoTopic(name.clone());
    assert_eq!(journal.offsets(&name, 0), Err(none.clone()));
    assert_eq!(
        journal.appender(&name, std::sync::Arc::new(|_| ())).err(),
        Some(none.clone())
    );
    let appended = journal.append(&name, entry(0, "x"), super::PATIENCE);
    assert!(
        matches!(appended, Err(AppendError::Terminal(_))),
        "{appended:?}"
    );
    let read = journal
        .reader(&name, 0, 0)
        .and_then(|mut reader| reader.next(1, super::PATIENCE));
    assert_eq!(read.err(), Some(none));

    let name = topic(journal, 2);
    let none = Error::NoPartition {
        topic: name.clone(),
        partition: 2,
        partitions: 2,
    };
    assert_eq!(journal.offsets(&name, 2), Err(none.clone()));
    let read = journal
        .reader(&name, 2, 0)
        .and_then(|mut reader| reader.next(1, super::PATIENCE));
    assert_eq!(read.err(), Some(none));
}

pub(super) fn independent(journal: &Journal) {
    let (one, two) = (topic(journal, 2), topic(journal, 2));
    for (topic, partition, value) in [
        (&one, 0, "a"),
        (&two, 0, "b"),
        (&one, 1, "c"),
        (&two, 1, "d"),
        (&one, 0, "e"),
    ] {
        put(journal, topic, partition, value);
    }
    assert_eq!(values(&read(journal, &one, 0, 0, 2)), [b"a", b"e"]);
    assert_eq!(values(&read(journal, &one, 1, 0, 1)), [b"c"]);
    assert_eq!(values(&read(journal, &two, 0, 0, 1)), [b"b"]);
    assert_eq!(values(&read(journal, &two, 1, 0, 1)), [b"d"]);
    assert_eq!(journal.offsets(&one, 0), Ok(Offsets { start: 0, end: 2 }));
}

pub(super) fn concurrent_creators(journal: &Journal) {
    let spec = spec(&unique("race"), 1);
    let created: Vec<Creation> = std::thread::scope(|scope| {
        let creators: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| journal.create_topic(&spec)))
            .collect();
        let outcome = |creator: std::thread::ScopedJoinHandle<'_, Result<Creation, Error>>| {
            creator
                .join()
                .expect("no panic")
                .expect("creating what exists is no error")
        };
        creators.into_iter().map(outcome).collect()
    });
    assert_eq!(
        created
            .iter()
            .filter(|creation| **creation == Creation::Created)
            .count(),
        1
    );
}
