//! Options of a journal, in addition to its URL.

use std::fmt;

/// Settings of a journal; only Kafka has any.
#[derive(Clone, Default)]
pub struct Options {
    /// librdkafka properties (SASL, TLS, …). Those that the journal's guarantees depend on cannot be set.
    pub kafka_config: Vec<(String, String)>,
    /// Replicas of a new topic; default: three, or the number of brokers if that is smaller.
    pub replication: Option<u16>,
    /// `min.insync.replicas` of a new topic; default: one less than the replicas, at least one.
    pub min_insync: Option<u16>,
    /// Name in the broker's log files and quotas; default: librdkafka's.
    pub client_id: String,
}

impl fmt::Debug for Options {
    /// Shows only the names of the Kafka properties: their values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .kafka_config
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        f.debug_struct("Options")
            .field("kafka_config", &names)
            .field("replication", &self.replication)
            .field("min_insync", &self.min_insync)
            .field("client_id", &self.client_id)
            .finish()
    }
}
