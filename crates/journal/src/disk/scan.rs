//! Sequential read of the frames of a segment file, in large pieces.

use super::files::{File, FileError};
use super::frame::{self, Frame, Salt};
use crate::error::Error;

/// Size of a read in bytes, unless a record is larger.
const PIECE: usize = 1 << 20;

/// A position in a segment file from which frames are read.
pub(super) struct Scan {
    file: File,
    salt: Salt,
    /// Position of the next frame in the file.
    position: u64,
    /// Bytes of the file that may be read.
    limit: u64,
    /// Bytes of the file from `position` on: `buffer[start..]`.
    buffer: Vec<u8>,
    start: usize,
}

/// One result of a scan.
pub(super) enum Step<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// The limit is reached.
    End,
    /// No valid frame; the fault.
    Bad(String),
}

impl Scan {
    pub(super) fn new(file: &File, salt: Salt, position: u64, limit: u64) -> Scan {
        Scan {
            file: file.clone(),
            salt,
            position,
            limit,
            buffer: Vec::new(),
            start: 0,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Raises the limit.
    pub(super) fn extend(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Decodes the next frame without consuming it.
    pub(super) fn peek(&mut self) -> Result<Step<'_>, FileError> {
        if self.position >= self.limit {
            return Ok(Step::End);
        }
        let mut needed = frame::SMALLEST;
        // Reads the length first, then the whole frame.
        for _ in 0..2 {
            if self.limit - self.position < needed as u64 {
                return Ok(Step::Bad(
                    "a record reaches beyond the end of the file".into(),
                ));
            }
            if !self.fill(needed)? {
                return Ok(Step::Bad("the file is shorter than it was".into()));
            }
            needed = frame::claimed_length(&self.buffer[self.start..]);
        }
        Ok(match frame::parse(self.salt, &self.buffer[self.start..]) {
            Ok(frame) => Step::Frame(frame),
            Err(why) => Step::Bad(why.into()),
        })
    }

    /// Skips a frame of this length.
    pub(super) fn skip(&mut self, length: usize) {
        self.start += length;
        self.position += length as u64;
    }

    /// Everything from here to the limit.
    pub(super) fn rest(&mut self) -> Result<&[u8], FileError> {
        let needed = usize::try_from(self.limit - self.position).unwrap_or(usize::MAX);
        self.fill(needed)?;
        Ok(&self.buffer[self.start..])
    }

    /// Fills the buffer to at least `needed` bytes; false if the file has fewer.
    fn fill(&mut self, needed: usize) -> Result<bool, FileError> {
        let have = self.buffer.len() - self.start;
        if have >= needed {
            return Ok(true);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let room = usize::try_from(self.limit - self.position).unwrap_or(usize::MAX);
        let wanted = needed.max(PIECE).min(room);
        self.buffer.resize(wanted, 0);
        let read = self
            .file
            .read_at(&mut self.buffer[have..], self.position + have as u64);
        match read {
            Ok(count) => self.buffer.truncate(have + count),
            Err(error) => {
                self.buffer.truncate(have);
                return Err(error);
            }
        }
        Ok(self.buffer.len() >= needed)
    }

    pub(super) fn corrupt(&self, detail: String) -> Error {
        Error::corrupt(self.file.path(), self.position, detail)
    }
}
