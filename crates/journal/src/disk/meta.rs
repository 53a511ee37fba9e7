//! The small text files that describe a directory: `journal` at the top, `topic` in each topic.
//!
//! Each has lines of `name value`, the last one `crc32c` over the lines before it, in hexadecimal. They are written once,
//! atomically.

use std::path::Path;

use super::files::Files;
use crate::error::Error;

/// Reads such a file; `None` if it does not exist.
pub(super) fn read(files: &Files, path: &Path) -> Result<Option<Vec<(String, String)>>, Error> {
    let bytes = match files.open(path) {
        Ok(file) => file.read_whole()?,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let corrupt = |detail: &str| Error::corrupt(path, 0, detail);
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
pub(super) fn write(files: &Files, path: &Path, pairs: &[(&str, String)]) -> Result<(), Error> {
    let body: String = pairs
        .iter()
        .map(|(name, value)| format!("{name} {value}\n"))
        .collect();
    let text = format!("{body}crc32c {:08x}\n", crc32c::crc32c(body.as_bytes()));
    Ok(files.write_whole(path, text.as_bytes())?)
}

/// The number with this name.
pub(super) fn number(pairs: &[(String, String)], name: &str, path: &Path) -> Result<u64, Error> {
    let value = pairs
        .iter()
        .find(|(found, _)| found == name)
        .and_then(|(_, value)| value.parse().ok());
    value.ok_or_else(|| Error::corrupt(path, 0, format!("it has no {name}")))
}
