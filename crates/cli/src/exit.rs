//! The end of a command: one exit code for each kind of failure, for scripts, and a message with the next step.

use std::fmt;

use proto::reason;
use tonic::Code;
use tonic_types::StatusExt;

use crate::escape;

/// Exit codes. 0 is success, 2 a usage error (clap's own).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Anything without its own code.
    Other = 1,
    /// The arguments are wrong.
    Usage = 2,
    /// No such block, transaction, account or record.
    NotFound = 3,
    /// The transaction was refused, by ingest or by the chain.
    Rejected = 4,
    /// A service or the journal is unreachable.
    Unavailable = 5,
    /// A proof, an export or a journal does not verify.
    DoesNotVerify = 6,
    /// The record may or may not have been persisted.
    OutcomeUnknown = 7,
}

/// The failure of a command.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// A stable reason, if any, such as `BAD_SIGNATURE`.
    pub reason: Option<String>,
    /// The problem, and the next step.
    pub message: String,
    /// Details as name and value.
    pub metadata: Vec<(String, String)>,
}

/// The result of every command.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with a message only.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            reason: None,
            message: message.into(),
            metadata: Vec::new(),
        }
    }

    /// Adds a stable reason.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }
}

/// For people, with control characters escaped: much of it comes from services.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = escape::value(&self.message);
        match &self.reason {
            Some(reason) => write!(f, "{}: {message}", escape::value(reason))?,
            None => f.write_str(&message)?,
        }
        for (name, value) in &self.metadata {
            write!(f, "\n  {}: {}", escape::value(name), escape::value(value))?;
        }
        Ok(())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Other, error.to_string())
    }
}

impl From<proto::wire::Error> for Failure {
    fn from(error: proto::wire::Error) -> Self {
        Self::new(Exit::Usage, error.to_string()).reason(error.reason)
    }
}

impl From<journal::Error> for Failure {
    fn from(error: journal::Error) -> Self {
        use journal::Error;
        let exit = match &error {
            // Unlike a service, a command does not retry.
            Error::Unavailable(why) => {
                let message = format!(
                    "the journal cannot be reached: {why}; does the broker run, is --journal right, and does it want TLS or a password (--kafka-config)?"
                );
                return Self::new(Exit::Unavailable, message);
            }
            Error::Locked { .. } | Error::Unauthenticated(_) => Exit::Unavailable,
            Error::Corrupt { .. } | Error::Changed { .. } => Exit::DoesNotVerify,
            Error::NoTopic(_) | Error::NoPartition { .. } | Error::OutOfRange { .. } => {
                Exit::NotFound
            }
            Error::BadUrl(_) | Error::BadConfig(_) | Error::NotEmpty { .. } => Exit::Usage,
            Error::ReadOnly { .. } | Error::Denied(_) | Error::Io { .. } | Error::Stopped(_) => {
                Exit::Other
            }
        };
        Self::new(exit, error.to_string())
    }
}

impl From<chain::proof::Error> for Failure {
    fn from(error: chain::proof::Error) -> Self {
        use chain::proof::Error;
        let reason = match error {
            Error::OtherHeader { .. } => "OTHER_HEADER",
            Error::BadPath => "BAD_PATH",
            Error::BadLeaf => "BAD_LEAF",
            Error::OtherRecord => "OTHER_RECORD",
        };
        Self::new(Exit::DoesNotVerify, error.to_string()).reason(reason)
    }
}

/// Maps the failure of a replay.
impl From<follow::Fatal> for Failure {
    fn from(fatal: follow::Fatal) -> Self {
        use follow::Fatal;
        let reason = match fatal {
            Fatal::WrongChain { .. } => reason::WRONG_CHAIN,
            Fatal::DataLoss(_) => reason::DATA_LOSS,
            Fatal::Journal(error) => return error.into(),
        };
        Self::new(Exit::DoesNotVerify, fatal.to_string()).reason(reason)
    }
}

impl From<topics::config::Error> for Failure {
    fn from(error: topics::config::Error) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<topics::config::OpenError> for Failure {
    fn from(error: topics::config::OpenError) -> Self {
        match error {
            topics::config::OpenError::File(error) => error.into(),
            topics::config::OpenError::Journal(error) => error.into(),
        }
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let info = status.get_details_error_info();
        let reason = info.as_ref().map(|info| info.reason.clone());
        let mut metadata: Vec<(String, String)> = info
            .map(|info| info.metadata.into_iter().collect())
            .unwrap_or_default();
        metadata.sort();
        let exit = match status.code() {
            Code::NotFound | Code::OutOfRange => Exit::NotFound,
            Code::InvalidArgument => rejected_or_usage(reason.as_deref()),
            Code::FailedPrecondition => unmet(reason.as_deref()),
            Code::PermissionDenied | Code::Unauthenticated => Exit::Rejected,
            Code::Unavailable | Code::ResourceExhausted => Exit::Unavailable,
            Code::DeadlineExceeded if reason.as_deref() == Some(reason::OUTCOME_UNKNOWN) => {
                Exit::OutcomeUnknown
            }
            Code::DeadlineExceeded => Exit::Unavailable,
            Code::DataLoss => Exit::DoesNotVerify,
            // Without a reason the server is not of Blocklog: the address is wrong.
            Code::Unimplemented if reason.is_none() => Exit::Usage,
            _ => Exit::Other,
        };
        let mut message = status.message().to_owned();
        if status.code() == Code::Unavailable && reason.is_none() {
            message.push_str(
                "; does the service run? Its address is set with --ledger, --ingest or --miner",
            );
        }
        Self {
            exit,
            reason,
            message,
            metadata,
        }
    }
}

/// The exit code if the subject does not exist: not yet, no longer, or never.
fn unmet(reason: Option<&str>) -> Exit {
    match reason {
        Some(reason::NO_CHAIN) => Exit::Unavailable,
        Some(reason::PENDING | reason::PRUNED) => Exit::NotFound,
        Some(reason::NO_LOG_KEY) => Exit::Other,
        _ => Exit::Rejected,
    }
}

/// A refusal by a rule of the chain is a rejection; one for a malformed request is a usage error.
fn rejected_or_usage(reason: Option<&str>) -> Exit {
    match reason {
        None
        | Some(
            reason::MISSING_FIELD
            | reason::BAD_FIELD
            | reason::BAD_PAGE_TOKEN
            | reason::BAD_PARTITION
            | reason::INVERTED_RANGE,
        ) => Exit::Usage,
        Some(_) => Exit::Rejected,
    }
}
