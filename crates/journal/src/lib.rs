//! The ordered durable log under the chain: disk, Kafka or memory.
