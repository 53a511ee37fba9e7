//! How a journal is opened, beside its place.

use std::fmt;

/// Settings of a journal; only Kafka has any.
#[derive(Clone, Default)]
pub struct Options {
    /// librdkafka properties (SASL, TLS, …). Those the journal's promises rest upon cannot be set.
    pub kafka_config: Vec<(String, String)>,
    /// Replicas of a topic that is created; default: three, or as many as there are brokers.
    pub replication: Option<u16>,
    /// `min.insync.replicas` of a topic that is created; default: one less than the replicas, at least one.
    pub min_insync: Option<u16>,
    /// Name shown in the broker's logs and quotas; default: that of librdkafka.
    pub client_id: String,
}

impl fmt::Debug for Options {
    /// Shows the names of the Kafka properties only: their values may be secrets.
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
