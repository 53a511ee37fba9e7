//! The server's own refusals, without the handler or in its place.

use std::time::Duration;

use tonic::{Code, Status};

use crate::Refusal;

/// Retry delay of a client that was refused for load. Calls take milliseconds, but a herd that returns at once would fail again.
const OVERLOAD_RETRY: Duration = Duration::from_millis(250);
/// Retry delay of a client of a service that is shutting down.
const SHUTDOWN_RETRY: Duration = Duration::from_secs(1);

/// The refusals of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusals {
    /// `ErrorInfo.domain`.
    pub domain: &'static str,
}

impl Refusals {
    /// The limit of `calls` in progress is reached.
    pub fn overloaded(self, calls: &str) -> Status {
        let message = format!("too many {calls} in progress; try again in a moment");
        let refusal = self.refusal(Code::ResourceExhausted, "OVERLOADED", message);
        refusal.retry_after(OVERLOAD_RETRY).into()
    }

    /// The handler panicked. The panic's message stays in the log output.
    pub fn panicked(self) -> Status {
        let message = "internal error; please report it with the trace id";
        self.refusal(Code::Internal, "PANIC", message).into()
    }

    /// The deadline of the call has passed.
    pub fn deadline_exceeded(self) -> Status {
        let message = "the deadline passed before the answer was ready";
        let code = Code::DeadlineExceeded;
        self.refusal(code, "DEADLINE_EXCEEDED", message).into()
    }

    /// The service is shutting down, and ends the stream.
    pub fn shutting_down(self) -> Status {
        let message = "the service is shutting down; connect again";
        let refusal = self.refusal(Code::Unavailable, "SHUTTING_DOWN", message);
        refusal.retry_after(SHUTDOWN_RETRY).into()
    }

    /// A message has `found` bytes where the limit is `limit`.
    pub fn message_too_large(self, found: &str, limit: &str) -> Status {
        let message =
            format!("the message has {found} bytes, and the limit is {limit}; send less at once");
        self.refusal(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", message)
            .with("found_bytes", found)
            .with("limit_bytes", limit)
            .into()
    }

    fn refusal(self, code: Code, reason: &'static str, message: impl Into<String>) -> Refusal {
        Refusal::new(self.domain, code, reason, message)
    }
}
