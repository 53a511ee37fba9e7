//! The subject of a proof, and the check that it is the requested one.

use chain::Hash;
use chain::leaf::Leaf;
use chain::proof::Proven;
use proto::ledger::v1::get_inclusion_proof_request::Subject;

use crate::exit::{Exit, Failure, Outcome};
use crate::format;

/// Parses a transaction id, `P:O`, or `leaf:I`.
pub fn parse(text: &str) -> Result<Subject, String> {
    if let Some(index) = text.strip_prefix("leaf:") {
        return index
            .parse()
            .map(Subject::LeafIndex)
            .map_err(|error| format!("leaf index {index:?}: {error}"));
    }
    if text.contains(':') {
        return format::parse_position(text).map(Subject::Position);
    }
    let id: Hash = text
        .parse()
        .map_err(|_| "write a transaction id of 64 hex digits, PARTITION:OFFSET or leaf:INDEX")?;
    Ok(Subject::TransactionId(id.to_string()))
}

/// Checks that a proof is about the requested subject.
///
/// The chain id needs no trust: an id that matches belongs to one chain and transaction only.
pub fn expect(asked: &Subject, proven: &Proven, chain_id: Option<&Hash>) -> Outcome {
    let (is_it, name) = match asked {
        Subject::LeafIndex(index) => (proven.leaf_index == *index, format!("leaf {index}")),
        Subject::Position(position) => {
            let asked = (position.partition, position.offset);
            let name = format::position(Some(position));
            (covers(&proven.leaf, asked), format!("record {name}"))
        }
        Subject::TransactionId(id) => {
            let found = proven.transaction.as_ref().zip(chain_id);
            let found = found.and_then(|(transaction, chain_id)| transaction.id(chain_id));
            let found = found.map(|found| found.to_string());
            (found.as_ref() == Some(id), format!("transaction {id}"))
        }
    };
    if is_it {
        Ok(())
    } else {
        Err(about_another(&format!("the proof is not about {name}")))
    }
}

/// The failure for a valid proof of another subject.
pub fn about_another(problem: &str) -> Failure {
    let message = format!(
        "{problem}; what the proof shows instead is left out: get it again, from another ledger too"
    );
    Failure::new(Exit::DoesNotVerify, message).reason("OTHER_SUBJECT")
}

/// True if a leaf covers an offset.
fn covers(leaf: &Leaf, asked: (Option<u32>, Option<u64>)) -> bool {
    match leaf {
        Leaf::Record {
            partition, offset, ..
        } => asked == (Some(*partition), Some(*offset)),
        Leaf::Void {
            partition,
            from_offset,
            to_offset,
            ..
        } => {
            asked.0 == Some(*partition)
                && asked
                    .1
                    .is_some_and(|offset| (*from_offset..*to_offset).contains(&offset))
        }
        _ => false,
    }
}
