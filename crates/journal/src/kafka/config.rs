//! The configuration of the Kafka clients.

use std::time::Duration;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use crate::error::Error;
use crate::limits::MAX_RECORD_BYTES;
use crate::options::Options;

/// Largest message in bytes: the largest record, with room for framing.
const MAX_MESSAGE_BYTES: usize = 18 << 20;
/// Values that a reader fetches ahead, in KiB, plus at most one message of the largest size.
const READ_AHEAD_KIB: usize = 24 << 10;
/// Records that a reader has ahead before it fetches more. librdkafka does not count keys and headers among the bytes above, so
/// this alone bounds records that consist of them.
const READ_AHEAD_RECORDS: usize = 16;
/// Bytes of one fetch; a larger batch comes alone. The smallest record takes a few bytes on the wire and some hundred in
/// librdkafka.
const FETCH_BYTES: usize = 1 << 20;
/// Size of the produce queue, in KiB.
const PRODUCE_QUEUE_KIB: usize = 64 << 10;
/// Size of the produce queue, in records.
const PRODUCE_QUEUE_RECORDS: usize = 200_000;
/// Time after which an unacknowledged record has failed; librdkafka reports it up to two seconds later. Well above a failover
/// (6 to 9 s until a dead leader is detected; 26 s were measured with two of three brokers gone for 12 s), so that records wait
/// for the new leader in order instead of being given up one by one. A caller with an earlier deadline gets an unknown outcome.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(40);
/// Wait of the producer for more records before it sends: enough to fill requests under load.
const LINGER: Duration = Duration::from_millis(1);
/// Interval of a client's statistics.
const STATISTICS_INTERVAL: Duration = Duration::from_secs(5);
/// Largest batch in bytes if the topic allows it; librdkafka's default.
pub(super) const MAX_BATCH_BYTES: u32 = 1_000_000;
/// Largest batch in bytes if the topic's limit is unknown: below the smallest one of a chain, 64 KiB.
pub(super) const SAFE_BATCH_BYTES: u32 = 60_000;
/// Size of a batch that the producer does not count, in bytes.
pub(super) const BATCH_OVERHEAD_BYTES: u32 = 1024;

const _: () = assert!(MAX_MESSAGE_BYTES > MAX_RECORD_BYTES as usize);
const _: () = assert!(READ_AHEAD_KIB << 10 >= MAX_MESSAGE_BYTES);
const _: () = assert!(PRODUCE_QUEUE_KIB << 10 > 2 * MAX_MESSAGE_BYTES);

/// Properties that the journal's guarantees depend on; users cannot set them.
const KEPT: &[&str] = &[
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "batch.size",
    "bootstrap.servers",
    "check.crcs",
    "client.id",
    "compression.codec",
    "compression.type",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "group.id",
    "isolation.level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "message.max.bytes",
    "message.timeout.ms",
    "metadata.broker.list",
    "request.required.acks",
    // Statistics of a client that is rarely polled would pile up.
    "statistics.interval.ms",
    "transactional.id",
];

/// Built-in SASL mechanisms. Others need libraries that are not built in (GSSAPI), or a source of tokens (OAUTHBEARER).
const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

/// Settings shared by all clients of one journal.
#[derive(Clone)]
pub(super) struct Config {
    common: ClientConfig,
    group: String,
    delivery_timeout: Duration,
}

impl Config {
    pub(super) fn new(brokers: &str, group: String, options: &Options) -> Result<Config, Error> {
        let mut common = ClientConfig::new();
        if !options.client_id.is_empty() {
            common.set("client.id", &options.client_id);
        }
        common
            .set("bootstrap.servers", brokers)
            .set("message.max.bytes", MAX_MESSAGE_BYTES.to_string())
            .set("socket.keepalive.enable", "true")
            // A returning broker is found within two seconds, a hanging one is dropped after ten.
            .set("reconnect.backoff.max.ms", "2000")
            .set("socket.timeout.ms", "10000")
            .set_log_level(RDKafkaLogLevel::Warning);
        check_mechanism(&options.kafka_config)?;
        for (name, value) in &options.kafka_config {
            if KEPT.contains(&name.as_str()) {
                return Err(Error::BadConfig(format!(
                    "the Kafka property {name} is set by the journal itself"
                )));
            }
            common.set(name, value);
        }
        Ok(Config {
            common,
            group,
            delivery_timeout: DELIVERY_TIMEOUT,
        })
    }

    /// Sets another delivery timeout.
    #[cfg(test)]
    pub(super) fn give_up_after(&mut self, timeout: Duration) {
        self.delivery_timeout = timeout;
    }

    /// For requests about topics and partitions, by a consumer.
    pub(super) fn requesting(&self) -> ClientConfig {
        let mut config = self.common.clone();
        // The end of a partition is its high watermark. By default it would be the last stable offset, which any client can
        // hold back by an open transaction.
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// For the creation of topics, and requests for their settings.
    pub(super) fn administering(&self) -> ClientConfig {
        self.common.clone()
    }

    /// For commits of positions to a group.
    pub(super) fn committing(&self, group: &str) -> ClientConfig {
        let mut config = self.requesting();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("allow.auto.create.topics", "false");
        config
    }

    /// For the reader of a partition.
    pub(super) fn reading(&self) -> ClientConfig {
        let mut config = self.committing(&self.group);
        config
            .set(
                "statistics.interval.ms",
                STATISTICS_INTERVAL.as_millis().to_string(),
            )
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "10")
            .set("fetch.queue.backoff.ms", "10")
            .set("fetch.error.backoff.ms", "100")
            .set("fetch.message.max.bytes", FETCH_BYTES.to_string())
            .set("fetch.max.bytes", MAX_MESSAGE_BYTES.to_string())
            .set("queued.min.messages", READ_AHEAD_RECORDS.to_string())
            .set("queued.max.messages.kbytes", READ_AHEAD_KIB.to_string());
        config
    }

    /// For the producer to a topic whose batches may have `batch_bytes`.
    pub(super) fn producing(&self, batch_bytes: u32) -> ClientConfig {
        let mut config = self.common.clone();
        config
            .set(
                "statistics.interval.ms",
                STATISTICS_INTERVAL.as_millis().to_string(),
            )
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", "none")
            .set("batch.size", batch_bytes.to_string())
            .set("linger.ms", LINGER.as_millis().to_string())
            .set(
                "delivery.timeout.ms",
                self.delivery_timeout.as_millis().to_string(),
            )
            .set("queue.buffering.max.kbytes", PRODUCE_QUEUE_KIB.to_string())
            .set(
                "queue.buffering.max.messages",
                PRODUCE_QUEUE_RECORDS.to_string(),
            );
        config
    }
}

/// Refuses a SASL mechanism that is not built in: librdkafka would list its own, or fail only at the first connection.
fn check_mechanism(properties: &[(String, String)]) -> Result<(), Error> {
    let last = |names: &[&str]| {
        let found = properties.iter().rev();
        let mut found = found.filter(|(name, _)| names.contains(&name.as_str()));
        found.next().map(|(_, value)| value.to_ascii_uppercase())
    };
    let protocol = last(&["security.protocol"]).unwrap_or_default();
    // Without a name librdkafka uses GSSAPI.
    let mechanism = last(&["sasl.mechanism", "sasl.mechanisms"]).unwrap_or_default();
    if !protocol.starts_with("SASL_") || MECHANISMS.contains(&mechanism.as_str()) {
        return Ok(());
    }
    Err(Error::BadConfig(format!(
        "the Kafka property sasl.mechanisms must be one of {} (GSSAPI and OAUTHBEARER are not built in)",
        MECHANISMS.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(properties: &[(&str, &str)]) -> Result<Config, Error> {
        let pair = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let options = Options {
            kafka_config: properties.iter().map(pair).collect(),
            ..Options::default()
        };
        Config::new("127.0.0.1:1", "g".into(), &options)
    }

    #[test]
    fn sasl_is_by_a_mechanism_that_is_built_in() {
        let sasl = ("security.protocol", "sasl_ssl");
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "scram-sha-512"] {
            assert!(with(&[sasl, ("sasl.mechanisms", mechanism)]).is_ok());
        }
        for others in [
            &[][..],
            &[("sasl.mechanism", "OAUTHBEARER")],
            &[("sasl.mechanisms", "GSSAPI")],
        ] {
            let error = with(&[&[sasl], others].concat()).err().expect("refused");
            let text = error.to_string();
            assert!(
                text.contains("sasl.mechanisms") && text.contains("SCRAM-SHA-512"),
                "{text}"
            );
        }
        assert!(with(&[("security.protocol", "ssl")]).is_ok());
    }
}
