//! The stable reasons in `google.rpc.ErrorInfo`. Programs may depend on them; messages may change.
//!
//! The names of verdicts and block rules (`BAD_SIGNATURE`, `BAD_FROM` …) are reasons too, defined in `chain`.

/// `ErrorInfo.domain` of every error.
pub const DOMAIN: &str = "blocklog";

/// A field that the request needs is absent (`field`). From ingest, ledger and explorer.
pub const MISSING_FIELD: &str = "MISSING_FIELD";
/// A field is malformed: not hex, not an account, out of range (`field`). From ingest and ledger.
pub const BAD_FIELD: &str = "BAD_FIELD";
/// The request is for another chain (`expected`, `found`). From ingest.
pub const WRONG_CHAIN: &str = "WRONG_CHAIN";
/// No such partition (`partitions`). From ingest and ledger.
pub const BAD_PARTITION: &str = "BAD_PARTITION";
/// The page token is not from this ledger, or belongs to another request. From the ledger's lists.
pub const BAD_PAGE_TOKEN: &str = "BAD_PAGE_TOKEN";
/// The range starts after it ends (`field`). From the ledger's lists, series and consistency proofs.
pub const INVERTED_RANGE: &str = "INVERTED_RANGE";
/// A key sender signs its nonce, so ingest cannot choose one. From ingest.
pub const NONCE_REQUIRED: &str = "NONCE_REQUIRED";
/// The nonce is more than a day above the clock in microseconds: it would freeze the account (`limit`). From
/// ingest.
pub const NONCE_TOO_HIGH: &str = "NONCE_TOO_HIGH";
/// No transaction with that id as of a height (`as_of_height`). From the ledger.
pub const UNKNOWN_TRANSACTION: &str = "UNKNOWN_TRANSACTION";
/// No block with that hash as of a height (`as_of_height`). From the ledger.
pub const UNKNOWN_BLOCK: &str = "UNKNOWN_BLOCK";
/// No entry of that account as of a height (`as_of_height`). From the ledger.
pub const UNKNOWN_ACCOUNT: &str = "UNKNOWN_ACCOUNT";
/// No block has that height yet (`tip`). From the ledger.
pub const HEIGHT_ABOVE_TIP: &str = "HEIGHT_ABOVE_TIP";
/// No record has that offset yet (`end`). From the ledger.
pub const OFFSET_ABOVE_END: &str = "OFFSET_ABOVE_END";
/// No leaf has that index yet (`size`). From the ledger's inclusion proofs.
pub const LEAF_ABOVE_TIP: &str = "LEAF_ABOVE_TIP";
/// There is no block 0 on the topic yet. From ingest and ledger, and in readiness.
pub const NO_CHAIN: &str = "NO_CHAIN";
/// The topic no longer holds the record. Not used by any service of this version.
pub const PRUNED: &str = "PRUNED";
/// No block has consumed the offset yet, so there is nothing to prove (`as_of_height`). From the ledger's inclusion proofs.
pub const PENDING: &str = "PENDING";
/// The ledger has no key to sign checkpoints with. From GetCheckpoint.
pub const NO_LOG_KEY: &str = "NO_LOG_KEY";
/// The message is larger than the service accepts (`found_bytes`, `limit_bytes`). From every service.
pub const MESSAGE_TOO_LARGE: &str = "MESSAGE_TOO_LARGE";
/// Too much in flight; try again after the delay of `google.rpc.RetryInfo`. From every service.
pub const OVERLOADED: &str = "OVERLOADED";
/// An earlier transaction of the sender on the same stream was given up; send again from that one, in order
/// (`first`). From ingest's SubmitTransactions.
pub const EARLIER_GIVEN_UP: &str = "EARLIER_GIVEN_UP";
/// The transaction was given up before, and a later one of its sender was appended since; it was not appended again
/// (`id`, `nonce`, `by`). From ingest.
pub const OVERTAKEN: &str = "OVERTAKEN";
/// The ledger does not answer with the sender's last nonce, so ingest cannot choose the next one.
pub const LEDGER_UNAVAILABLE: &str = "LEDGER_UNAVAILABLE";
/// The journal is unreachable, and nothing was persisted.
pub const LOG_UNAVAILABLE: &str = "LOG_UNAVAILABLE";
/// The disk of the ledger's index is full: replies are as old as its last write. In readiness only.
pub const INDEX_FULL: &str = "INDEX_FULL";
/// The service is starting, and serves nothing yet. In readiness only.
pub const STARTING: &str = "STARTING";
/// The miner mines nothing until an operator acts: the chain has moved to an unknown version, or no longer admits its
/// account. In readiness only; the chain has a block rule of this name.
pub const STOPPED: &str = "STOPPED";
/// The service has not read the journal to its end yet.
pub const CATCHING_UP: &str = "CATCHING_UP";
/// The service is shutting down; on streams with `resume_from`.
pub const SHUTTING_DOWN: &str = "SHUTTING_DOWN";
/// The reader of a stream was too slow (`resume_from`). From the ledger.
pub const STREAM_LAGGED: &str = "STREAM_LAGGED";
/// The record may or may not have been persisted (`id`, `nonce`). From ingest.
pub const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
/// The topic was truncated, recreated or rewritten (`topic`, `offset`, `expected`, `found`).
pub const DATA_LOSS: &str = "DATA_LOSS";
/// The deadline of the call passed before the reply was ready. From every service.
pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";
/// The RPC is in the contract and not in this version. Not used by any service of this version.
pub const NOT_IMPLEMENTED: &str = "NOT_IMPLEMENTED";
/// A bug in Blocklog, or a failure of the index. From every service.
pub const INTERNAL: &str = "INTERNAL";
/// A bug in Blocklog that ended the call; the service continues. From every service.
pub const PANIC: &str = "PANIC";

/// Every reason.
pub const ALL: [&str; 36] = [
    MISSING_FIELD,
    BAD_FIELD,
    WRONG_CHAIN,
    BAD_PARTITION,
    BAD_PAGE_TOKEN,
    INVERTED_RANGE,
    NONCE_REQUIRED,
    NONCE_TOO_HIGH,
    UNKNOWN_TRANSACTION,
    UNKNOWN_BLOCK,
    UNKNOWN_ACCOUNT,
    HEIGHT_ABOVE_TIP,
    OFFSET_ABOVE_END,
    LEAF_ABOVE_TIP,
    NO_CHAIN,
    PRUNED,
    PENDING,
    NO_LOG_KEY,
    MESSAGE_TOO_LARGE,
    OVERLOADED,
    EARLIER_GIVEN_UP,
    OVERTAKEN,
    LEDGER_UNAVAILABLE,
    LOG_UNAVAILABLE,
    INDEX_FULL,
    STARTING,
    STOPPED,
    CATCHING_UP,
    SHUTTING_DOWN,
    STREAM_LAGGED,
    OUTCOME_UNKNOWN,
    DATA_LOSS,
    DEADLINE_EXCEEDED,
    NOT_IMPLEMENTED,
    INTERNAL,
    PANIC,
];
