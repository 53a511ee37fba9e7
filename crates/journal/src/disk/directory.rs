//! The directory of a journal: its lock, and the file `journal`, which identifies it.

use std::path::Path;

use super::files::{Files, Guard};
use super::frame::Salt;
use super::meta;
use crate::error::Error;

/// Version of the format of the directory.
pub(super) const FORMAT: u64 = 1;
/// Version of an imported journal: offsets may have holes, and nothing is appended. A separate number keeps older programs
/// from appending.
pub(super) const IMPORTED_FORMAT: u64 = 2;

/// Locks a directory, which is created if it does not exist.
pub(super) fn lock(files: &Files, root: &Path) -> Result<Guard, Error> {
    files.create_dir(root)?;
    let own = format!("process {}", std::process::id());
    let locked = files.lock(&root.join("LOCK"), &own)?;
    locked.map_err(|holder| Error::Locked {
        path: root.to_owned(),
        holder: if holder.is_empty() {
            "another process".into()
        } else {
            holder
        },
    })
}

/// Reads the file `journal`, or creates it in an empty directory; returns the salt, and true if the journal is read-only.
pub(super) fn establish(files: &Files, root: &Path) -> Result<(Salt, bool), Error> {
    let path = root.join("journal");
    if let Some(pairs) = meta::read(files, &path)? {
        let format = meta::number(&pairs, "format", &path)?;
        if ![FORMAT, IMPORTED_FORMAT].contains(&format) {
            let why = format!(
                "{} has format {format}, this program supports {FORMAT} and {IMPORTED_FORMAT}",
                root.display()
            );
            return Err(Error::BadConfig(why));
        }
        let salt = Salt::new(meta::number(&pairs, "salt", &path)?);
        return Ok((salt, format == IMPORTED_FORMAT));
    }
    let found = files.list(root)?;
    let mut foreign = found.iter().filter(|name| !is_own(name));
    if let Some(name) = foreign.next() {
        let why = format!(
            "{} is not a journal, and not empty ({name}); name an empty directory",
            root.display()
        );
        return Err(Error::BadConfig(why));
    }
    let salt = rand::random();
    write(files, root, FORMAT, salt)?;
    Ok((Salt::new(salt), false))
}

/// True for the names of the journal's own files in the directory; the other names are topics. (A directory without the file
/// `journal` never has one of that name.)
pub(super) fn is_own(name: &str) -> bool {
    ["LOCK", "journal", "journal.new"].contains(&name)
}

/// Writes the file `journal`.
pub(super) fn write(files: &Files, root: &Path, format: u64, salt: u64) -> Result<(), Error> {
    let pairs = [("format", format.to_string()), ("salt", salt.to_string())];
    meta::write(files, &root.join("journal"), &pairs)?;
    if let Some(above) = root.parent().filter(|above| !above.as_os_str().is_empty()) {
        files.sync_dir(above)?;
    }
    Ok(())
}
