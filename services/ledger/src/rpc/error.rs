//! Why a call is refused, and how that looks on the wire: the one place that knows both.

use std::time::Duration;

use kit::Refusal;
use proto::{reason, wire};
use tonic::{Code, Status};

use crate::store;

/// When a ledger that catches up may be asked again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a call is refused.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// A field does not translate.
    Field(wire::Error),
    /// The index fails.
    Store(store::Error),
    /// There is no block 0 yet.
    NoChain,
    /// There is a chain, and it is not read far enough yet to say anything.
    CatchingUp,
    /// The tip that was asked for is not there yet.
    BelowHeight {
        /// Height asked for.
        wanted: u64,
        /// Height of the tip.
        tip: u64,
    },
    /// No block has this height yet.
    HeightAboveTip {
        /// Height asked for.
        height: u64,
        /// Height of the tip.
        tip: u64,
    },
    /// No block has this hash.
    UnknownBlock {
        /// As of which tip.
        as_of: u64,
    },
    /// A stream's reader was too slow.
    Lagged {
        /// Where to go on: height, sequence.
        resume_from: u64,
    },
    /// The service ends.
    ShuttingDown {
        /// Where to go on: height, sequence.
        resume_from: u64,
    },
    /// In the contract, and not here yet.
    NotImplemented(&'static str),
}

impl From<wire::Error> for Error {
    fn from(error: wire::Error) -> Error {
        Error::Field(error)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        Error::Store(error)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        if let Error::Store(error) = &error {
            tracing::error!("a query failed: {error}");
        }
        Status::from(refusal(error))
    }
}

fn refusal(error: Error) -> Refusal {
    let refuse =
        |code, reason, message: String| Refusal::new(reason::DOMAIN, code, reason, message);
    match error {
        Error::Field(error) => refuse(Code::InvalidArgument, error.reason, error.to_string())
            .with("field", &error.field)
            .field(error.field, error.message),
        Error::Store(error) => refuse(Code::Internal, reason::INTERNAL, error.to_string()),
        Error::NoChain => {
            let message = "there is no block 0 on the topic yet: start a service with --genesis, or run `blocklog init`";
            refuse(Code::FailedPrecondition, reason::NO_CHAIN, message.into())
        }
        Error::CatchingUp => refuse(
            Code::Unavailable,
            reason::CATCHING_UP,
            "the ledger is reading the log: try again".into(),
        )
        .retry_after(RETRY_AFTER),
        Error::BelowHeight { wanted, tip } => refuse(
            Code::Unavailable,
            reason::CATCHING_UP,
            format!("the tip is at height {tip}, not {wanted} yet: try again"),
        )
        .with("tip", tip)
        .retry_after(RETRY_AFTER),
        Error::HeightAboveTip { height, tip } => refuse(
            Code::OutOfRange,
            reason::HEIGHT_ABOVE_TIP,
            format!("no block has height {height} yet: the tip is at {tip}"),
        )
        .with("tip", tip),
        Error::UnknownBlock { as_of } => refuse(
            Code::NotFound,
            reason::UNKNOWN_BLOCK,
            format!("no block has this hash, as of height {as_of}"),
        )
        .with("as_of_height", as_of),
        Error::Lagged { resume_from } => refuse(
            Code::Aborted,
            reason::STREAM_LAGGED,
            format!("the reader is too slow: resume from {resume_from}"),
        )
        .with("resume_from", resume_from),
        Error::ShuttingDown { resume_from } => refuse(
            Code::Unavailable,
            reason::SHUTTING_DOWN,
            format!("the ledger is shutting down: resume from {resume_from}"),
        )
        .with("resume_from", resume_from),
        Error::NotImplemented(name) => refuse(
            Code::Unimplemented,
            reason::NOT_IMPLEMENTED,
            format!("{name} is not in this version"),
        ),
    }
}
