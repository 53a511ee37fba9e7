//! The codes. A test holds the list against the enums of the chain and the reasons of the contract.

use super::own;

/// What one code means.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub code: &'static str,
    pub kind: &'static str,
    pub meaning: &'static str,
    pub who: &'static str,
    pub action: &'static str,
}

/// Code, meaning, who must act, what to do.
pub type Row = (&'static str, &'static str, &'static str, &'static str);

const VERDICT: &str = "verdict";
const BLOCK: &str = "block rule";
const GENESIS: &str = "genesis rule";
const ERROR: &str = "error";
const COMMAND: &str = "result of a command";
const FINDING: &str = "finding of the audit";

const VERDICTS: &[Row] = &[
    (
        "INCLUDED",
        "every rule holds; the amount has moved",
        "nobody",
        "nothing to do",
    ),
    (
        "TOO_LARGE",
        "the record is longer than 1024 bytes; the block carries its hash only",
        "sender",
        "send a shorter memo; if the record is not longer, the miner lied: `blocklog audit`",
    ),
    (
        "UNDECODABLE",
        "not a Transaction in canonical protobuf",
        "sender",
        "encode with `blocklog tx encode`, or fields in order, each once, defaults left out",
    ),
    (
        "BAD_ACCOUNT",
        "sender or recipient is malformed, or there is no recipient for an amount",
        "sender",
        "use bl1… or a name of [a-z0-9._-]; give a recipient",
    ),
    (
        "NAMES_NOT_ALLOWED",
        "a named account on a chain that is not open",
        "sender",
        "use key accounts: `blocklog keys new`",
    ),
    (
        "MEMO_TOO_LARGE",
        "the memo is longer than 256 bytes",
        "sender",
        "shorten the memo",
    ),
    (
        "EMPTY",
        "amount 0 and no memo",
        "sender",
        "send an amount or a memo",
    ),
    (
        "BAD_SIGNATURE",
        "the signature does not verify on this chain, or a named sender has one",
        "sender",
        "sign for this chain's id with the sender's key",
    ),
    (
        "EXPIRED",
        "valid_until is below the height of the block",
        "sender",
        "sign again with a later valid_until, or 0",
    ),
    (
        "NONCE_TOO_LOW",
        "the sender has used this nonce or a higher one: perhaps a copy of an included transaction",
        "sender",
        "look at `blocklog tx status ID`; if it is not included, sign again with a higher nonce",
    ),
    (
        "INSUFFICIENT_FUNDS",
        "the key account had less than the amount; the nonce is used up",
        "sender",
        "fund the account and sign again with a higher nonce",
    ),
    (
        "BALANCE_OVERFLOW",
        "a balance would leave the range of 63 bits; the nonce is used up",
        "sender",
        "send less",
    ),
];

const BLOCKS: &[Row] = &[
    (
        "STOPPED",
        "the chain has moved to a version that this software does not know",
        "operator",
        "upgrade; what lies below is served on",
    ),
    (
        "OVERSIZE",
        "longer than the genesis allows",
        "miner",
        "nobody mines this by accident: look who writes to the topic",
    ),
    (
        "UNDECODABLE",
        "not a Block in canonical protobuf",
        "miner",
        "look who writes to the blockchain topic",
    ),
    (
        "BAD_VERSION",
        "a version other than the chain's",
        "miner",
        "upgrade the miner",
    ),
    (
        "STALE",
        "it lost the race, or is a copy: its parent is not the tip",
        "nobody",
        "nothing is lost: its records are in another block",
    ),
    (
        "BAD_HEIGHT",
        "height is not one more than the parent's",
        "miner",
        "replace the miner's software",
    ),
    (
        "BAD_PARTITION",
        "no such partition",
        "miner",
        "replace the miner's software",
    ),
    (
        "BAD_FROM",
        "the slice does not begin at the cursor of its partition",
        "miner",
        "replace the miner's software",
    ),
    (
        "BAD_SLICE",
        "the slice is empty, or longer than the genesis allows",
        "miner",
        "replace the miner's software",
    ),
    (
        "TOO_EARLY",
        "timestamp before the parent's",
        "miner",
        "set the miner's clock",
    ),
    (
        "TOO_LATE",
        "timestamp more than ten seconds after its append",
        "miner",
        "set the clocks of miner and broker",
    ),
    (
        "BAD_BITS",
        "bits are not what the work rule asks for",
        "miner",
        "replace the miner's software",
    ),
    (
        "BAD_WORK",
        "the hash exceeds the target",
        "miner",
        "replace the miner's software",
    ),
    (
        "BAD_MINER",
        "the miner is malformed or not in the list",
        "admin",
        "`miner+ ACCOUNT` if it may mine; else look who writes to the topic",
    ),
    (
        "BAD_BLOCK_SIGNATURE",
        "the miner's signature does not verify",
        "operator",
        "somebody mines in another's name: restrict who may write to the topic",
    ),
    (
        "BAD_HOLES",
        "holes are empty, out of order, touching or outside the slice",
        "miner",
        "replace the miner's software",
    ),
    (
        "BAD_RECORD_COUNT",
        "records and holes do not fill the slice, or verdicts are missing",
        "miner",
        "replace the miner's software",
    ),
    (
        "BAD_VERDICT",
        "a verdict is not what the rules say",
        "miner",
        "the miner misjudges: strike it off with `miner- ACCOUNT`",
    ),
    (
        "BAD_LOG",
        "size or root of the log are wrong",
        "miner",
        "replace the miner's software",
    ),
];

const GENESES: &[Row] = &[
    (
        "NOT_BLOCK_ZERO",
        "not a block with one record only, as block 0 is",
        "operator",
        "publish block 0 with `blocklog init`",
    ),
    (
        "GENESIS_UNDECODABLE",
        "not a canonical Genesis of at most 1 MiB",
        "operator",
        "write it with `blocklog genesis new`",
    ),
    (
        "GENESIS_BAD_NAME",
        "name is not [a-z0-9][a-z0-9._-]{0,63}",
        "operator",
        "choose another name",
    ),
    (
        "GENESIS_BAD_TIME",
        "timestamp_ms is not below 2^53",
        "operator",
        "give milliseconds since 1970",
    ),
    (
        "GENESIS_BAD_PARTITIONS",
        "partitions is not 1 to 1024",
        "operator",
        "choose 1 to 1024",
    ),
    (
        "GENESIS_BAD_REWARD",
        "reward is not below 2^31",
        "operator",
        "choose a smaller reward",
    ),
    (
        "GENESIS_BAD_BITS",
        "bits are not canonical, or the target is out of range",
        "operator",
        "take 1f00ffff, or what `blocklog genesis new` accepts",
    ),
    (
        "GENESIS_BAD_INTERVAL",
        "target_block_ms is neither 0 nor 1000 to 86400000",
        "operator",
        "choose 0 or a second to a day",
    ),
    (
        "GENESIS_BAD_LIMITS",
        "limits of a block are out of range",
        "operator",
        "1 to 10000 records, 64 KiB to 16 MiB",
    ),
    (
        "GENESIS_BAD_ALLOCATIONS",
        "allocations are malformed, doubled, named on a closed chain, or too much",
        "operator",
        "correct the list",
    ),
    (
        "GENESIS_BAD_MINERS",
        "miners are not distinct keys",
        "operator",
        "list each key account once",
    ),
    (
        "GENESIS_BAD_ADMIN",
        "admin is not a key",
        "operator",
        "give a key account, or none",
    ),
    (
        "GENESIS_BAD_HEADER",
        "the header of block 0 does not follow from the genesis",
        "operator",
        "publish block 0 with `blocklog init`",
    ),
];

const ERRORS: &[Row] = &[
    (
        "MISSING_FIELD",
        "a field that the request needs is absent",
        "caller",
        "set the field that the error names",
    ),
    (
        "BAD_FIELD",
        "a field is not of its form",
        "caller",
        "correct the field that the error names",
    ),
    (
        "WRONG_CHAIN",
        "this is another chain than the request or the genesis names, or services of different chains were named together",
        "caller",
        "compare the two ids; point to the right services or journal",
    ),
    (
        "BAD_PARTITION",
        "the chain has no such partition",
        "caller",
        "leave the partition out, or choose one below `partitions`",
    ),
    (
        "BAD_PAGE_TOKEN",
        "the token is not one of ours, or of another request",
        "caller",
        "begin again without a token, with the same other fields",
    ),
    (
        "INVERTED_RANGE",
        "from lies above to",
        "caller",
        "swap them",
    ),
    (
        "NONCE_REQUIRED",
        "a key account signs its nonce, so ingest cannot choose one",
        "caller",
        "set a nonce above the account's last, such as the clock in microseconds, and sign",
    ),
    (
        "NONCE_TOO_HIGH",
        "the nonce is more than a day above the clock in microseconds: it would freeze the account",
        "caller",
        "use the clock in microseconds, or the last nonce plus one",
    ),
    (
        "UNKNOWN_TRANSACTION",
        "no record has this id as of the height that the error names",
        "caller",
        "wait, or check the id; submitting the same transaction again, before the sender's next one, is safe",
    ),
    (
        "UNKNOWN_BLOCK",
        "no block has this hash as of the height that the error names",
        "caller",
        "check the hash; it may be a candidate: `blocklog candidates`",
    ),
    (
        "UNKNOWN_ACCOUNT",
        "the account has no entry as of the height that the error names",
        "caller",
        "check the account; its balance is 0",
    ),
    (
        "HEIGHT_ABOVE_TIP",
        "no block has this height yet",
        "caller",
        "wait, or ask for a height up to the tip",
    ),
    (
        "OFFSET_ABOVE_END",
        "no record has this offset yet",
        "caller",
        "wait, or ask for an offset below the end",
    ),
    (
        "LEAF_ABOVE_TIP",
        "the log has no such leaf as of that height",
        "caller",
        "ask for a leaf below the log's size",
    ),
    (
        "NO_CHAIN",
        "there is no block 0 on the topic",
        "operator",
        "`blocklog init`, or start one service with --genesis",
    ),
    (
        "PRUNED",
        "the log no longer holds it",
        "operator",
        "restore the log from an export or a replica; set retention.ms=-1",
    ),
    (
        "PENDING",
        "no block has consumed the offset yet",
        "caller",
        "wait: `blocklog tx watch ID`",
    ),
    (
        "NO_LOG_KEY",
        "this ledger has no key to sign checkpoints with",
        "operator",
        "start it with --log-key FILE",
    ),
    (
        "MESSAGE_TOO_LARGE",
        "a message is above what the service takes; nothing of it was read",
        "caller",
        "send less at once: a transaction takes at most what the genesis says",
    ),
    (
        "OVERLOADED",
        "more is in flight than the service takes",
        "caller",
        "try again after the delay that the error names",
    ),
    (
        "EARLIER_GIVEN_UP",
        "an earlier transaction of the sender on the same stream was given up, and this one must not overtake it; nothing was persisted",
        "caller",
        "send again from the nonce that the error names, in order, on the same stream or a new one",
    ),
    (
        "OVERTAKEN",
        "it was given up before, and a later transaction of the sender has been acknowledged since: it was not appended again",
        "caller",
        "look its id up, an earlier copy may be in the log; if there is none, submit it anew with a higher nonce",
    ),
    (
        "LEDGER_UNAVAILABLE",
        "the ledger does not answer: ingest cannot learn the sender's last nonce to choose one, and persists nothing; explorer has nothing new to show",
        "operator",
        "look after the ledger that the service is given (--ledger); callers may set a nonce themselves",
    ),
    (
        "LOG_UNAVAILABLE",
        "the journal cannot be reached; nothing was persisted",
        "operator",
        "look after the broker; the service heals by itself",
    ),
    (
        "INDEX_FULL",
        "the disk of the ledger's index is full; what is served is as old as the last write",
        "operator",
        "make room; the ledger goes on by itself",
    ),
    (
        "STARTING",
        "the service is starting, and serves nothing yet",
        "operator",
        "wait a moment; if it lasts, its log tells what it waits for",
    ),
    (
        "STOPPED",
        "the miner mines nothing: the chain has moved to a version that it does not know, or its account is no longer admitted",
        "operator",
        "upgrade it, or have the chain's admin admit the account: `blocklog admin miner add`",
    ),
    (
        "CATCHING_UP",
        "the service has not read the log to its end yet",
        "caller",
        "try again in a moment; /ready on the admin port says how far it is",
    ),
    (
        "SHUTTING_DOWN",
        "the service ends",
        "caller",
        "call again; streams resume from `resume_from`",
    ),
    (
        "STREAM_LAGGED",
        "the reader of the stream was too slow",
        "caller",
        "resume from `resume_from`, and read faster",
    ),
    (
        "OUTCOME_UNKNOWN",
        "the record may or may not be in the log",
        "caller",
        "look its id up, or submit the same bytes again, with the same nonce and before the sender's next: at most one is included",
    ),
    (
        "DATA_LOSS",
        "the log was truncated, recreated or rewritten: it differs from what was read before",
        "operator",
        "stop writing; compare replicas and exports with the offset and hashes that the error names",
    ),
    (
        "NOT_IMPLEMENTED",
        "the call is in the contract and not in this version",
        "operator",
        "upgrade",
    ),
    (
        "INTERNAL",
        "a bug of ours",
        "operator",
        "report it with the trace id and the log",
    ),
];

/// All codes, by kind.
pub fn all() -> Vec<Entry> {
    let kinds = [
        (VERDICT, VERDICTS),
        (BLOCK, BLOCKS),
        (GENESIS, GENESES),
        (ERROR, ERRORS),
        (COMMAND, own::REASONS),
        (FINDING, own::FINDINGS),
    ];
    kinds
        .into_iter()
        .flat_map(|(kind, rows)| {
            rows.iter().map(move |(code, meaning, who, action)| Entry {
                code,
                kind,
                meaning,
                who,
                action,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chain::{Verdict, block, genesis};
    use strum::IntoEnumIterator;

    use super::*;

    fn codes(kind: &str) -> Vec<&'static str> {
        all()
            .into_iter()
            .filter(|entry| entry.kind == kind)
            .map(|entry| entry.code)
            .collect()
    }

    #[test]
    fn every_rule_of_the_chain_is_explained() {
        let same = |kind, mut expected: Vec<&str>| {
            let mut listed = codes(kind);
            listed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(listed, expected, "{kind}");
        };
        same(VERDICT, Verdict::iter().map(Verdict::code).collect());
        same(BLOCK, block::Rule::iter().map(block::Rule::code).collect());
        same(
            GENESIS,
            genesis::Fault::iter().map(genesis::Fault::code).collect(),
        );
    }

    #[test]
    fn every_reason_of_the_contract_is_explained() {
        let mut listed = codes(ERROR);
        let mut expected = proto::reason::ALL.to_vec();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected);
    }
}
