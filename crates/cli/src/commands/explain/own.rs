//! What the command itself says, beside what it hears from services: evidence that fails, and findings of the audit.

use super::table::Row;

/// Reasons of failures that no service gave.
pub const REASONS: &[Row] = &[
    (
        "BROKEN",
        "a miner's work builds upon a block that is not on this chain: the copy was changed at the height that is named",
        "you",
        "take another copy; if you trust a tip that is on this chain, `verify --tip` overrules the suspicion",
    ),
    (
        "DAMAGED",
        "the export cannot be read on at the record that is named",
        "you",
        "take another copy, or export again; what lies before it is whole",
    ),
    (
        "TIP_NOT_ON_CHAIN",
        "the block that you trust is not on this chain",
        "you",
        "the copy is cut, changed or of another chain: take another one, and tell whoever gave it to you",
    ),
    (
        "BAD_PROOF",
        "the proof file is not of its form",
        "you",
        "get it again: `blocklog proof get`",
    ),
    (
        "FALSE_ANSWER",
        "a service answered something else than was asked, or what contradicts itself: it is broken, or lies",
        "you",
        "ask another ledger, or derive the chain yourself: `blocklog verify`",
    ),
    (
        "OTHER_SUBJECT",
        "the proof holds, and is about something else than was asked for",
        "you",
        "get it again, from another ledger too; believe nothing that this one says",
    ),
    (
        "OTHER_HEADER",
        "the proof is made for another block than the one that you trust",
        "you",
        "get one for that block: `blocklog proof get --tip`",
    ),
    (
        "BAD_PATH",
        "the proof does not lead to the log root in the header: it was changed, or the ledger lies",
        "you",
        "get it again, from another ledger too; keep this one",
    ),
    (
        "BAD_LEAF",
        "the leaf in the proof is not of its form",
        "you",
        "get it again, from another ledger too; keep this one",
    ),
    (
        "OTHER_RECORD",
        "the record in the proof is not the one that the leaf is about",
        "you",
        "get it again, from another ledger too; keep this one",
    ),
    (
        "NOT_EXTENDED",
        "the chain does not extend the tip that you saved: it was rewritten, or this is another one",
        "operator",
        "keep the saved tip; compare exports and replicas from before and after",
    ),
    (
        "FINDINGS",
        "blocks and the transactions topic disagree",
        "chain's admin",
        "strike the miners off that signed those blocks: `blocklog admin miner remove`; those left out send again",
    ),
    (
        "NO_TRANSACTIONS",
        "an imported chain comes without its transactions topic",
        "you",
        "audit the journal that it was exported from",
    ),
    (
        "NOT_ADMIN",
        "the key is not that of the chain's admin, so that its order would be a memo without effect",
        "you",
        "give the key of the admin that `blocklog genesis show` names",
    ),
    (
        "FAULTS",
        "the doctor found what must be mended",
        "operator",
        "each fault is listed with its fix",
    ),
    (
        "OMITTED",
        "a block consumed the offset of the transaction without it",
        "sender",
        "send it again; the audit reports the miner",
    ),
];

/// What the audit calls a disagreement.
pub const FINDINGS: &[Row] = &[
    (
        "MISSING",
        "the block seals an offset as holding no record, and the topic holds one",
        "chain's admin",
        "strike the miner off; the sender sends again",
    ),
    (
        "REPLACED",
        "the block carries other bytes than the topic holds at that offset",
        "chain's admin",
        "strike the miner off; the sender sends again",
    ),
    (
        "INVENTED",
        "the block carries a record at an offset where the topic holds none",
        "chain's admin",
        "strike the miner off",
    ),
    (
        "MISJUDGED",
        "the block calls a record TOO_LARGE that is not",
        "chain's admin",
        "strike the miner off; the sender sends again",
    ),
    (
        "UNAVAILABLE",
        "the topic no longer holds what it held (retention, or it has lost its end); no lie of the miner",
        "operator",
        "topics of a chain keep everything: retention.ms=-1, retention.bytes=-1",
    ),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::table::all;

    /// Every `.reason("…")` in this crate, shipped or not.
    fn given(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("the source is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                given(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("source is text");
            let parts = text.split(".reason(\"").skip(1);
            found.extend(parts.filter_map(|part| Some(part.split_once("\")")?.0.to_owned())));
        }
    }

    #[test]
    fn every_reason_of_the_command_is_explained() {
        let mut reasons = Vec::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        given(&source, &mut reasons);
        assert!(reasons.len() > 10, "{reasons:?}");
        let known = all();
        reasons.retain(|reason| {
            reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
                && known.iter().all(|entry| entry.code != reason)
        });
        assert!(reasons.is_empty(), "not explained: {reasons:?}");
    }
}
