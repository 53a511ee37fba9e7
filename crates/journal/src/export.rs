//! The format of an export of a partition.

/// One record of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported<'a> {
    /// Offset in the partition.
    pub offset: u64,
    /// Append time, in milliseconds since the Unix epoch; 0 if none was stored.
    pub append_ms: u64,
    /// The value.
    pub value: &'a [u8],
}

/// The bytes are not an export: no offset and time in decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an export at byte {at}")]
pub struct Error {
    /// Position in the input, in bytes.
    pub at: usize,
}

/// Length of a null value in kcat's format.
const NULL: u32 = u32::MAX;
/// Digits of the longest decimal: 20 for 2^64−1, at most as many for a negative time.
const MAX_DIGITS: usize = 20;

/// Appends one record to `out`: offset in decimal, space, append time in decimal, space, length as 4
/// bytes big-endian, value.
///
/// ```
/// use journal::export::{read_record, write_record};
///
/// let mut out = Vec::new();
/// write_record(&mut out, 7, 1000, b"block");
/// assert_eq!(out, b"7 1000 \0\0\0\x05block");
/// let (record, length) = read_record(&out)?.expect("it is whole");
/// assert_eq!((record.value, length), (&b"block"[..], 16));
/// # Ok::<(), journal::export::Error>(())
/// ```
pub fn write_record(out: &mut Vec<u8>, offset: u64, append_ms: u64, value: &[u8]) {
    let length = u32::try_from(value.len()).expect("records are below 4 GiB");
    out.extend_from_slice(format!("{offset} {append_ms} ").as_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
}

/// The fields before the value of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Offset in the partition.
    pub offset: u64,
    /// Append time, in milliseconds since the Unix epoch; 0 if none was stored.
    pub append_ms: u64,
    /// Bytes of the head itself.
    pub bytes: usize,
    /// Bytes of the value, by the head.
    pub value_bytes: usize,
}

/// Decodes the first record of `bytes`, and returns its length, too; `None` if more bytes are needed. The position in an error
/// counts from the start of `bytes`.
pub fn read_record(bytes: &[u8]) -> Result<Option<(Exported<'_>, usize)>, Error> {
    let Some(head) = read_head(bytes)? else {
        return Ok(None);
    };
    let record = bytes[head.bytes..].get(..head.value_bytes);
    Ok(record.map(|value| {
        let record = Exported {
            offset: head.offset,
            append_ms: head.append_ms,
            value,
        };
        (record, head.bytes + head.value_bytes)
    }))
}

/// Decodes the head of the first record of `bytes`; `None` if more bytes are needed.
pub fn read_head(bytes: &[u8]) -> Result<Option<Head>, Error> {
    let Some((offset, rest)) = field(bytes, 0)? else {
        return Ok(None);
    };
    let time_at = bytes.len() - rest.len();
    let Some((time, rest)) = field(rest, time_at)? else {
        return Ok(None);
    };
    let offset = decimal(offset).ok_or(Error { at: 0 })?;
    let append_ms = append_ms(time).ok_or(Error { at: time_at })?;
    let Some((length, rest)) = rest.split_first_chunk() else {
        return Ok(None);
    };
    let value_bytes = match u32::from_be_bytes(*length) {
        NULL => 0,
        length => length as usize,
    };
    Ok(Some(Head {
        offset,
        append_ms,
        bytes: bytes.len() - rest.len(),
        value_bytes,
    }))
}

/// The bytes before a space, and those after it.
type Split<'a> = (&'a [u8], &'a [u8]);

/// Splits the bytes at the next space; `None` if there is none yet.
fn field(bytes: &[u8], at: usize) -> Result<Option<Split<'_>>, Error> {
    match bytes.iter().take(MAX_DIGITS + 1).position(|b| *b == b' ') {
        Some(end) => Ok(Some((&bytes[..end], &bytes[end + 1..]))),
        None if bytes.len() > MAX_DIGITS => Err(Error { at }),
        None => Ok(None),
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Parses an append time. A topic that stores none gives a negative one, which counts as 0.
fn append_ms(text: &[u8]) -> Option<u64> {
    match text.strip_prefix(b"-") {
        Some(digits) => decimal(digits).map(|_| 0),
        None => decimal(text),
    }
}
