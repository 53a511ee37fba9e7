//! Reads an export record by record.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use journal::Record;
use journal::export::{self, Head};

/// Size of a read, in bytes.
const READ_BYTES: usize = 1 << 20;
/// Longest value that is read, in bytes: a candidate may have any size (OVERSIZE), but no journal of Blocklog holds a longer one.
const MAX_VALUE_BYTES: usize = 1 << 30;

/// Checks that offsets ascend and leave room for a next one, which is returned.
pub fn offset_behind(next_offset: u64, offset: u64) -> Result<u64, String> {
    if (next_offset..u64::MAX).contains(&offset) {
        Ok(offset + 1)
    } else {
        Err(format!("offset {offset} is not above the one before it"))
    }
}

/// Reads an export. Ends after the first error.
pub struct ExportFile {
    file: File,
    path: PathBuf,
    /// Length of the file in bytes, if it is known.
    length: Option<u64>,
    buffer: BytesMut,
    ended: bool,
    /// Bytes of the file before the buffer.
    passed: u64,
    /// Number of records before the buffer.
    records: u64,
    /// Lowest possible offset of the next record.
    next_offset: u64,
}

impl ExportFile {
    /// Opens an export.
    pub fn open(path: &Path) -> Result<Self, journal::Error> {
        let cannot = |error: std::io::Error| journal::Error::Io {
            file: path.to_owned(),
            detail: error.to_string(),
        };
        let file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            length: metadata.is_file().then_some(metadata.len()),
            buffer: BytesMut::new(),
            ended: false,
            passed: 0,
            records: 0,
            next_offset: 0,
        })
    }

    /// Adds the place to a problem: record, position in the file, and the offset before it.
    fn broken(&self, problem: impl std::fmt::Display) -> journal::Error {
        let behind = match self.next_offset {
            0 => String::new(),
            next => format!(", behind offset {}", next - 1),
        };
        journal::Error::Io {
            file: self.path.clone(),
            detail: format!(
                "record {} (at byte {}{behind}): {problem}",
                self.records + 1,
                self.passed
            ),
        }
    }

    fn read_more(&mut self) -> Result<(), journal::Error> {
        let held = self.buffer.len();
        self.buffer.resize(held + READ_BYTES, 0);
        let read = self
            .file
            .read(&mut self.buffer[held..])
            .map_err(|error| self.broken(error))?;
        self.buffer.truncate(held + read);
        self.ended = read == 0;
        Ok(())
    }

    /// Refuses an impossible length before the bytes are read.
    fn check_length(&self, head: &Head) -> Result<(), journal::Error> {
        let claimed = head.value_bytes;
        if let Some(length) = self.length {
            let rest = length.saturating_sub(self.passed + head.bytes as u64);
            if claimed as u64 > rest {
                return Err(self.broken(format!(
                    "offset {} should have {claimed} bytes, and the file ends after {rest}: the record is cut off, or its length was changed",
                    head.offset
                )));
            }
        }
        if claimed > MAX_VALUE_BYTES {
            return Err(self.broken(format!(
                "offset {} has {claimed} bytes, more than the {MAX_VALUE_BYTES} that a journal of Blocklog can hold",
                head.offset
            )));
        }
        Ok(())
    }

    /// The head of the next record, if there is one.
    fn head(&mut self) -> Result<Option<Head>, journal::Error> {
        loop {
            let found = export::read_head(&self.buffer)
                .map_err(|_| self.broken("no offset, time and length of an export"))?;
            if let Some(head) = found {
                return Ok(Some(head));
            }
            if self.ended {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(self.broken("the last record is cut off"))
                };
            }
            self.read_more()?;
        }
    }

    fn read_record(&mut self) -> Result<Option<Record>, journal::Error> {
        let Some(head) = self.head()? else {
            return Ok(None);
        };
        let offset = head.offset;
        let next_offset =
            offset_behind(self.next_offset, offset).map_err(|problem| self.broken(problem))?;
        self.check_length(&head)?;
        let length = head.bytes + head.value_bytes;
        while self.buffer.len() < length {
            if self.ended {
                return Err(self.broken("the last record is cut off"));
            }
            self.read_more()?;
        }
        self.next_offset = next_offset;
        self.passed += length as u64;
        self.records += 1;
        let mut framed: Bytes = self.buffer.split_to(length).freeze();
        Ok(Some(Record {
            offset,
            append_ms: head.append_ms,
            key: None,
            value: framed.split_off(head.bytes),
            headers: Vec::new(),
        }))
    }
}

impl Iterator for ExportFile {
    type Item = Result<Record, journal::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_record().transpose()
    }
}

#[cfg(test)]
mod tests {
    use journal::export::write_record;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Result<Record, String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("e");
        std::fs::write(&path, bytes).expect("it is written");
        let mut read = Vec::new();
        for record in ExportFile::open(&path).expect("it opens") {
            let failed = record.is_err();
            read.push(record.map_err(|error| error.to_string()));
            if failed {
                break;
            }
        }
        read
    }

    #[test]
    fn candidates_of_any_size_are_read() {
        let mut bytes = Vec::new();
        let large = vec![7; 65 << 20];
        write_record(&mut bytes, 4, 10, b"small");
        write_record(&mut bytes, 9, 11, &large);
        write_record(&mut bytes, 10, 12, b"");
        let records: Vec<Record> = read(&bytes)
            .into_iter()
            .map(|record| record.expect("it is whole"))
            .collect();
        let seen: Vec<(u64, u64, usize)> = records
            .iter()
            .map(|record| (record.offset, record.append_ms, record.value.len()))
            .collect();
        assert_eq!(seen, [(4, 10, 5), (9, 11, large.len()), (10, 12, 0)]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let mut good = Vec::new();
        write_record(&mut good, 4, 10, b"value");
        let with = |rest: &[u8]| [&good[..], rest].concat();
        let cases: [(&[u8], &[&str]); 5] = [
            (b"5 x ", &["no offset"]),
            (b"5 1 ", &["cut off"]),
            (
                b"5 1 \x00\x00\x00\x09four",
                &["offset 5", "9 bytes", "after 4", "cut off"],
            ),
            (
                b"5 1 \xf0\x00\x00\x00four",
                &["4026531840 bytes", "after 4"],
            ),
            (b"4 1 \x00\x00\x00\x01x", &["offset 4 is not above"]),
        ];
        for (rest, words) in cases {
            let read = read(&with(rest));
            assert!(read[0].is_ok() && read.len() == 2, "{read:?}");
            let error = read[1].as_ref().expect_err("it is damaged");
            for word in words
                .iter()
                .chain(&["record 2 ", "at byte 14", "behind offset 4"])
            {
                assert!(error.contains(word), "{word}: {error}");
            }
        }
    }
}
