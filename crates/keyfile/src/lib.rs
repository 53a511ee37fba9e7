//! Files that hold a secret: refused when strangers may read them. PEM files of keys are written for the owner alone.
//!
//! A secret may be read by its owner, and by the file's group if this process is in it. That is what Kubernetes makes of a
//! Secret in a pod with `fsGroup`: root's file, mode 0440, of that group.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why a file with a secret was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// More than the owner may write the file, or all may read it.
    #[error(
        "{path}: others may read or change this secret (mode {mode:04o}); run: chmod 600 {path}"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A group may read the file that this process is not in.
    #[error(
        "{path}: group {group} may read this secret (mode {mode:04o}), and this process is not in that group; \
         run: chmod 600 {path}, or start the process in that group (in Kubernetes by fsGroup)"
    )]
    ForeignGroup {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Its group.
        group: u32,
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

/// Reads a PEM file that nobody but the owner and the process's own groups may read.
pub fn read_pem(path: &Path) -> Result<String, Error> {
    check(path)?;
    let text = fs::read_to_string(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
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

/// Refuses a file that strangers may read, or that anybody but its owner may write.
#[cfg(unix)]
pub fn check(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
    judge(path, metadata.mode() & 0o7777, metadata.gid(), is_own)
}

#[cfg(unix)]
fn judge(path: &Path, mode: u32, group: u32, is_own: impl Fn(u32) -> bool) -> Result<(), Error> {
    let path = path.to_owned();
    // Everything but reading by the group.
    if mode & 0o037 != 0 {
        return Err(Error::Exposed { path, mode });
    }
    if mode & 0o040 != 0 && !is_own(group) {
        return Err(Error::ForeignGroup { path, mode, group });
    }
    Ok(())
}

/// There are no permission bits to look at.
#[cfg(not(unix))]
pub fn check(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// Whether this process is in the group. A list of groups that cannot be had counts as empty.
#[cfg(unix)]
fn is_own(group: u32) -> bool {
    rustix::process::getegid().as_raw() == group
        || rustix::process::getgroups()
            .unwrap_or_default()
            .iter()
            .any(|own| own.as_raw() == group)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";

    #[test]
    fn a_key_is_written_once_and_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_pem(&path, PEM).unwrap();
        assert_eq!(read_pem(&path).unwrap(), PEM);
        assert!(matches!(write_pem(&path, PEM), Err(Error::Exists { .. })));
    }

    #[cfg(unix)]
    fn with_mode(path: &Path, mode: u32) -> Result<String, Error> {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        read_pem(path)
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_or_change_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_pem(&path, PEM).unwrap();
        for mode in [0o604, 0o644, 0o660, 0o620, 0o602, 0o650] {
            let error = with_mode(&path, mode).unwrap_err().to_string();
            let shown = format!("mode {mode:04o}");
            assert!(
                error.contains(&shown) && error.contains("chmod 600"),
                "{error}"
            );
        }
    }

    /// As a file of a Secret is mounted in a pod with `fsGroup`.
    #[cfg(unix)]
    #[test]
    fn a_key_that_only_an_own_group_may_read_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_pem(&path, PEM).unwrap();
        for mode in [0o440, 0o640] {
            assert_eq!(with_mode(&path, mode).unwrap(), PEM);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_a_foreign_group_may_read_is_refused() {
        let judge = |mode| judge(Path::new("key.pem"), mode, 1234, |own| own == 10_001);
        assert!(judge(0o600).is_ok() && judge(0o400).is_ok());
        let error = judge(0o440).unwrap_err().to_string();
        assert!(
            error.contains("group 1234") && error.contains("fsGroup"),
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
