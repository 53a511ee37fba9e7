//! The file system of the machine.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::system::{FileSystem, Guard, OpenFile};

/// The file system of the machine.
pub(super) struct Machine;

impl FileSystem for Machine {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn OpenFile>> {
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
        // On other systems a directory cannot be opened, and its entries are durable with the file.
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

impl OpenFile for fs::File {
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
    //! Positioned reads and writes on Unix.

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
    //! Positioned reads and writes on Windows.

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
