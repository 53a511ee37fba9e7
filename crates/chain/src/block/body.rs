//! The body of a block: records, verdicts and holes, against the slice and the rules that need no chain.

use bytes::Bytes;

use super::{Checked, Hole, Rule};
use crate::genesis::Rules;
use crate::header::Header;
use crate::parallel::Parallel;
use crate::record::claim::check_claims;
use crate::record::{Record, Signatures};
use crate::verdict::Verdict;
use crate::wire;

/// A body as it was read. It keeps no more than a slice can have, however much the block holds.
struct Body<'a> {
    records: Vec<&'a [u8]>,
    record_count: u64,
    verdicts: &'a [u8],
    holes: Vec<Hole>,
    hole_count: u64,
}

pub(super) fn check(
    value: &Bytes,
    header: &Header,
    rules: &Rules,
    signatures: Signatures<'_>,
    parallel: &dyn Parallel,
) -> Result<Checked, Rule> {
    let slice = header.to_offset.saturating_sub(header.from_offset);
    let body = decode(value, slice.min(u64::from(rules.genesis.max_block_records)))?;
    check_holes(&body, header)?;
    check_counts(&body, slice)?;
    let claims = claims(value, &body)?;
    let records =
        check_claims(&claims, rules, signatures, parallel).map_err(|_| Rule::BadVerdict)?;
    Ok(Checked {
        records,
        verdicts: claims.into_iter().map(|(_, verdict)| verdict).collect(),
        holes: body.holes,
    })
}

fn decode(value: &[u8], limit: u64) -> Result<Body<'_>, Rule> {
    let (mut records, mut record_count) = (Vec::new(), 0);
    let (mut holes, mut hole_count) = (Vec::new(), 0);
    let block = wire::Block::decode(
        value,
        |record| {
            record_count += 1;
            if record_count <= limit {
                records.push(record);
            }
        },
        |from_offset, to_offset| {
            hole_count += 1;
            if hole_count <= limit {
                holes.push(Hole {
                    from_offset,
                    to_offset,
                });
            }
        },
    )
    .map_err(|_| Rule::Undecodable)?;
    Ok(Body {
        records,
        record_count,
        verdicts: block.verdicts,
        holes,
        hole_count,
    })
}

/// format.md, "Block validity": "holes each with from < to, ascending, apart, not touching, inside the slice".
fn check_holes(body: &Body<'_>, header: &Header) -> Result<(), Rule> {
    let slice = header.from_offset..=header.to_offset;
    let inside = |hole: &Hole| {
        hole.from_offset < hole.to_offset
            && slice.contains(&hole.from_offset)
            && slice.contains(&hole.to_offset)
    };
    let apart = |pair: &[Hole]| pair[0].to_offset < pair[1].from_offset;
    // More holes than offsets cannot be apart.
    let well_formed = body.hole_count == body.holes.len() as u64
        && body.holes.iter().all(inside)
        && body.holes.windows(2).all(apart);
    well_formed.then_some(()).ok_or(Rule::BadHoles)
}

/// format.md, "Block validity": "records + hole offsets = to − from; one verdict per record".
fn check_counts(body: &Body<'_>, offsets: u64) -> Result<(), Rule> {
    // Holes lie inside the slice and apart, so that their sum is at most the slice.
    let holes: u64 = (body.holes.iter())
        .map(|hole| hole.to_offset - hole.from_offset)
        .sum();
    let (records, verdicts) = (body.record_count, body.verdicts.len() as u64);
    let complete =
        records == offsets - holes && records == body.records.len() as u64 && records == verdicts;
    complete.then_some(()).ok_or(Rule::BadRecordCount {
        records,
        verdicts,
        holes,
        offsets,
    })
}

/// The records, each with its verdict; they share the bytes of the block.
fn claims(value: &Bytes, body: &Body<'_>) -> Result<Vec<(Bytes, Verdict)>, Rule> {
    let pairs = body.records.iter().zip(body.verdicts);
    pairs
        .map(|(record, byte)| {
            let verdict = Verdict::from_byte(*byte).ok_or(Rule::BadVerdict)?;
            Ok((value.slice_ref(record), verdict))
        })
        .collect()
}

impl Checked {
    /// The body of block 0, which seals no offsets.
    pub(super) fn none() -> Checked {
        Checked {
            records: Vec::<Record>::new(),
            verdicts: Vec::new(),
            holes: Vec::new(),
        }
    }
}
