//! Errors of a gRPC server: a code, a stable reason, and `google.rpc` details.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// A refused call. Becomes a [`Status`] with `ErrorInfo`, and with `BadRequest` and `RetryInfo` if they apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The `domain` of `ErrorInfo`, which defines the reasons.
    pub domain: &'static str,
    /// Code of the status.
    pub code: Code,
    /// Stable name in capitals; clients match on it.
    pub reason: &'static str,
    /// One sentence for people.
    pub message: Box<str>,
    /// Facts for programs.
    pub metadata: Vec<(&'static str, String)>,
    /// Delay after which a retry may succeed.
    pub retry_after: Option<Duration>,
    /// Invalid fields of the request: path, description.
    pub fields: Vec<(String, String)>,
}

impl Refusal {
    /// A refusal without facts.
    pub fn new(
        domain: &'static str,
        code: Code,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            domain,
            code,
            reason,
            message: message.into().into(),
            metadata: vec![],
            retry_after: None,
            fields: vec![],
        }
    }

    /// Adds a fact.
    pub fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    /// Adds an invalid field.
    pub fn field(mut self, path: impl Into<String>, description: impl Into<String>) -> Self {
        self.fields.push((path.into(), description.into()));
        self
    }

    /// Sets the delay before a retry.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let mut metadata: HashMap<String, String> = refusal
            .metadata
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        // A bug report is more useful with a trace that shows the bug.
        if refusal.code == Code::Internal
            && let Some(id) = crate::trace::current_trace_id()
        {
            metadata.entry("trace_id".to_owned()).or_insert(id);
        }
        let mut details = ErrorDetails::with_error_info(refusal.reason, refusal.domain, metadata);
        if !refusal.fields.is_empty() {
            let fields = refusal.fields.into_iter();
            details.set_bad_request(
                fields
                    .map(|(path, text)| FieldViolation::new(path, text))
                    .collect::<Vec<_>>(),
            );
        }
        if let Some(delay) = refusal.retry_after {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(refusal.code, refusal.message, details)
    }
}

/// `ErrorInfo` of a received status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Stable name in capitals.
    pub reason: String,
    /// The service that defines the reason.
    pub domain: String,
    /// Facts, sorted by key.
    pub metadata: Vec<(String, String)>,
}

/// The `ErrorInfo` of a status, if it has one.
pub fn info(status: &Status) -> Option<Info> {
    let info = status.get_details_error_info()?;
    let mut metadata: Vec<_> = info.metadata.into_iter().collect();
    metadata.sort();
    Some(Info {
        reason: info.reason,
        domain: info.domain,
        metadata,
    })
}

/// The stable reason of a status, if it has one.
pub fn reason(status: &Status) -> Option<String> {
    info(status).map(|info| info.reason)
}

/// The delay after which, by the server, a retry may succeed.
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// The fields that the server found invalid: path, description.
pub fn fields(status: &Status) -> Vec<(String, String)> {
    let violations = status
        .get_details_bad_request()
        .map(|request| request.field_violations);
    violations
        .into_iter()
        .flatten()
        .map(|violation| (violation.field, violation.description))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_survive_the_way_to_the_client() {
        let refusal = Refusal::new("weather", Code::InvalidArgument, "TOO_COLD", "too cold")
            .with("celsius", -300)
            .field("sky.temperature", "below absolute zero")
            .retry_after(Duration::from_millis(1500));
        let status = Status::from(refusal);
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, "too cold")
        );
        let info = info(&status).unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("TOO_COLD", "weather")
        );
        assert_eq!(info.metadata, [("celsius".to_owned(), "-300".to_owned())]);
        assert_eq!(
            fields(&status),
            [(
                "sky.temperature".to_owned(),
                "below absolute zero".to_owned()
            )]
        );
        assert_eq!(retry_after(&status), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn a_plain_status_has_no_reason() {
        assert_eq!(reason(&Status::internal("plain")), None);
    }
}
