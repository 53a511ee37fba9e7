//! Clients of librdkafka: moved, dropped, and with a missing topic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::{Creation, Error, Journal, Options, TopicSpec, Url};
use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaRespErr;

use super::{place, read_to};

/// Assigned while it still stops its last assignment, a consumer of librdkafka would abort the process.
#[test]
fn a_reader_may_be_moved_at_any_moment() {
    let Some(place) = place() else { return };
    place.topic("moved", 1 << 20);
    for value in ["a", "b", "c", "d"] {
        place.put("moved", value);
    }
    let mut reader = place.journal.reader("moved", 0, 0).expect("a reader");
    let start = Instant::now();
    for round in 0..50 {
        reader.seek(round % 4);
        reader.next(1 << 20, Duration::ZERO).expect("no error");
    }
    println!("50 moves in {:?}", start.elapsed());
    reader.seek(3);
    assert_eq!(read_to(&mut reader, 4).records[0].value.as_ref(), b"d");
}

/// Brokers that are gone must not delay the drop of a reader.
#[test]
fn a_reader_is_dropped_at_once_also_without_brokers() {
    let cluster = MockCluster::new(1).expect("a cluster");
    let name = harness::unique("kafka");
    cluster
        .create_topic(&format!("{name}-t"), 1, 1)
        .expect("a topic");
    let url = format!("kafka://{}/{name}", cluster.bootstrap_servers());
    let url = Url::parse(&url).expect("a URL");
    let journal = Journal::open(&url, &Options::default()).expect("it opens");
    let mut reader = journal.reader("t", 0, 0).expect("a reader");
    reader
        .next(1, Duration::from_millis(100))
        .expect("nothing yet");
    cluster.broker_down(1).expect("a broker is down");
    let _ = reader.next(1, Duration::from_millis(500));
    let start = Instant::now();
    drop(reader);
    println!("dropped in {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Brokers learn of a topic one after another: one that does not know it yet is ignored.
#[test]
fn a_new_topic_is_waited_for() {
    let cluster = MockCluster::new(1).expect("a cluster");
    let prefix = harness::unique("kafka");
    let name = format!("{prefix}-new");
    cluster.create_topic(&name, 1, 1).expect("a topic");
    let url = format!("kafka://{}/{prefix}", cluster.bootstrap_servers());
    let url = Url::parse(&url).expect("a URL");
    let journal = Journal::open(&url, &Options::default()).expect("it opens");
    let spec = TopicSpec {
        name: "new".into(),
        partitions: 1,
        max_record_bytes: 1000,
    };
    assert_eq!(journal.create_topic(&spec), Ok(Creation::Existed));
    let unknown = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    cluster.topic_error(&name, unknown).expect("unknown");
    std::thread::scope(|scope| {
        // Requests for the number of partitions are repeated until the topic is known.
        let asked = scope.spawn(|| journal.offsets("new", 1));
        std::thread::sleep(Duration::from_millis(500));
        let known = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        cluster.topic_error(&name, known).expect("known");
        let expected = Error::NoPartition {
            topic: "new".into(),
            partition: 1,
            partitions: 1,
        };
        assert_eq!(asked.join().expect("no panic"), Err(expected));
    });
    // A topic that was never created or seen.
    let other = journal.appender("other", Arc::new(|_| ()));
    assert_eq!(other.err(), Some(Error::NoTopic("other".into())));
}
