//! Tests that need a real Kafka: its limits, holes and settings, and records of other programs.

mod clients;
mod others;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::{
    AppendError, Batch, Completion, Entry, Error, Journal, Options, Reader, Setting, TopicSpec, Url,
};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

const PATIENCE: Duration = Duration::from_secs(30);

/// A separate journal on the test broker.
struct Place {
    brokers: String,
    prefix: String,
    journal: Journal,
}

fn place() -> Option<Place> {
    let brokers = harness::kafka()?;
    let prefix = harness::unique("kafka");
    let url = Url::parse(&format!("kafka://{brokers}/{prefix}")).expect("a URL");
    let journal = Journal::open(&url, &Options::default()).expect("it opens");
    Some(Place {
        brokers,
        prefix,
        journal,
    })
}

impl Place {
    fn topic(&self, name: &str, max_record_bytes: u32) -> TopicSpec {
        let spec = TopicSpec {
            name: name.into(),
            partitions: 1,
            max_record_bytes,
        };
        self.journal.create_topic(&spec).expect("a topic");
        spec
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    fn put(&self, topic: &str, value: &'static str) {
        let entry = Entry {
            value: Bytes::from_static(value.as_bytes()),
            ..Entry::default()
        };
        self.journal
            .append(topic, entry, PATIENCE)
            .expect("appended");
    }
}

/// Reads until `next` has reached `end`.
fn read_to(reader: &mut Reader, end: u64) -> Batch {
    let start = Instant::now();
    let mut all = Batch::default();
    while all.next < end {
        assert!(
            start.elapsed() < PATIENCE,
            "reading stands at {} of {end}",
            all.next
        );
        let batch = reader
            .next(1 << 20, Duration::from_secs(1))
            .expect("a read succeeds");
        all.records.extend(batch.records);
        (all.next, all.end) = (batch.next, batch.end);
    }
    all
}

/// A topic's limit counts whole batches: many small records at once must not run into it.
#[test]
fn batches_stay_below_the_limit_of_the_topic() {
    const COUNT: u64 = 20_000;
    let Some(place) = place() else { return };
    let spec = place.topic("small", 64 << 10);
    let (send, receive) = mpsc::channel();
    let sink = Arc::new(move |batch: Vec<Completion>| drop(send.send(batch)));
    let appender = place
        .journal
        .appender(&spec.name, sink)
        .expect("an appender");
    for token in 0..COUNT {
        let headers = vec![("traceparent".to_owned(), Bytes::from(vec![b'x'; 55]))];
        let key = Some(Bytes::from(vec![7; 32]));
        let entry = Entry {
            partition: 0,
            key,
            value: Bytes::from(vec![1; 200]),
            headers,
        };
        appender
            .append(token, entry)
            .map_err(|(_, error)| error)
            .expect("there is room");
    }
    let mut batches = 0;
    let mut done = 0;
    while done < COUNT {
        let batch = receive
            .recv_timeout(PATIENCE)
            .expect("everything completes");
        batches += 1;
        for completion in batch {
            completion.result.expect("it succeeds");
            done += 1;
        }
    }
    assert!(
        batches < COUNT / 4,
        "{batches} wake-ups for {COUNT} records"
    );
    let large = Entry {
        value: Bytes::from(vec![1; 66_000]),
        ..Entry::default()
    };
    let refused = place.journal.append(&spec.name, large, PATIENCE);
    assert!(
        matches!(refused, Err(AppendError::Terminal(_))),
        "{refused:?}"
    );
}

#[test]
fn a_log_that_lost_its_beginning_is_out_of_range() {
    let Some(place) = place() else { return };
    let spec = place.topic("cut", 1 << 20);
    for _ in 0..10 {
        place.put("cut", "x");
    }
    let mut reader = place.journal.reader("cut", 0, 0).expect("a reader");
    assert_eq!(reader.next(1, PATIENCE).expect("a record").next, 1);

    let admin: rdkafka::admin::AdminClient<_> = place.config().create().expect("an admin client");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&place.journal.topic_name("cut"), 0, Offset::Offset(6))
        .expect("a list");
    let options = rdkafka::admin::AdminOptions::new();
    futures(admin.delete_records(&list, &options)).expect("deleted");

    let expected = Error::OutOfRange {
        topic: "cut".into(),
        partition: 0,
        offset: 2,
        start: 6,
        end: 10,
    };
    let mut reader = place.journal.reader("cut", 0, 2).expect("a reader");
    assert_eq!(
        reader.next(1, PATIENCE).map(|batch| batch.next),
        Err(expected)
    );
    let description = place
        .journal
        .describe(&spec)
        .expect("described")
        .expect("there");
    assert_eq!(description.start_offsets, [6]);
    assert!(
        description
            .mismatches
            .iter()
            .any(|fault| fault.setting == Setting::StartOffset(0) && !fault.fatal)
    );
}

#[test]
fn wrong_settings_are_named_and_compaction_refuses_writes() {
    let Some(place) = place() else { return };
    let admin: rdkafka::admin::AdminClient<_> = place.config().create().expect("an admin client");
    let name = place.journal.topic_name("wrong");
    let topic = rdkafka::admin::NewTopic::new(&name, 1, rdkafka::admin::TopicReplication::Fixed(1))
        .set("cleanup.policy", "compact")
        .set("message.timestamp.type", "CreateTime")
        .set("retention.ms", "1000");
    let options = rdkafka::admin::AdminOptions::new();
    futures(admin.create_topics([&topic], &options)).expect("asked")[0]
        .as_ref()
        .expect("created");

    let spec = TopicSpec {
        name: "wrong".into(),
        partitions: 1,
        max_record_bytes: 1000,
    };
    let description = place
        .journal
        .describe(&spec)
        .expect("described")
        .expect("there");
    let faults: Vec<(String, &str, bool)> = description
        .mismatches
        .iter()
        .map(|fault| (fault.setting.to_string(), fault.found.as_str(), fault.fatal))
        .collect();
    let expected = [
        ("cleanup.policy", "compact", true),
        ("message.timestamp.type", "CreateTime", true),
        ("retention.ms", "1000", false),
        ("compression.type", "producer", false),
    ];
    assert_eq!(
        faults,
        expected.map(|(setting, found, fatal)| (setting.to_owned(), found, fatal))
    );
    let refused = place.journal.append("wrong", Entry::default(), PATIENCE);
    assert!(
        matches!(refused, Err(AppendError::Terminal(_))),
        "{refused:?}"
    );
}

#[test]
fn positions_are_shown() {
    let Some(place) = place() else { return };
    place.topic("shown", 1 << 20);
    place.put("shown", "x");
    let group = place.journal.topic_name("ledger");
    let consumer: BaseConsumer = place
        .config()
        .set("group.id", &group)
        .create()
        .expect("a consumer");
    let mut list = TopicPartitionList::new();
    list.add_partition(&place.journal.topic_name("shown"), 0);
    let start = Instant::now();
    loop {
        place
            .journal
            .commit_position("ledger", "shown", 0, 1)
            .expect("committed");
        let committed = consumer
            .committed_offsets(list.clone(), PATIENCE)
            .expect("an answer");
        if committed.elements()[0].offset() == Offset::Offset(1) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "the position is not shown");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_topic_that_is_deleted_is_noticed() {
    let Some(place) = place() else { return };
    place.topic("gone", 1 << 20);
    place.put("gone", "x");
    let mut reader = place.journal.reader("gone", 0, 0).expect("a reader");
    read_to(&mut reader, 1);
    let admin: rdkafka::admin::AdminClient<_> = place.config().create().expect("an admin client");
    let options = rdkafka::admin::AdminOptions::new();
    let name = place.journal.topic_name("gone");
    futures(admin.delete_topics(&[&name], &options)).expect("asked")[0]
        .as_ref()
        .expect("deleted");
    let start = Instant::now();
    let error = loop {
        assert!(start.elapsed() < PATIENCE, "nobody notices");
        match reader.next(1 << 20, Duration::from_millis(200)) {
            Err(error) if !error.is_retryable() => break error,
            _ => {}
        }
    };
    assert_eq!(error, Error::NoTopic("gone".into()));
}

#[test]
fn nobody_changes_what_the_journal_rests_upon() {
    let url = Url::parse("kafka://127.0.0.1:1/x").expect("a URL");
    for (name, value) in [
        ("acks", "1"),
        ("no.such.property", "1"),
        ("socket.timeout.ms", "soon"),
    ] {
        let kafka_config = vec![(name.to_owned(), value.to_owned())];
        let options = Options {
            kafka_config,
            ..Options::default()
        };
        let error = Journal::open(&url, &options).err().expect("refused");
        assert!(
            matches!(&error, Error::BadConfig(why) if why.contains(name)),
            "{error}"
        );
        assert!(!error.to_string().contains("soon"), "values may be secrets");
    }
}

#[test]
fn brokers_that_are_not_there_are_unavailable() {
    let url = Url::parse("kafka://127.0.0.1:1/x").expect("a URL");
    let journal = Journal::open(&url, &Options::default()).expect("brokers are not contacted");
    let mut reader = journal.reader("t", 0, 0).expect("a reader");
    let error = reader.next(1, Duration::ZERO).expect_err("nobody is there");
    assert!(error.is_retryable(), "{error}");
}

/// Runs one of the bindings' futures to its end.
fn futures<F: Future>(future: F) -> F::Output {
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
