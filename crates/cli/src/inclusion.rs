//! Inclusion proofs, from a file or a reply.

#[cfg(test)]
mod changes;

use bytes::Bytes;
use chain::proof::Inclusion;
use chain::{Hash, header};
use proto::ledger::v1::InclusionProof;

use crate::exit::{Exit, Failure, Outcome};

/// Decodes a proof from hex; fails if it is malformed.
pub fn translate(proof: &InclusionProof) -> Outcome<Inclusion> {
    let bytes = |field: &str, text: &str| {
        proto::wire::hex_bytes(field, text).map_err(|error| unfit(&error.to_string()))
    };
    let header: [u8; header::BYTES] = bytes("header", &proof.header)?
        .try_into()
        .map_err(|_| unfit("the header is not 156 bytes"))?;
    let path: Result<Vec<Hash>, _> = proof.path.iter().map(|text| text.parse()).collect();
    let record = bytes("record", &proof.record)?;
    Ok(Inclusion {
        header,
        leaf_index: proof
            .leaf_index
            .ok_or_else(|| unfit("the leaf index is missing"))?,
        leaf: bytes("leaf", &proof.leaf)?,
        path: path.map_err(|_| unfit("the path holds something that is no hash"))?,
        // Proto3 does not distinguish an absent record from an empty one; the leaf does.
        record: (!record.is_empty()).then(|| Bytes::from(record)),
    })
}

/// The failure for a malformed proof.
pub fn unfit(problem: &str) -> Failure {
    Failure::new(Exit::DoesNotVerify, problem).reason("BAD_PROOF")
}
