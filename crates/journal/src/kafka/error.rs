//! Maps Kafka's errors to the journal's.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::append::AppendError;
use crate::error::Error;

/// Maps an error that does not concern a single record.
pub(super) fn general(error: &KafkaError, what: &str) -> Error {
    if let KafkaError::ClientConfig(_, why, name, _) = error {
        // Without the value, which may be a secret.
        return Error::BadConfig(format!("Kafka property {name}: {why}"));
    }
    if let KafkaError::ClientCreation(why) = error {
        return Error::BadConfig(why.clone());
    }
    match error.rdkafka_error_code() {
        Some(code) => of_code(code, what),
        None => Error::Unavailable(format!("{what}: {error}")),
    }
}

pub(super) fn of_code(code: Code, what: &str) -> Error {
    let text = format!("{what}: {code}");
    if is_denial(code) {
        return Error::Denied(text);
    }
    match code {
        Code::InvalidTopic
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::InvalidReplicaAssignment
        | Code::InvalidConfig
        | Code::PolicyViolation
        | Code::UnsupportedVersion
        | Code::UnsupportedFeature => Error::BadConfig(text),
        _ => Error::Unavailable(text),
    }
}

/// True if the brokers deny this user access. (Failed authentication is retried: brokers that are starting refuse every client.)
fn is_denial(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
    )
}

/// True if the broker does not know the topic or the partition.
pub(super) fn is_missing(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition
    )
}

/// Maps the error of a record that was not delivered.
pub(super) fn of_delivery(code: Code, surely_not_persisted: bool) -> AppendError {
    let final_one = is_denial(code)
        || is_missing(code)
        || matches!(
            code,
            Code::MessageSizeTooLarge
                | Code::MessageBatchTooLarge
                | Code::InvalidMessageSize
                | Code::InvalidMessage
                // A compacted topic refuses a record without a key this way.
                | Code::InvalidRecord
                | Code::InvalidTopic
                | Code::InvalidTimestamp
                | Code::UnsupportedForMessageFormat
        );
    if final_one {
        AppendError::Terminal(code.to_string())
    } else if surely_not_persisted {
        AppendError::Retryable(code.to_string())
    } else {
        AppendError::Unknown(code.to_string())
    }
}
