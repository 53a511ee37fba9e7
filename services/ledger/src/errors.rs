//! The one table from problems to what clients see: codes, reasons, details.

use std::time::Duration;

use kit::Refusal;
use proto::reason;
use tonic::{Code, Status};
use topics::bootstrap::NO_BLOCK_ZERO;

use crate::problem::{Beyond, Failed, Invalid, NotYet, Problem, Unknown};

/// Time after which to ask a ledger that is behind, or the successor of one that shuts down.
const RETRY: Duration = Duration::from_secs(1);

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let refusal = match problem {
            Problem::Invalid(invalid) => self::invalid(invalid),
            Problem::Unknown { what, as_of } => unknown(what, as_of),
            Problem::Beyond { what, end } => beyond(what, end),
            Problem::NotYet(missing) => not_yet(missing),
            Problem::Failed(failed) => self::failed(failed),
        };
        refusal.into()
    }
}

fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(reason::DOMAIN, code, reason, message)
}

fn invalid(invalid: Invalid) -> Refusal {
    let new = |reason, message: String| new(Code::InvalidArgument, reason, message);
    match invalid {
        Invalid::Field(error) => new(error.reason, error.to_string())
            .with("field", &error.field)
            .field(error.field, error.message),
        Invalid::InvertedRange { field } => new(
            reason::INVERTED_RANGE,
            "the range starts after it ends; swap from and to".into(),
        )
        .with("field", field)
        .field(field, "must not be above the end of the range"),
        Invalid::Partition { field, partitions } => new(
            reason::BAD_PARTITION,
            format!("the chain has the partitions 0 to {}", partitions.saturating_sub(1)),
        )
        .with("partitions", partitions)
        .field(field, format!("must be below {partitions}")),
        Invalid::PageToken => new(
            reason::BAD_PAGE_TOKEN,
            "this page token was not given for this request; repeat all fields of the call that gave it, or begin without one".into(),
        )
        .field("page_token", "must be the next_page_token of the same request, or empty"),
    }
}

fn unknown(what: Unknown, height: u64) -> Refusal {
    let (reason, message) = match what {
        Unknown::Transaction(id) => (
            reason::UNKNOWN_TRANSACTION,
            format!("no transaction {id} is known as of height {height}"),
        ),
        Unknown::Omitted(id) => (
            reason::UNKNOWN_TRANSACTION,
            format!(
                "no block holds {id}: one consumed its offset without it, see ListAuditFindings; submit it again"
            ),
        ),
        Unknown::Block(hash) => (
            reason::UNKNOWN_BLOCK,
            format!("no block {hash} is known as of height {height}"),
        ),
        Unknown::Account(account) => (
            reason::UNKNOWN_ACCOUNT,
            format!("no block up to height {height} has changed the account {account}"),
        ),
    };
    new(Code::NotFound, reason, message).with("as_of_height", height)
}

fn beyond(what: Beyond, end: u64) -> Refusal {
    let new = |reason, message| new(Code::OutOfRange, reason, message);
    match what {
        Beyond::Height { field } => new(
            reason::HEIGHT_ABOVE_TIP,
            format!("the tip is at height {end}; send x-blocklog-min-height to wait for more"),
        )
        .with("tip", end)
        .field(field, format!("must not be above {end}")),
        Beyond::Offset => new(
            reason::OFFSET_ABOVE_END,
            format!("the partition ends at offset {end}"),
        )
        .with("end", end)
        .field("position.offset", format!("must be below {end}")),
        Beyond::Leaf => new(
            reason::LEAF_ABOVE_TIP,
            format!("the log has {end} leaves at that height"),
        )
        .with("size", end)
        .field("leaf_index", format!("must be below {end}")),
    }
}

fn not_yet(missing: NotYet) -> Refusal {
    use Code::{FailedPrecondition, Unavailable};
    match missing {
        NotYet::NoChain => new(
            FailedPrecondition,
            reason::NO_CHAIN,
            NO_BLOCK_ZERO,
        ),
        NotYet::CatchingUp => new(
            Unavailable,
            reason::CATCHING_UP,
            "this ledger is still catching up with the journal; try again",
        )
        .retry_after(RETRY),
        NotYet::BelowHeight { wanted, tip } => new(
            Unavailable,
            reason::CATCHING_UP,
            format!("the tip is at height {tip}, and the call asks for {wanted}; try again"),
        )
        .with("tip", tip)
        .with("min_height", wanted)
        .retry_after(RETRY),
        NotYet::Pending { height } => new(
            FailedPrecondition,
            reason::PENDING,
            format!("no block up to height {height} has consumed it, so that there is nothing to prove; ask again later"),
        )
        .with("as_of_height", height),
    }
}

fn failed(failed: Failed) -> Refusal {
    match failed {
        Failed::NoLogKey => new(
            Code::FailedPrecondition,
            reason::NO_LOG_KEY,
            "this ledger has no key to sign checkpoints with; start it with --log-key FILE, or ask for a proof instead",
        ),
        Failed::Lagged { resume_from } => new(
            Code::Aborted,
            reason::STREAM_LAGGED,
            format!("the stream was not read fast enough; ask again from {resume_from}"),
        )
        .with("resume_from", resume_from),
        Failed::ShuttingDown { resume_from } => {
            let refusal = new(
                Code::Unavailable,
                reason::SHUTTING_DOWN,
                "the ledger is shutting down; ask another one, or this one when it is back",
            );
            match resume_from {
                Some(from) => refusal.with("resume_from", from),
                None => refusal,
            }
            .retry_after(RETRY)
        }
        Failed::Index(error) => {
            tracing::error!("{error}");
            new(Code::Internal, reason::INTERNAL, error.to_string())
        }
    }
}
