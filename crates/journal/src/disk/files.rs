//! The seam to the file system: every file call of the disk provider goes through [`Files`] and [`File`], whose errors know
//! their path. A [`FileSystem`] with its [`OpenFile`]s is behind them: the machine's, or one of a test.

mod machine;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::machine::Machine;
use crate::error::Error;

/// A lock; dropping it lets go.
pub(crate) type Guard = Box<dyn Send + Sync>;

/// A file system.
pub(crate) trait FileSystem: Send + Sync {
    /// Opens a file for reading and writing; with `create` also one that is not there.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn OpenFile>>;
    /// Makes a directory and those above it; one that is there is no error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Names in a directory, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Puts a file in the place of another, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes what was created or renamed in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Locks a file against every other opener, writing `holder` into it; `Err` names the holder.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Result<Guard, String>>;
}

/// An open file of a file system.
pub(crate) trait OpenFile: Send + Sync {
    /// Reads what is at `position`; fewer bytes than asked for only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `position`; after an error any part of them may be there.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Makes the file's bytes and its length durable.
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Bytes in the file.
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
    /// Whether the file or directory is not there.
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

/// Names the path of a failure.
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
    /// Those of the machine.
    pub(crate) fn machine() -> Files {
        Files::on(Machine)
    }

    pub(crate) fn on(system: impl FileSystem + 'static) -> Files {
        Files(Arc::new(system))
    }

    /// Opens a file that is there.
    pub(crate) fn open(&self, path: &Path) -> Result<File, FileError> {
        File::new(path, self.0.open(path, false))
    }

    /// Opens a file, and makes it if it is not there.
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

    /// Writes a small file durably and at once: whole or not at all, whenever the power goes.
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

    /// Reads a small file as a whole.
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
