//! A producer whose broker disappears, on librdkafka's mock cluster.

use std::sync::mpsc::{self, Receiver};

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::super::config::SAFE_BATCH_BYTES;
use super::*;
use crate::options::Options;

const TOPIC: &str = "t";
const GIVE_UP: Duration = Duration::from_secs(6);
const PATIENCE: Duration = Duration::from_secs(30);

struct Bench {
    cluster: MockCluster<'static, DefaultProducerContext>,
    producer: Producer,
    in_flight: Arc<InFlight>,
    number: u16,
    completions: Receiver<Completion>,
}

impl Bench {
    fn new() -> Bench {
        let cluster = MockCluster::new(1).expect("a cluster");
        cluster.create_topic(TOPIC, 1, 1).expect("a topic");
        let brokers = cluster.bootstrap_servers();
        let config = Config::new(&brokers, "group".into(), &Options::default());
        let mut config = config.expect("a configuration");
        config.give_up_after(GIVE_UP);
        let clients = Arc::default();
        let producer = Producer::new(&config, TOPIC, SAFE_BATCH_BYTES, &clients);
        let producer = producer.expect("a producer");
        let (send, completions) = mpsc::channel();
        let in_flight = InFlight::new(Arc::new(move |batch: Vec<Completion>| {
            batch
                .into_iter()
                .for_each(|completion| drop(send.send(completion)));
        }));
        let number = producer.registry().register(&in_flight).expect("a number");
        Bench {
            cluster,
            producer,
            in_flight,
            number,
            completions,
        }
    }

    /// Appends a record, retrying until it is accepted.
    fn append(&self, token: u64) {
        let start = Instant::now();
        let entry = || Entry {
            value: Bytes::from_static(b"x"),
            ..Entry::default()
        };
        while let Err((_, error)) =
            self.producer
                .append(&self.in_flight, self.number, token, entry())
        {
            assert!(matches!(error, AppendError::Retryable(_)), "{error}");
            assert!(start.elapsed() < PATIENCE, "{error}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn completion(&self) -> Completion {
        self.completions
            .recv_timeout(PATIENCE)
            .expect("every append completes")
    }
}

/// The second record has time left when the first is given up, and the broker returns at that moment.
#[test]
fn what_waits_behind_a_record_that_is_given_up_does_not_land_in_its_place() {
    let bench = Bench::new();
    bench.append(0);
    let first = bench.completion().result.expect("all is well");
    bench.cluster.broker_down(1).expect("the broker goes");
    bench.append(1);
    thread::sleep(GIVE_UP * 2 / 3);
    bench.append(2);
    let Completion { token, result } = bench.completion();
    assert_eq!(token, 1);
    assert!(
        matches!(
            result,
            Err(AppendError::Retryable(_) | AppendError::Unknown(_))
        ),
        "{result:?}"
    );
    bench.cluster.broker_up(1).expect("the broker comes back");
    let Completion { token, result } = bench.completion();
    assert_eq!(token, 2);
    assert!(
        matches!(
            result,
            Err(AppendError::Retryable(_) | AppendError::Unknown(_))
        ),
        "it landed before the one that it was appended behind: {result:?}"
    );
    bench.append(1);
    bench.append(2);
    let again = [bench.completion(), bench.completion()];
    assert_eq!([again[0].token, again[1].token], [1, 2]);
    let offsets = again.map(|it| it.result.expect("it is well again").offset);
    let first = first.offset.expect("named");
    assert_eq!(offsets, [Some(first + 1), Some(first + 2)]);
}
