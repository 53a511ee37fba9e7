//! The one table of codes: what clients of the explorer see, and what the codes of the ledger mean here.

use kit::Refusal;
use proto::reason;
use tonic::{Code, Response, Status};

/// Why a call cannot be answered.
#[derive(Clone, Copy, Debug)]
pub enum Problem {
    /// The request names nothing to look for, or more than anything is called.
    BadQuery,
    /// The ledger has not answered since the explorer started.
    NotHeard,
    /// The explorer ends, and its streams with it.
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
                let message = "the explorer ends; call again";
                new(Code::Unavailable, reason::SHUTTING_DOWN, message.to_owned())
            }
        }
        .into()
    }
}

/// Whether the ledger says that there is no such thing: what it refuses to look for does not exist either.
pub fn is_absent(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::NotFound | Code::OutOfRange | Code::InvalidArgument
    )
}

/// What is not there is no error; the rest is the ledger's trouble.
pub fn found<T>(reply: Result<Response<T>, Status>) -> Result<Option<T>, Status> {
    match reply {
        Ok(reply) => Ok(Some(reply.into_inner())),
        Err(status) if is_absent(&status) => Ok(None),
        Err(status) => Err(status),
    }
}
