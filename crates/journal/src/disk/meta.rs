//! The small text files that say what a directory is: `journal` at the top, `topic` in each topic.
//!
//! Lines of `name value`, the last one `crc32c` over the lines before it, in hexadecimal. They are written once, whole
//! or not at all.

use std::io;
use std::path::Path;

use super::files::{self, Files};
use crate::Error;

/// Reads such a file; `None` if it is not there.
pub(super) fn read(files: &dyn Files, path: &Path) -> Result<Option<Vec<(String, String)>>, Error> {
    let io = |error: io::Error| Error::Io {
        file: path.to_owned(),
        detail: error.to_string(),
    };
    let file = match files.open(path, false) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let bytes = files::read(&*file).map_err(io)?;
    let corrupt = |detail: &str| Error::Corrupt {
        file: path.to_owned(),
        position: 0,
        detail: detail.to_owned(),
    };
    let text = String::from_utf8(bytes).map_err(|_| corrupt("it is not text"))?;
    let (body, crc) = text
        .rsplit_once("crc32c ")
        .ok_or_else(|| corrupt("its checksum is missing"))?;
    if crc.trim_end() != format!("{:08x}", crc32c::crc32c(body.as_bytes())) {
        return Err(corrupt("its checksum is wrong"));
    }
    let pairs = body.lines().filter_map(|line| line.split_once(' '));
    Ok(Some(
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    ))
}

/// Writes such a file durably.
pub(super) fn write(files: &dyn Files, path: &Path, pairs: &[(&str, String)]) -> Result<(), Error> {
    let body: String = pairs
        .iter()
        .map(|(name, value)| format!("{name} {value}\n"))
        .collect();
    let text = format!("{body}crc32c {:08x}\n", crc32c::crc32c(body.as_bytes()));
    files::write_whole(files, path, text.as_bytes()).map_err(|error| Error::Io {
        file: path.to_owned(),
        detail: error.to_string(),
    })
}

/// A number in what was read.
pub(super) fn number(pairs: &[(String, String)], name: &str, path: &Path) -> Result<u64, Error> {
    let value = pairs
        .iter()
        .find(|(found, _)| found == name)
        .and_then(|(_, value)| value.parse().ok());
    value.ok_or_else(|| Error::Corrupt {
        file: path.to_owned(),
        position: 0,
        detail: format!("it does not say {name}"),
    })
}
