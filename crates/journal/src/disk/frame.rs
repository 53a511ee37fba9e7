//! The bytes of a record in a segment file. Integers are big-endian.
//!
//! ```text
//!  0  u32  length of everything after the first 8 bytes
//!  4  u32  CRC-32C (Castagnoli) of: the journal's salt (8 bytes), the length, everything after the first 8 bytes
//!  8  u64  offset
//! 16  u64  append time, milliseconds since the Unix epoch
//! 24  u64  group: the first offset of the group this record was written with; when it was written, every
//!          record below that offset had been synced
//! 32  u32  length of the key; 2^32-1 = no key
//! 36  u32  number of headers
//! 40       key; then each header as u32 length of its name, u32 length of its value, name, value; then the value
//! ```
//!
//! The salt is random for each journal, so that no client can choose bytes of a record that look like a frame.

use bytes::Bytes;

use crate::append::Entry;
use crate::record::{Headers, Record};

/// Bytes before those that the length counts.
const PREFIX: usize = 8;
/// Bytes before the key.
const FIXED: usize = 40;
/// Bytes of the smallest frame.
pub(super) const SMALLEST: usize = FIXED;
/// Largest `max_record_bytes` of a topic: frames have lengths of 32 bits, and are held in memory.
pub(super) const MAX_RECORD_BYTES: u32 = 1 << 30;
/// Length that marks an absent key.
const NO_KEY: u32 = u32::MAX;

/// The initial state of the checksums of one journal: the CRC of its salt.
#[derive(Clone, Copy)]
pub(super) struct Salt(u32);

impl Salt {
    pub(super) fn new(salt: u64) -> Salt {
        Salt(crc32c::crc32c(&salt.to_be_bytes()))
    }

    /// The checksum of bytes in two parts.
    pub(super) fn checksum(self, first: &[u8], second: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, first), second)
    }
}

/// A frame with a valid checksum.
pub(super) struct Frame<'a> {
    pub(super) offset: u64,
    pub(super) append_ms: u64,
    pub(super) group: u64,
    bytes: &'a [u8],
}

/// Offset, append time and group of a record.
pub(super) struct Stamp {
    pub(super) offset: u64,
    pub(super) append_ms: u64,
    pub(super) group: u64,
}

/// Appends the frame of an entry to `buffer`.
pub(super) fn encode(salt: Salt, stamp: &Stamp, entry: &Entry, buffer: &mut Vec<u8>) {
    let start = buffer.len();
    let headers: usize = entry
        .headers
        .iter()
        .map(|(name, value)| 8 + name.len() + value.len())
        .sum();
    let key_length = entry.key.as_ref().map_or(0, Bytes::len);
    let length = FIXED - PREFIX + key_length + headers + entry.value.len();
    buffer.reserve(PREFIX + length);
    buffer.extend_from_slice(&u32_of(length).to_be_bytes());
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&stamp.offset.to_be_bytes());
    buffer.extend_from_slice(&stamp.append_ms.to_be_bytes());
    buffer.extend_from_slice(&stamp.group.to_be_bytes());
    let key_field = entry.key.as_ref().map_or(NO_KEY, |key| u32_of(key.len()));
    buffer.extend_from_slice(&key_field.to_be_bytes());
    buffer.extend_from_slice(&u32_of(entry.headers.len()).to_be_bytes());
    if let Some(key) = &entry.key {
        buffer.extend_from_slice(key);
    }
    for (name, value) in &entry.headers {
        buffer.extend_from_slice(&u32_of(name.len()).to_be_bytes());
        buffer.extend_from_slice(&u32_of(value.len()).to_be_bytes());
        buffer.extend_from_slice(name.as_bytes());
        buffer.extend_from_slice(value);
    }
    buffer.extend_from_slice(&entry.value);
    let crc = salt.checksum(&buffer[start..start + 4], &buffer[start + PREFIX..]);
    buffer[start + 4..start + PREFIX].copy_from_slice(&crc.to_be_bytes());
}

fn u32_of(length: usize) -> u32 {
    u32::try_from(length)
        .expect("entries are checked against a limit of 32 bits before they are taken")
}

/// Decodes the frame at the start of `bytes`; `Err` is the fault.
pub(super) fn parse(salt: Salt, bytes: &[u8]) -> Result<Frame<'_>, &'static str> {
    let length = claimed_length(bytes);
    if length < SMALLEST {
        return Err("no record begins here");
    }
    let frame = bytes.get(..length).ok_or("a record is cut short")?;
    if salt.checksum(&frame[..4], &frame[PREFIX..]) != be32(&frame[4..]) {
        return Err("the checksum of the record is wrong");
    }
    Ok(Frame {
        offset: be64(&frame[8..]),
        append_ms: be64(&frame[16..]),
        group: be64(&frame[24..]),
        bytes: frame,
    })
}

/// The length that a frame at the start of `bytes` would have; needs at least 4 bytes, valid or not.
pub(super) fn claimed_length(bytes: &[u8]) -> usize {
    PREFIX + be32(bytes) as usize
}

/// The offset that a frame at the start of `bytes` would have; needs at least 16 bytes, valid or not.
pub(super) fn claimed_offset(bytes: &[u8]) -> u64 {
    be64(&bytes[8..])
}

impl Frame<'_> {
    /// Bytes of the whole frame.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Copies the record, with the selected headers; `None` if the lengths inside the frame exceed it.
    pub(super) fn record(&self, headers: Headers) -> Option<Record> {
        let key_length = be32(&self.bytes[32..]);
        let header_count = be32(&self.bytes[36..]);
        let mut rest = &self.bytes[FIXED..];
        let key = if key_length == NO_KEY {
            None
        } else {
            Some(Bytes::copy_from_slice(take(&mut rest, key_length)?))
        };
        let mut kept = headers.keep();
        for _ in 0..header_count {
            let lengths = take(&mut rest, 8)?;
            let name = take(&mut rest, be32(lengths))?;
            let value = take(&mut rest, be32(&lengths[4..]))?;
            if kept.wants(name, value.len()) {
                let name = String::from_utf8(name.to_vec()).ok()?;
                kept.push(name, Bytes::copy_from_slice(value));
            }
        }
        Some(Record {
            offset: self.offset,
            append_ms: self.append_ms,
            key,
            // A copy: a slice of the frame would keep the headers that are left out in memory.
            value: Bytes::copy_from_slice(rest),
            headers: kept.into_headers(),
        })
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: u32) -> Option<&'a [u8]> {
    bytes.split_off(..count as usize)
}

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().expect("four bytes"))
}

fn be64(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes[..8].try_into().expect("eight bytes"))
}
