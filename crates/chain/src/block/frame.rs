//! The beginning of a block: what is read before anything is known to be good.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;

use super::{Block, Rule, Unchecked};
use crate::codec::Reader;
use crate::hash::Hash;
use crate::header;
use crate::limits::MAX_HEADER_BYTES;
use crate::wire;

/// Tag of the header in a block, in every version.
const HEADER_TAG: u8 = 0x0a;
/// Tag of the signature in a block.
const SIGNATURE_TAG: u8 = 0x12;
/// Tag of the version in a header, in every version.
const VERSION_TAG: u8 = 0x08;

pub(super) fn frame(value: Bytes, max_bytes: u32) -> Result<Block<Unchecked>, Rule> {
    check_size(&value, max_bytes)?;
    let header = find_header(&value)?;
    check_version(&value[header.clone()])?;
    let wire = wire::Header::decode(&value[header.clone()]).map_err(|_| Rule::Undecodable)?;
    let (fields, header_bytes) = header::from_wire(&wire).ok_or(Rule::Undecodable)?;
    Ok(Block {
        signature: find_signature(&value, header.end),
        header: fields,
        hash: Hash::of(&header_bytes),
        header_bytes,
        signed: OnceLock::new(),
        body: Unchecked,
        value,
    })
}

fn check_size(value: &[u8], max_bytes: u32) -> Result<(), Rule> {
    if value.len() > max_bytes as usize {
        return Err(Rule::Oversize);
    }
    Ok(())
}

/// A tag, a minimal length, and that many bytes.
fn find(value: &[u8], start: usize, tag: u8) -> Option<Range<usize>> {
    let rest = value.get(start..)?.strip_prefix(&[tag])?;
    let mut reader = Reader::new(rest);
    let length = usize::try_from(reader.varint().ok()?).ok()?;
    let from = value.len() - reader.rest().len();
    (length <= reader.rest().len()).then(|| from..from + length)
}

fn find_header(value: &[u8]) -> Result<Range<usize>, Rule> {
    find(value, 0, HEADER_TAG)
        .filter(|header| header.len() <= MAX_HEADER_BYTES)
        .ok_or(Rule::Undecodable)
}

fn check_version(header: &[u8]) -> Result<(), Rule> {
    let rest = header
        .strip_prefix(&[VERSION_TAG])
        .ok_or(Rule::Undecodable)?;
    let version = Reader::new(rest).varint().map_err(|_| Rule::Undecodable)?;
    if version != u64::from(header::VERSION) {
        return Err(Rule::BadVersion);
    }
    Ok(())
}

/// What field 2 holds if it follows the header, and else nothing.
fn find_signature(value: &[u8], header_end: usize) -> Range<usize> {
    find(value, header_end, SIGNATURE_TAG).unwrap_or(0..0)
}
