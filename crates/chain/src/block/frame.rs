//! The beginning of a block, read before anything in it is trusted.

use std::ops::Range;

use bytes::Bytes;

use super::{Block, Rule, Signed, Unchecked};
use crate::codec::{self, Reader};
use crate::hash::Hash;
use crate::header;
use crate::limits::MAX_HEADER_BYTES;
use crate::wire::{self, block_field};

/// Tag of the version in a header, in every version.
const VERSION_TAG: u8 = codec::tag(1, codec::WIRE_VARINT);

/// Reads the header of a candidate: UNDECODABLE of the value's beginning, BAD_VERSION, UNDECODABLE of the header. Rules of the
/// chain come before these: `Chain::frame` checks them all.
pub fn frame(value: Bytes) -> Result<Block<Unchecked>, Rule> {
    let header = find_header(&value)?;
    check_version(&value[header.clone()])?;
    let wire = wire::Header::decode(&value[header.clone()]).map_err(|_| Rule::Undecodable)?;
    let (fields, header_bytes) = header::from_wire(&wire).ok_or(Rule::Undecodable)?;
    Ok(Block {
        signature: find_signature(&value, header.end),
        header: fields,
        hash: Hash::of(&header_bytes),
        header_bytes,
        signed: Signed::Unverified,
        body: Unchecked,
        value,
    })
}

/// The range of a field: a tag, a minimal length, and that many bytes.
fn find(value: &[u8], start: usize, field: u8) -> Option<Range<usize>> {
    let mut reader = Reader::new(value.get(start..)?);
    let found = reader.element(field).ok()??;
    let end = value.len() - reader.rest().len();
    Some(end - found.len()..end)
}

/// format.md, "Block validity": "the bytes are 0x0a, a length (minimal, ≤ 200, inside the value), and that many bytes: the
/// header".
fn find_header(value: &[u8]) -> Result<Range<usize>, Rule> {
    find(value, 0, block_field::HEADER)
        .filter(|header| header.len() <= MAX_HEADER_BYTES)
        .ok_or(Rule::Undecodable)
}

/// format.md, "Block validity": "version 1 (an explicit 0, or 2^32 and more, is a version too)".
fn check_version(header: &[u8]) -> Result<(), Rule> {
    let rest = header
        .strip_prefix(&[VERSION_TAG])
        .ok_or(Rule::Undecodable)?;
    let version = Reader::new(rest).varint().map_err(|_| Rule::Undecodable)?;
    if version != u64::from(header::VERSION) {
        return Err(Rule::BadVersion(version));
    }
    Ok(())
}

/// format.md, "Block validity": "what field 2 holds if, right after the header, byte 0x12, a minimal length and that many bytes
/// follow; otherwise it is empty".
fn find_signature(value: &[u8], header_end: usize) -> Range<usize> {
    find(value, header_end, block_field::SIGNATURE).unwrap_or(0..0)
}
