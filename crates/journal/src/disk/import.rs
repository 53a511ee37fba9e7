//! Imports: read-only journals of one topic, whose records keep their offsets and append times.
//!
//! The file `journal` is written last, when everything else is durable: an interrupted import is not a journal, and is refused.

use std::path::{Path, PathBuf};

use super::directory::{self, IMPORTED_FORMAT};
use super::files::{File, Files, Guard};
use super::frame::{self, MAX_RECORD_BYTES, Salt, Stamp};
use super::mark::Mark;
use super::meta;
use super::partition::{SEGMENT_BYTES, segment_path};
use crate::append::Entry;
use crate::error::Error;
use crate::record::Record;

/// Size of a write, in bytes.
const BUFFER_BYTES: usize = 1 << 20;

/// An import in progress: a read-only journal of one topic with one partition.
pub struct Import {
    files: Files,
    root: PathBuf,
    partition: PathBuf,
    topic: String,
    segment_bytes: u64,
    salt: u64,
    file: File,
    /// Bytes written to the file.
    position: u64,
    buffer: Vec<u8>,
    next: u64,
    _lock: Guard,
}

impl Import {
    /// Starts a journal in a directory that does not exist, or is empty.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], or a failure of the file system.
    pub fn begin(root: &Path, topic: &str) -> Result<Import, Error> {
        Import::begin_on(Files::machine(), root, topic, SEGMENT_BYTES)
    }

    pub(super) fn begin_on(
        files: Files,
        root: &Path,
        topic: &str,
        segment_bytes: u64,
    ) -> Result<Import, Error> {
        let found = match files.list(root) {
            Err(error) if error.is_missing() => None,
            listed => listed?.into_iter().next(),
        };
        if let Some(found) = found {
            return Err(Error::NotEmpty {
                path: root.to_owned(),
                found,
            });
        }
        let lock = directory::lock(&files, root)?;
        let salt = rand::random();
        let partition = root.join(topic).join("0");
        files.create_dir(&partition)?;
        Mark::create(&files, &partition, Salt::new(salt))?;
        let file = files.create(&segment_path(&partition, 0))?;
        Ok(Import {
            files,
            root: root.to_owned(),
            partition,
            topic: topic.to_owned(),
            segment_bytes,
            salt,
            file,
            position: 0,
            buffer: Vec::new(),
            next: 0,
            _lock: lock,
        })
    }

    /// Every record below this offset has been added.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Adds the next record.
    ///
    /// # Errors
    /// [`Error::BadConfig`] for a record that is too large or not above the earlier ones, or a failure of the file system.
    pub fn push(&mut self, record: &Record) -> Result<(), Error> {
        let (offset, bytes) = (record.offset, record.size());
        if !(self.next..u64::MAX).contains(&offset) {
            let why = format!("offset {offset} is not above those before it");
            return Err(Error::BadConfig(why));
        }
        if bytes > MAX_RECORD_BYTES as usize {
            let why = format!(
                "the record at offset {offset} has {bytes} bytes: a disk: journal takes at most {MAX_RECORD_BYTES}"
            );
            return Err(Error::BadConfig(why));
        }
        if self.position + self.buffer.len() as u64 >= self.segment_bytes {
            self.roll()?;
        }
        let stamp = Stamp {
            offset,
            append_ms: record.append_ms,
            group: 0,
        };
        let entry = Entry {
            partition: 0,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
        };
        frame::encode(Salt::new(self.salt), &stamp, &entry, &mut self.buffer);
        self.next = offset + 1;
        if self.buffer.len() >= BUFFER_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// Makes the records durable, and completes the journal.
    pub fn finish(mut self) -> Result<(), Error> {
        self.sync()?;
        let (mut mark, _) = Mark::open(&self.files, &self.partition, Salt::new(self.salt))?;
        mark.set(self.next)?;
        mark.sync()?;
        let topic = self.root.join(&self.topic);
        let pairs = [
            ("partitions", "1".to_owned()),
            ("max_record_bytes", MAX_RECORD_BYTES.to_string()),
        ];
        meta::write(&self.files, &topic.join("topic"), &pairs)?;
        for directory in [&self.partition, &topic, &self.root] {
            self.files.sync_dir(directory)?;
        }
        directory::write(&self.files, &self.root, IMPORTED_FORMAT, self.salt)
    }

    /// Starts the next segment.
    fn roll(&mut self) -> Result<(), Error> {
        self.sync()?;
        self.file = self
            .files
            .create(&segment_path(&self.partition, self.next))?;
        self.position = 0;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Error> {
        self.write()?;
        Ok(self.file.sync()?)
    }

    fn write(&mut self) -> Result<(), Error> {
        self.file.write_at(&self.buffer, self.position)?;
        self.position += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
