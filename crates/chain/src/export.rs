//! The export of a `blockchain` topic: framing over bytes.

/// One record of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported<'a> {
    /// Offset on `blockchain`.
    pub offset: u64,
    /// When the log took it, in milliseconds since the Unix epoch; 0 if the log stored none.
    pub append_ms: u64,
    /// The value.
    pub value: &'a [u8],
}

/// Bytes that are no export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not an offset and a time in decimal.
    #[error("not an export at byte {at}")]
    Malformed {
        /// Where.
        at: usize,
    },
    /// The last record is cut off.
    #[error("cut off within the record that begins at byte {at}")]
    Truncated {
        /// Where.
        at: usize,
    },
}

/// Appends one record to `out`: offset in decimal, space, append time in decimal, space, length as 4
/// bytes big-endian, value.
pub fn write_record(out: &mut Vec<u8>, offset: u64, append_ms: u64, value: &[u8]) {
    let _ = (out, offset, append_ms, value);
    todo!()
}

/// Reads the first record of `bytes`, and says how long it was; `None` if more bytes are needed.
pub fn read_record(bytes: &[u8]) -> Result<Option<(Exported<'_>, usize)>, Error> {
    todo!("{bytes:?}")
}

/// Reads all records of an export that is in memory.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Exported<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let _ = (self.bytes, self.at);
        todo!()
    }
}
