//! Checks the records of a block against its claimed verdicts.

use bytes::Bytes;

use super::check::{Examined, examine};
use super::{Judged, Record, Signatures};
use crate::genesis::Rules;
use crate::hash::Hash;
use crate::key::SignatureBatch;
use crate::limits::MAX_TRANSACTION_BYTES;
use crate::parallel::{self, Parallel};
use crate::verdict::Verdict;

/// A claimed verdict that the record alone disproves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongVerdict;

/// Checks records, each with the claimed verdict. Verdict 0, and 8 and more, claim a good
/// signature: one failing batch refuses the block, without a search for the culprit.
pub(crate) fn check_claims(
    claims: &[(Bytes, Verdict)],
    rules: &Rules,
    signatures: Signatures<'_>,
    parallel: &dyn Parallel,
) -> Result<Vec<Record>, WrongVerdict> {
    let parts = parallel::map_parts(claims, parallel, |part, claims| {
        let mut batch = SignatureBatch::default();
        let mut message = Vec::new();
        let records: Result<Vec<Record>, WrongVerdict> = (claims.iter())
            .map(|(value, verdict)| {
                claim(value, *verdict, rules, signatures, &mut message, &mut batch)
            })
            .collect();
        let records = records?;
        match signatures {
            Signatures::Check { seed, .. } if !batch.verify(seed, part as u64) => Err(WrongVerdict),
            _ => Ok(records),
        }
    });
    let mut records = Vec::with_capacity(claims.len());
    for part in parts {
        records.extend(part?);
    }
    Ok(records)
}

fn claim(
    value: &Bytes,
    verdict: Verdict,
    rules: &Rules,
    signatures: Signatures<'_>,
    message: &mut Vec<u8>,
    batch: &mut SignatureBatch,
) -> Result<Record, WrongVerdict> {
    if verdict == Verdict::TooLarge {
        return carried(value);
    }
    if value.len() > MAX_TRANSACTION_BYTES {
        return Err(WrongVerdict);
    }
    let hash = Hash::of(value);
    let judged = match examine(value, rules, message) {
        Err(found) if found == verdict => Judged::Refused(verdict),
        Ok(Examined { transfer, signed }) if verdict.is_occurrence() => {
            if let Some(signed) = signed
                && signatures.doubt(&hash)
            {
                signed.defer(message, batch);
            }
            Judged::Good(transfer)
        }
        Ok(Examined { signed, .. }) if verdict == Verdict::BadSignature => {
            let signed = signed.ok_or(WrongVerdict)?;
            if matches!(signatures, Signatures::Check { .. }) && signed.holds(message) {
                return Err(WrongVerdict);
            }
            Judged::Refused(verdict)
        }
        _ => return Err(WrongVerdict),
    };
    Ok(Record {
        bytes: value.clone(),
        hash,
        judged,
    })
}

/// The hash that stands for a record that was too large.
fn carried(value: &Bytes) -> Result<Record, WrongVerdict> {
    Ok(Record {
        bytes: value.clone(),
        hash: Hash::from_slice(value).ok_or(WrongVerdict)?,
        judged: Judged::Refused(Verdict::TooLarge),
    })
}

impl Signatures<'_> {
    /// True if a signature that is claimed to be good must be checked.
    fn doubt(&self, record_hash: &Hash) -> bool {
        match self {
            Signatures::Check { known, .. } => !known(record_hash),
            Signatures::Assume => false,
        }
    }
}
