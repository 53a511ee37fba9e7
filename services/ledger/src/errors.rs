//! The one table from what can go wrong to what clients see: codes, reasons, details.

use std::time::Duration;

use kit::Refusal;
use proto::reason;
use tonic::{Code, Status};
use topics::bootstrap::NO_BLOCK_ZERO;

use crate::problem::Problem;
use crate::store::Error as IndexError;

/// When to ask a ledger that is behind, or a successor of one that ends.
const RETRY: Duration = Duration::from_secs(1);

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        refusal(problem).into()
    }
}

fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(reason::DOMAIN, code, reason, message)
}

fn refusal(problem: Problem) -> Refusal {
    match problem {
        Problem::Field(_)
        | Problem::InvertedRange { .. }
        | Problem::BadPartition { .. }
        | Problem::BadPageToken => invalid(problem),
        Problem::UnknownTransaction { .. }
        | Problem::Omitted { .. }
        | Problem::UnknownBlock { .. }
        | Problem::UnknownAccount { .. } => unknown(problem),
        Problem::HeightAboveTip { .. }
        | Problem::OffsetAboveEnd { .. }
        | Problem::LeafAboveTip { .. } => beyond(problem),
        other => state(other),
    }
}

/// What is wrong with the request, whatever the chain is.
fn invalid(problem: Problem) -> Refusal {
    use Code::InvalidArgument;
    match problem {
        Problem::Field(error) => new(InvalidArgument, error.reason, error.to_string())
            .with("field", &error.field)
            .field(error.field, error.message),
        Problem::InvertedRange { field } => new(
            InvalidArgument,
            reason::INVERTED_RANGE,
            "the range begins behind its end; swap the two",
        )
        .with("field", field)
        .field(field, "must not be above the end of the range"),
        Problem::BadPartition { field, partitions } => new(
            InvalidArgument,
            reason::BAD_PARTITION,
            format!("the chain has the partitions 0 to {}", partitions.saturating_sub(1)),
        )
        .with("partitions", partitions)
        .field(field, format!("must be below {partitions}")),
        Problem::BadPageToken => new(
            InvalidArgument,
            reason::BAD_PAGE_TOKEN,
            "this page token was not given for this request; repeat all fields of the call that gave it, or begin without one",
        )
        .field("page_token", "must be the next_page_token of the same request, or empty"),
        other => unexpected(&other),
    }
}

/// What is not there as of a height.
fn unknown(problem: Problem) -> Refusal {
    use Code::NotFound;
    let (reason, message, height) = match problem {
        Problem::UnknownTransaction { id, height } => (
            reason::UNKNOWN_TRANSACTION,
            format!("no transaction {id} is known as of height {height}"),
            height,
        ),
        Problem::Omitted { id, height } => (
            reason::UNKNOWN_TRANSACTION,
            format!(
                "no block holds {id}: one consumed its offset without it, see ListAuditFindings; submit it again"
            ),
            height,
        ),
        Problem::UnknownBlock { hash, height } => (
            reason::UNKNOWN_BLOCK,
            format!("no block {hash} is known as of height {height}"),
            height,
        ),
        Problem::UnknownAccount { account, height } => (
            reason::UNKNOWN_ACCOUNT,
            format!("no block up to height {height} has changed the account {account}"),
            height,
        ),
        other => return unexpected(&other),
    };
    new(NotFound, reason, message).with("as_of_height", height)
}

/// What is not there yet.
fn beyond(problem: Problem) -> Refusal {
    use Code::OutOfRange;
    match problem {
        Problem::HeightAboveTip { field, tip } => new(
            OutOfRange,
            reason::HEIGHT_ABOVE_TIP,
            format!("the tip is at height {tip}; send x-blocklog-min-height to wait for more"),
        )
        .with("tip", tip)
        .field(field, format!("must not be above {tip}")),
        Problem::OffsetAboveEnd { end } => new(
            OutOfRange,
            reason::OFFSET_ABOVE_END,
            format!("the partition ends at offset {end}"),
        )
        .with("end", end)
        .field("position.offset", format!("must be below {end}")),
        Problem::LeafAboveTip { size } => new(
            OutOfRange,
            reason::LEAF_ABOVE_TIP,
            format!("the log has {size} leaves at that height"),
        )
        .with("size", size)
        .field("leaf_index", format!("must be below {size}")),
        other => unexpected(&other),
    }
}

/// What is no fault of the request.
fn state(problem: Problem) -> Refusal {
    use Code::{Aborted, FailedPrecondition, Internal, Unavailable};
    match problem {
        Problem::NoChain => new(
            FailedPrecondition,
            reason::NO_CHAIN,
            NO_BLOCK_ZERO,
        ),
        Problem::CatchingUp => new(
            Unavailable,
            reason::CATCHING_UP,
            "this ledger has not read enough of the log yet; try again",
        )
        .retry_after(RETRY),
        Problem::BelowHeight { wanted, tip } => new(
            Unavailable,
            reason::CATCHING_UP,
            format!("the tip is at height {tip}, and the call asks for {wanted}; try again"),
        )
        .with("tip", tip)
        .with("min_height", wanted)
        .retry_after(RETRY),
        Problem::Pending { height } => new(
            FailedPrecondition,
            reason::PENDING,
            format!("no block up to height {height} has consumed it, so that there is nothing to prove; ask again later"),
        )
        .with("as_of_height", height),
        Problem::NoLogKey => new(
            FailedPrecondition,
            reason::NO_LOG_KEY,
            "this ledger has no key to sign checkpoints with; start it with --log-key FILE, or ask for a proof instead",
        ),
        Problem::Lagged { resume_from } => new(
            Aborted,
            reason::STREAM_LAGGED,
            format!("the stream was not read fast enough; ask again from {resume_from}"),
        )
        .with("resume_from", resume_from),
        Problem::ShuttingDown { resume_from } => {
            let refusal = new(
                Unavailable,
                reason::SHUTTING_DOWN,
                "the ledger ends; ask another one, or this one when it is back",
            );
            match resume_from {
                Some(from) => refusal.with("resume_from", from),
                None => refusal,
            }
            .retry_after(RETRY)
        }
        Problem::Index(error) => index(&error),
        other => new(Internal, reason::INTERNAL, format!("{other:?}")),
    }
}

fn index(error: &IndexError) -> Refusal {
    tracing::error!("{error}");
    new(Code::Internal, reason::INTERNAL, error.to_string())
}

/// The tables are divided by kind: what comes here was sent to the wrong one.
fn unexpected(problem: &Problem) -> Refusal {
    new(Code::Internal, reason::INTERNAL, format!("{problem:?}"))
}
