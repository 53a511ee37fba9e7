//! The one table from domain errors to what clients see: codes, reasons, details.

use std::collections::HashMap;
use std::time::Duration;

use kit::Refusal;
use proto::{ingest::v1 as wire, reason};
use tonic::{Code, Status};
use topics::bootstrap::NO_BLOCK_ZERO;

use crate::rejection::{Invalid, Precondition, Rejection, Unavailable, Why};

/// Time after which to try again when something was unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(1);

const SAFE: &str = "submitting the same transaction again, with the same nonce, is safe: at most one copy is included, and none is \
     acknowledged that comes too late (OVERTAKEN)";

impl From<Rejection> for Status {
    fn from(rejection: Rejection) -> Self {
        refusal(rejection).into()
    }
}

/// The reply to a refused request of a stream.
pub fn message(rejection: Rejection) -> wire::Refusal {
    let refusal = refusal(rejection);
    let metadata = refusal.metadata.into_iter();
    wire::Refusal {
        code: refusal.code as i32,
        reason: refusal.reason.to_owned(),
        message: refusal.message.into(),
        metadata: metadata
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<HashMap<_, _>>(),
        retry_after_ms: refusal
            .retry_after
            .map(|delay| u32::try_from(delay.as_millis()).unwrap_or(u32::MAX)),
    }
}

fn new(code: Code, reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(reason::DOMAIN, code, reason, message)
}

/// True if a ledger does not have the account.
pub fn is_unknown(status: &Status) -> bool {
    status.code() == Code::NotFound
}

/// The requests of a stream cannot be read: a bug.
pub fn unreadable() -> Status {
    Status::internal("the stream could not be read")
}

fn refusal(rejection: Rejection) -> Refusal {
    let refusal = match rejection.why {
        Why::Invalid(invalid) => of_invalid(invalid),
        Why::Precondition(precondition) => of_precondition(precondition),
        Why::Unavailable(unavailable) => of_unavailable(unavailable).retry_after(RETRY_AFTER),
        Why::Overloaded { retry_after } => new(
            Code::ResourceExhausted,
            reason::OVERLOADED,
            "too many submissions are in flight, nothing was persisted; try again shortly, or use a stream, which waits",
        )
        .retry_after(retry_after),
        Why::LogBehind {
            partition,
            offset,
            cursor,
        } => behind(partition, offset, cursor),
        Why::OutcomeUnknown(detail) => new(
            Code::DeadlineExceeded,
            reason::OUTCOME_UNKNOWN,
            format!("the record may be in the topic, now or later ({detail}); {SAFE}"),
        ),
    };
    match rejection.names {
        None => refusal,
        Some(names) => refusal.with("id", names.id).with("nonce", names.nonce),
    }
}

fn of_invalid(invalid: Invalid) -> Refusal {
    let new = |reason, message: String| new(Code::InvalidArgument, reason, message);
    match invalid {
        Invalid::Verdict(verdict) => new(
            verdict.code(),
            format!("every block would refuse this record: {}", explain(verdict)),
        ),
        Invalid::NonceRequired => new(
            reason::NONCE_REQUIRED,
            "the sender is a key, which signs the nonce, so only its owner can choose one; set it above the last one".into(),
        )
        .field("transaction.nonce", "is required of a key sender"),
        Invalid::NonceTooHigh { limit } => new(
            reason::NONCE_TOO_HIGH,
            format!("the nonce is above {limit}, the current time in microseconds plus one day: it would freeze the account"),
        )
        .with("limit", limit)
        .field("transaction.nonce", format!("must not be above {limit}")),
        Invalid::Field(error) => new(error.reason, error.to_string())
            .with("field", &error.field)
            .field(error.field, error.message),
        Invalid::WrongChain { expected, found } => new(
            reason::WRONG_CHAIN,
            format!("this ingest appends to the chain {expected}, and the request is for {found}"),
        )
        .with("expected", expected)
        .with("found", found)
        .field("chain_id", format!("must be {expected} or empty")),
        Invalid::BadPartition { partitions } => new(
            reason::BAD_PARTITION,
            format!("the chain has the partitions 0 to {}", partitions - 1),
        )
        .with("partitions", partitions)
        .field("partition", format!("must be below {partitions}, or absent")),
    }
}

fn of_precondition(precondition: Precondition) -> Refusal {
    let new = |reason, message: String| new(Code::FailedPrecondition, reason, message);
    match precondition {
        Precondition::NoChain => new(
            reason::NO_CHAIN,
            NO_BLOCK_ZERO.into(),
        ),
        Precondition::Overtaken { by } => new(
            reason::OVERTAKEN,
            format!(
                "it was not appended again: it was given up before, and the sender's nonce {by} has been acknowledged since, behind which it \
                 cannot be included; look its id up, since an earlier copy may be in the topic; if there is none, submit it anew with a nonce above {by}"
            ),
        )
        .with("by", by),
    }
}

fn of_unavailable(unavailable: Unavailable) -> Refusal {
    let new = |reason, message: String| new(Code::Unavailable, reason, message);
    match unavailable {
        Unavailable::Log(detail) => new(
            reason::LOG_UNAVAILABLE,
            format!("nothing was persisted: {detail}"),
        ),
        Unavailable::Ledger(detail) => new(
            reason::LEDGER_UNAVAILABLE,
            format!(
                "nothing was persisted: no nonce can be chosen without the sender's last one, and the ledger did not return it ({detail}); \
                 try again shortly, or set a nonce"
            ),
        ),
        Unavailable::EarlierGivenUp { first } => new(
            reason::EARLIER_GIVEN_UP,
            format!(
                "nothing was persisted: the sender's transaction with nonce {first}, sent before on this stream, was given up, and this one must not \
                 overtake it; send again from that one, in order, here or on a new stream"
            ),
        )
        .with("first", first),
        Unavailable::CatchingUp => new(
            reason::CATCHING_UP,
            "nothing was persisted: the service has not read the journal to its end yet; try again shortly".into(),
        ),
        Unavailable::ShuttingDown => new(
            reason::SHUTTING_DOWN,
            "the service is shutting down, nothing was persisted; try another one, or again shortly".into(),
        ),
    }
}

/// The end of a partition lies below the chain's cursor.
fn behind(partition: u32, offset: u64, cursor: u64) -> Refusal {
    new(
        Code::DataLoss,
        reason::DATA_LOSS,
        format!(
            "the end of partition {partition} ({offset}) lies below the chain's cursor ({cursor}) as the ledger reports it, so that no block would \
             read the record; if the topic has lost its end, the operator has to run `blocklog topic pad`; after that {SAFE}"
        ),
    )
    .with("partition", partition)
    .with("offset", offset)
    .with("expected", cursor)
    .with("found", offset)
}

fn explain(verdict: chain::Verdict) -> &'static str {
    use chain::Verdict::*;
    match verdict {
        TooLarge => "it is longer than 1024 bytes",
        Undecodable => "it is not a Transaction in canonical protobuf",
        BadAccount => "sender or recipient is malformed, or an amount has no recipient",
        NamesNotAllowed => "a sender or recipient is a name, and the chain is not open",
        MemoTooLarge => "the memo is longer than 256 bytes of UTF-8",
        Empty => "it has neither amount nor memo",
        BadSignature => {
            "the signature is not the sender's over these fields on this chain; a named sender has none"
        }
        NonceTooLow => "nonces begin at 1",
        Included | Expired | InsufficientFunds | BalanceOverflow => "the chain decides",
    }
}
