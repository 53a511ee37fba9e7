//! The interface to the file system: every file call of the disk provider goes through [`Files`] and [`File`], whose errors
//! carry the path. Behind them is a [`FileSystem`] with its [`OpenFile`]s: the machine's, or one of a test.

mod machine;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::machine::Machine;
use crate::error::Error;

/// A lock, released on drop.
pub(crate) type Guard = Box<dyn Send + Sync>;

/// A file system.
pub(crate) trait FileSystem: Send + Sync {
    /// Opens a file for reading and writing; with `create`, creates it if it does not exist.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn OpenFile>>;
    /// Creates a directory and its parents; succeeds if they exist.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Names in a directory, unordered.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Replaces a file by another, atomically.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes creations and renames in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Locks a file against every other opener, and writes `holder` into it; the inner `Err` names the present holder.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Result<Guard, String>>;
}

/// An open file of a file system.
pub(crate) trait OpenFile: Send + Sync {
    /// Reads from `position`; fewer bytes than requested only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `position`; after an error any part of them may be written.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Makes the file's bytes and length durable.
    fn sync(&self) -> io::Result<()>;
    /// Truncates the file to `length` bytes.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Length of the file in bytes.
    fn length(&self) -> io::Result<u64>;
}

/// A failure of the file system.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = path.display())]
pub(crate) struct FileError {
    path: PathBuf,
    pub(crate) source: io::Error,
}

impl FileError {
    /// True if the file or directory does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

impl From<FileError> for Error {
    fn from(FileError { path, source }: FileError) -> Error {
        Error::Io {
            file: path,
            detail: source.to_string(),
        }
    }
}

/// Adds the path to a failure.
fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, FileError> {
    result.map_err(|source| FileError {
        path: path.to_owned(),
        source,
    })
}

/// The files of a journal; clones share the file system.
#[derive(Clone)]
pub(crate) struct Files(Arc<dyn FileSystem>);

impl Files {
    /// The file system of the machine.
    pub(crate) fn machine() -> Files {
        Files::on(Machine)
    }

    pub(crate) fn on(system: impl FileSystem + 'static) -> Files {
        Files(Arc::new(system))
    }

    /// Opens an existing file.
    pub(crate) fn open(&self, path: &Path) -> Result<File, FileError> {
        File::new(path, self.0.open(path, false))
    }

    /// Opens a file, and creates it if it does not exist.
    pub(crate) fn create(&self, path: &Path) -> Result<File, FileError> {
        File::new(path, self.0.open(path, true))
    }

    pub(crate) fn create_dir(&self, path: &Path) -> Result<(), FileError> {
        at(path, self.0.create_dir(path))
    }

    pub(crate) fn list(&self, path: &Path) -> Result<Vec<String>, FileError> {
        at(path, self.0.list(path))
    }

    pub(crate) fn sync_dir(&self, path: &Path) -> Result<(), FileError> {
        at(path, self.0.sync_dir(path))
    }

    pub(crate) fn lock(
        &self,
        path: &Path,
        holder: &str,
    ) -> Result<Result<Guard, String>, FileError> {
        at(path, self.0.lock(path, holder))
    }

    /// Writes a small file durably and atomically: after a power cut it exists as a whole or not at all.
    pub(crate) fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
        let directory = at(
            path,
            path.parent().ok_or(io::ErrorKind::InvalidInput.into()),
        )?;
        let draft = path.with_extension("new");
        let file = self.create(&draft)?;
        file.truncate(0)?;
        file.write_at(bytes, 0)?;
        file.sync()?;
        at(path, self.0.rename(&draft, path))?;
        self.sync_dir(directory)
    }
}

/// An open file; clones share it.
#[derive(Clone)]
pub(crate) struct File {
    path: Arc<Path>,
    open: Arc<dyn OpenFile>,
}

impl File {
    fn new(path: &Path, opened: io::Result<Arc<dyn OpenFile>>) -> Result<File, FileError> {
        Ok(File {
            open: at(path, opened)?,
            path: path.into(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, FileError> {
        at(&self.path, self.open.read_at(buffer, position))
    }

    /// Reads a small file completely.
    pub(crate) fn read_whole(&self) -> Result<Vec<u8>, FileError> {
        let length = usize::try_from(self.length()?).map_err(io::Error::other);
        let mut bytes = vec![0; at(&self.path, length)?];
        let count = self.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    pub(crate) fn write_at(&self, bytes: &[u8], position: u64) -> Result<(), FileError> {
        at(&self.path, self.open.write_at(bytes, position))
    }

    pub(crate) fn sync(&self) -> Result<(), FileError> {
        at(&self.path, self.open.sync())
    }

    pub(crate) fn truncate(&self, length: u64) -> Result<(), FileError> {
        at(&self.path, self.open.truncate(length))
    }

    pub(crate) fn length(&self) -> Result<u64, FileError> {
        at(&self.path, self.open.length())
    }
}
