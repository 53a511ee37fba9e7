//! PEM files that hold a secret: written for the owner alone, refused when others may read them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why a key file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// Group or others may read the file.
    #[error("{path}: others may read this key (mode {mode:04o}); run: chmod 600 {path}")]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a PEM file.
    #[error("{path}: not a PEM file (no line beginning with -----BEGIN)")]
    NotPem {
        /// The key file.
        path: PathBuf,
    },
    /// The file is there already; keys are never overwritten.
    #[error("{path} exists already; a key file is never overwritten")]
    Exists {
        /// The key file.
        path: PathBuf,
    },
}

/// Reads a PEM file of mode 0600 or stricter.
pub fn read_pem(path: &Path) -> Result<String, Error> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    check_mode(path, &fs::metadata(path).map_err(io)?)?;
    let text = fs::read_to_string(path).map_err(io)?;
    if !text.contains("-----BEGIN ") {
        return Err(Error::NotPem {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

/// Writes a new PEM file of mode 0600, synced to disk; refuses to replace a file.
pub fn write_pem(path: &Path, pem: &str) -> Result<(), Error> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists {
            path: path.to_owned(),
        },
        _ => Error::Io {
            path: path.to_owned(),
            source,
        },
    };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(fail)?;
    file.write_all(pem.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(fail)
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_path: &Path, _metadata: &fs::Metadata) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_once_and_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        let pem = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
        write_pem(&path, pem).unwrap();
        assert_eq!(read_pem(&path).unwrap(), pem);
        assert!(matches!(write_pem(&path, pem), Err(Error::Exists { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_pem(&path, "-----BEGIN X-----").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_pem(&path).unwrap_err().to_string();
        assert!(
            error.contains("mode 0640") && error.contains("chmod 600"),
            "{error}"
        );
    }

    #[test]
    fn anything_but_pem_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_pem(&path, "hello").unwrap();
        assert!(matches!(read_pem(&path), Err(Error::NotPem { .. })));
    }
}
