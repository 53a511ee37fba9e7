//! Finds or starts the real Kafka broker for tests.
