//! Where the vectors are.

use std::path::PathBuf;

/// The folder of the golden files, or another one with files of the same names: `BLOCKLOG_VECTORS`.
pub fn folder() -> PathBuf {
    match std::env::var_os("BLOCKLOG_VECTORS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden"),
    }
}
