//! Does to a topic of Kafka what others may and the journal never would, for scenarios:
//!
//! * `foreign open BROKERS TOPIC PARTITION ID` begins a transaction, appends one record, prints `open`, and aborts it when its
//!   stdin ends;
//! * `foreign headers BROKERS TOPIC PARTITION RECORDS HEADERS` appends records of one byte with many empty headers.

use std::io::Read;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

const PATIENCE: Duration = Duration::from_secs(30);
/// Records in flight at once: one may have 200 kB.
const AT_ONCE: usize = 20;

type Failure = Box<dyn std::error::Error>;

/// The partition of a topic, by a client of Kafka.
struct Place {
    producer: ClientConfig,
    topic: String,
    partition: i32,
}

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let place = |brokers: &str, topic: &str, partition: &str| -> Result<Place, Failure> {
        let mut producer = ClientConfig::new();
        producer
            .set("bootstrap.servers", brokers)
            .set("message.max.bytes", "5000000")
            .set("batch.size", "60000");
        Ok(Place {
            producer,
            topic: topic.to_owned(),
            partition: partition.parse()?,
        })
    };
    match words[..] {
        ["open", brokers, topic, partition, id] => open(place(brokers, topic, partition)?, id),
        ["headers", brokers, topic, partition, records, headers] => bomb(
            &place(brokers, topic, partition)?,
            records.parse()?,
            headers.parse()?,
        ),
        _ => Err("usage: see the first lines of foreign.rs".into()),
    }
}

fn open(mut place: Place, id: &str) -> Result<(), Failure> {
    let producer: BaseProducer = place.producer.set("transactional.id", id).create()?;
    producer.init_transactions(PATIENCE)?;
    producer.begin_transaction()?;
    place.send(&producer, OwnedHeaders::new())?;
    producer.flush(PATIENCE)?;
    println!("open");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    producer.abort_transaction(PATIENCE)?;
    Ok(())
}

fn bomb(place: &Place, records: usize, headers: usize) -> Result<(), Failure> {
    let producer: BaseProducer = place.producer.create()?;
    let none = OwnedHeaders::new_with_capacity(headers);
    let all = (0..headers).fold(none, |all, _| {
        let value = Some("");
        all.insert(Header { key: "", value })
    });
    for sent in 1..=records {
        place.send(&producer, all.clone())?;
        if sent % AT_ONCE == 0 || sent == records {
            producer.flush(PATIENCE)?;
        }
    }
    match producer.in_flight_count() {
        0 => Ok(()),
        left => Err(format!("{left} records were not delivered").into()),
    }
}

impl Place {
    fn send(&self, producer: &BaseProducer, headers: OwnedHeaders) -> Result<(), Failure> {
        let record = BaseRecord::<(), str>::to(&self.topic)
            .partition(self.partition)
            .payload("x")
            .headers(headers);
        producer.send(record).map_err(|(error, _)| error.into())
    }
}
