//! Importing: a journal of one topic whose records keep their offsets and append times, and which nobody appends to.
//!
//! The file that says that a directory is a journal is written last, when everything else is durable: an import that was
//! cut off is no journal, and is refused as such.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{File, Files, Guard, Real};
use super::frame::{self, Salt, Stamp};
use super::mark::Mark;
use super::partition::segment_path;
use super::{IMPORTED_FORMAT, MAX_RECORD_BYTES, SEGMENT_BYTES, lock, meta, say};
use crate::Error;
use crate::append::Entry;
use crate::record::Record;

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// A read-only journal in the making: one topic of one partition.
pub struct Import {
    files: Arc<dyn Files>,
    root: PathBuf,
    /// Of the partition.
    directory: PathBuf,
    topic: String,
    segment_bytes: u64,
    salt: u64,
    file: Arc<dyn File>,
    /// Bytes of the file that have been written.
    position: u64,
    buffer: Vec<u8>,
    next: u64,
    _lock: Guard,
}

impl Import {
    /// Begins a journal in a directory that is not there, or empty.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], or what the file system says.
    pub fn begin(root: &Path, topic: &str) -> Result<Import, Error> {
        Import::begin_on(Arc::new(Real), root, topic, SEGMENT_BYTES)
    }

    pub(super) fn begin_on(
        files: Arc<dyn Files>,
        root: &Path,
        topic: &str,
        segment_bytes: u64,
    ) -> Result<Import, Error> {
        let found = match files.list(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            listed => listed
                .map_err(|error| io_error(root, &error))?
                .into_iter()
                .next(),
        };
        if let Some(found) = found {
            return Err(Error::NotEmpty {
                path: root.to_owned(),
                found,
            });
        }
        let lock = lock(&*files, root)?;
        let salt = rand::random();
        let directory = root.join(topic).join("0");
        files
            .create_dir(&directory)
            .map_err(|error| io_error(&directory, &error))?;
        Mark::create(&*files, &directory, Salt::new(salt))?;
        let file = segment(&*files, &directory, 0)?;
        Ok(Import {
            files,
            root: root.to_owned(),
            directory,
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

    /// Every record below this offset has been taken.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`Error::BadConfig`] for one that does not lie above those before it or is too long, or what the file system says.
    pub fn push(&mut self, record: &Record) -> Result<(), Error> {
        let (offset, bytes) = (record.offset, record.size());
        if !(self.next..u64::MAX).contains(&offset) {
            let why = format!("offset {offset} does not lie above those before it");
            return Err(Error::BadConfig(why));
        }
        if bytes > MAX_RECORD_BYTES as usize {
            let why = format!(
                "the record at offset {offset} has {bytes} bytes: a disk: journal takes {MAX_RECORD_BYTES}"
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

    /// Makes it durable, and a journal.
    pub fn finish(mut self) -> Result<(), Error> {
        self.settle()?;
        let (mut mark, _) = Mark::open(&*self.files, &self.directory, Salt::new(self.salt))?;
        mark.set(self.next)
            .and_then(|()| mark.sync())
            .map_err(|error| io_error(mark.path(), &error))?;
        let topic = self.root.join(&self.topic);
        let said = [
            ("partitions", "1".to_owned()),
            ("max_record_bytes", MAX_RECORD_BYTES.to_string()),
        ];
        meta::write(&*self.files, &topic.join("topic"), &said)?;
        for directory in [&self.directory, &topic, &self.root] {
            self.files
                .sync_dir(directory)
                .map_err(|error| io_error(directory, &error))?;
        }
        say(&*self.files, &self.root, IMPORTED_FORMAT, self.salt)
    }

    /// Begins the next segment.
    fn roll(&mut self) -> Result<(), Error> {
        self.settle()?;
        self.file = segment(&*self.files, &self.directory, self.next)?;
        self.position = 0;
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Error> {
        self.write()?;
        self.file
            .sync()
            .map_err(|error| io_error(&self.directory, &error))
    }

    fn write(&mut self) -> Result<(), Error> {
        self.file
            .write_at(&self.buffer, self.position)
            .map_err(|error| io_error(&self.directory, &error))?;
        self.position += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

fn segment(files: &dyn Files, directory: &Path, base: u64) -> Result<Arc<dyn File>, Error> {
    let path = segment_path(directory, base);
    files
        .open(&path, true)
        .map_err(|error| io_error(&path, &error))
}

fn io_error(file: &Path, error: &io::Error) -> Error {
    Error::Io {
        file: file.to_owned(),
        detail: error.to_string(),
    }
}
