//! GetInclusionProof: evidence of a leaf against the hash of a block.

use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::{GetInclusionProofRequest, GetInclusionProofResponse, InclusionProof};
use proto::wire::{self, required};

use super::ask;
use crate::index::View;
use crate::model::answer::{Fate, Occurrence, Record};
use crate::problem::{Beyond, NotYet, Problem, Unknown};

pub fn handle(
    view: &View,
    request: GetInclusionProofRequest,
) -> Result<GetInclusionProofResponse, Problem> {
    let height = ask::height(view, "at_height", request.at_height)?;
    let header = ask::block(view, "at_height", height)?.header;
    let subject = required("subject", request.subject)?;
    let index = leaf_index(view, &subject, height)?;
    let size = header.log_size;
    if index >= size {
        return Err(not_yet(&subject, height, size));
    }
    let leaf = view.leaf(index)?.ok_or(beyond(size))?;
    let path = ask::path(
        |source| chain::log::inclusion_path(index, size, source),
        view,
    )?;
    Ok(GetInclusionProofResponse {
        proof: Some(InclusionProof {
            chain_id: view.chain_id().to_string(),
            header: hex::encode(header.to_bytes()),
            leaf_index: Some(index),
            leaf: hex::encode(&leaf.bytes),
            path: path.iter().map(ToString::to_string).collect(),
            record: hex::encode(leaf.record.unwrap_or_default()),
        }),
    })
}

/// The leaf of the subject, as of the tip.
fn leaf_index(view: &View, subject: &Subject, height: u64) -> Result<u64, Problem> {
    match subject {
        Subject::LeafIndex(index) => Ok(*index),
        Subject::Position(position) => leaf_of(&ask::record(view, Some(position))?, height),
        Subject::TransactionId(text) => {
            let id = wire::hash("transaction_id", text)?;
            match view.transaction(&id)? {
                Some(Occurrence::Judged(record) | Occurrence::Pending(record)) => {
                    leaf_of(&record, height)
                }
                Some(Occurrence::Omitted(_)) => Err(Problem::Unknown {
                    what: Unknown::Omitted(id),
                    as_of: height,
                }),
                None => Err(Problem::unknown_transaction(id, height)),
            }
        }
    }
}

fn leaf_of(record: &Record, height: u64) -> Result<u64, Problem> {
    match record.fate {
        Fate::Judged { leaf_index, .. } | Fate::Void { leaf_index, .. } => Ok(leaf_index),
        Fate::Pending { .. } => Err(NotYet::Pending { height }.into()),
    }
}

/// The subject has a leaf now, but had none at that height.
fn not_yet(subject: &Subject, height: u64, size: u64) -> Problem {
    match subject {
        Subject::LeafIndex(_) => beyond(size),
        Subject::Position(_) => NotYet::Pending { height }.into(),
        Subject::TransactionId(text) => match wire::hash("transaction_id", text) {
            Ok(id) => Problem::unknown_transaction(id, height),
            Err(error) => error.into(),
        },
    }
}

/// A log of that size has no such leaf.
fn beyond(size: u64) -> Problem {
    Problem::Beyond {
        what: Beyond::Leaf,
        end: size,
    }
}
