//! The interface of a file system.

use std::io;
use std::path::Path;
use std::sync::Arc;

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
