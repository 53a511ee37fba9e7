//! Canonical protobuf: fields in order, each once, defaults left out, minimal varints, nothing unknown.
//! So a value has exactly one encoding, and reading accepts only the output of writing.

/// Bytes that are not in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotCanonical;

type Result<T> = std::result::Result<T, NotCanonical>;

/// Field numbers are below 16, so that every tag is one byte.
const MAX_FIELD: u8 = 15;

pub(crate) const WIRE_VARINT: u8 = 0;
const WIRE_FIXED64: u8 = 1;
const WIRE_BYTES: u8 = 2;

pub(crate) const fn tag(field: u8, wire: u8) -> u8 {
    assert!(field >= 1 && field <= MAX_FIELD);
    field << 3 | wire
}

/// Reads the fields of one message, in order.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// The bytes that have not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn has(&mut self, tag: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == tag => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(NotCanonical)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A minimal varint below 2^64.
    pub(crate) fn varint(&mut self) -> Result<u64> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(byte));
        }
        let mut value = 0;
        for (i, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                // A last byte of zero is not minimal; a tenth byte has room for one bit only.
                if byte == 0 || (i == 9 && byte > 1) {
                    return Err(NotCanonical);
                }
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(NotCanonical)
    }

    /// A uint64 field; 0 if absent.
    pub(crate) fn uint64(&mut self, field: u8) -> Result<u64> {
        if !self.has(tag(field, WIRE_VARINT)) {
            return Ok(0);
        }
        match self.varint()? {
            0 => Err(NotCanonical),
            value => Ok(value),
        }
    }

    /// A uint32 field; 0 if absent.
    pub(crate) fn uint32(&mut self, field: u8) -> Result<u32> {
        self.uint64(field)?.try_into().map_err(|_| NotCanonical)
    }

    /// A bool field; false if absent.
    pub(crate) fn boolean(&mut self, field: u8) -> Result<bool> {
        match self.uint64(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(NotCanonical),
        }
    }

    /// A fixed64 field; 0 if absent.
    pub(crate) fn fixed64(&mut self, field: u8) -> Result<u64> {
        if !self.has(tag(field, WIRE_FIXED64)) {
            return Ok(0);
        }
        let bytes = self.take(8)?.try_into().map_err(|_| NotCanonical)?;
        match u64::from_le_bytes(bytes) {
            0 => Err(NotCanonical),
            value => Ok(value),
        }
    }

    /// A bytes field; empty if absent.
    pub(crate) fn bytes(&mut self, field: u8) -> Result<&'a [u8]> {
        match self.element(field)? {
            None => Ok(&[]),
            Some([]) => Err(NotCanonical),
            Some(bytes) => Ok(bytes),
        }
    }

    /// A string field; empty if absent.
    pub(crate) fn string(&mut self, field: u8) -> Result<&'a str> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| NotCanonical)
    }

    /// The next element of a repeated field, or an optional message field: either may be empty.
    pub(crate) fn element(&mut self, field: u8) -> Result<Option<&'a [u8]>> {
        if !self.has(tag(field, WIRE_BYTES)) {
            return Ok(None);
        }
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| NotCanonical)?;
        self.take(length).map(Some)
    }

    /// Checks that no bytes are left.
    pub(crate) fn end(&self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(NotCanonical)
        }
    }
}

/// Appends a minimal varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes of a minimal varint.
pub(crate) fn varint_length(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends an integer or bool field, unless it is 0.
pub(crate) fn put_uint(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(tag(field, WIRE_VARINT));
        put_varint(out, value);
    }
}

/// Appends a fixed64 field, unless it is 0.
pub(crate) fn put_fixed64(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(tag(field, WIRE_FIXED64));
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Appends a bytes or string field, unless it is empty.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_element(out, field, bytes);
    }
}

/// Appends a message, or an element of a repeated field, empty or not.
pub(crate) fn put_element(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(tag(field, WIRE_BYTES));
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Bytes that `put_element` appends for that many bytes.
pub(crate) fn element_length(bytes: usize) -> usize {
    1 + varint_length(bytes as u64) + bytes
}
