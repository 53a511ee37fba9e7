//! The seam to the file system: every file call of the disk provider goes through [`Files`] and [`File`].

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// A file system.
pub(crate) trait Files: Send + Sync {
    /// Opens a file for reading and writing; with `create` also one that is not there.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>>;
    /// Makes a directory and those above it; one that is there is no error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Names in a directory, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Puts a file in the place of another, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes what was created or renamed in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Locks a file against every other opener, writing `holder` into it; `Err` says who holds it.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Result<Guard, String>>;
}

/// A lock; dropping it lets go.
pub(crate) type Guard = Box<dyn Send + Sync>;

/// An open file.
pub(crate) trait File: Send + Sync {
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

/// Reads a small file as a whole.
pub(crate) fn read(file: &dyn File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.length()?).map_err(io::Error::other)?];
    let count = file.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Writes a small file durably and at once: whole or not at all, whenever the power goes.
pub(crate) fn write_whole(files: &dyn Files, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let draft = path.with_extension("new");
    let file = files.open(&draft, true)?;
    file.truncate(0)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    files.rename(&draft, path)?;
    files.sync_dir(directory)
}

/// The file system of the machine.
pub(crate) struct Real;

impl Files for Real {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        Ok(Arc::new(
            options.read(true).write(true).create(create).open(path)?,
        ))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let name =
            |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(path)?.map(name).collect()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // Elsewhere a directory cannot be opened, and its entries are durable with the file.
        if cfg!(unix) {
            fs::File::open(path)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Result<Guard, String>> {
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.write_all(holder.as_bytes())?;
                Ok(Ok(Box::new(file)))
            }
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                Ok(Err(holder))
            }
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

impl File for fs::File {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match positioned::read(self, &mut buffer[done..], position + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match positioned::write(self, &bytes[done..], position + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

#[cfg(unix)]
mod positioned {
    //! Reading and writing at a position, as Unix does it.

    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    pub(super) fn read(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        file.read_at(buffer, position)
    }

    pub(super) fn write(file: &File, bytes: &[u8], position: u64) -> io::Result<usize> {
        file.write_at(bytes, position)
    }
}

#[cfg(windows)]
mod positioned {
    //! Reading and writing at a position, as Windows does it.

    use std::fs::File;
    use std::io;
    use std::os::windows::fs::FileExt;

    pub(super) fn read(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        file.seek_read(buffer, position)
    }

    pub(super) fn write(file: &File, bytes: &[u8], position: u64) -> io::Result<usize> {
        file.seek_write(bytes, position)
    }
}
