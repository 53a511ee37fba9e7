//! Settings that all partitions of a journal share.

use super::files::Files;
use super::frame::Salt;

/// The files and settings of a journal.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) files: Files,
    pub(super) salt: Salt,
    /// Size at which a segment is full, in bytes.
    pub(super) segment_bytes: u64,
    /// True for an imported journal: offsets may have holes, nothing is appended, and no write can be torn.
    pub(super) read_only: bool,
}
