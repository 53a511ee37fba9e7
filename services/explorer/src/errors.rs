//! The one table of codes: the explorer's own, and the meaning of the ledger's.

use kit::Refusal;
use proto::reason;
use tonic::{Code, Response, Status};

/// A call cannot be answered.
#[derive(Clone, Copy, Debug)]
pub enum Problem {
    /// The query is empty, or longer than any name.
    BadQuery,
    /// The ledger has not answered since the explorer started.
    NotHeard,
    /// The explorer is shutting down.
    ShuttingDown,
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let new =
            |code, reason, message: String| Refusal::new(reason::DOMAIN, code, reason, message);
        match problem {
            Problem::BadQuery => {
                let what = "a height, a hash or id (8 hex digits or more), an account, or partition:offset";
                let message = format!("query: {what}");
                new(Code::InvalidArgument, reason::MISSING_FIELD, message).field("query", what)
            }
            Problem::NotHeard => {
                let message = "the ledger has not answered yet; see /ready on the admin port";
                new(Code::Unavailable, reason::CATCHING_UP, message.to_owned())
            }
            Problem::ShuttingDown => {
                let message = "the explorer is shutting down; call again";
                new(Code::Unavailable, reason::SHUTTING_DOWN, message.to_owned())
            }
        }
        .into()
    }
}

/// True if the ledger reports that the subject does not exist. A subject that it refuses to look up does not exist either.
pub fn is_absent(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::NotFound | Code::OutOfRange | Code::InvalidArgument
    )
}

/// `None` if the subject does not exist; other errors of the ledger stay errors.
pub fn found<T>(reply: Result<Response<T>, Status>) -> Result<Option<T>, Status> {
    match reply {
        Ok(reply) => Ok(Some(reply.into_inner())),
        Err(status) if is_absent(&status) => Ok(None),
        Err(status) => Err(status),
    }
}
