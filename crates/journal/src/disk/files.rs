//! The interface to the file system: every file call of the disk provider goes through [`Files`] and [`File`], whose errors
//! carry the path. Behind them is a [`FileSystem`] with its [`OpenFile`]s: the machine's, or one of a test.

mod machine;
mod system;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::machine::Machine;
pub(crate) use self::system::{FileSystem, Guard, OpenFile};
use crate::error::Error;

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
