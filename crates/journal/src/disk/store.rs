//! Settings that all partitions of a journal share.

use super::files::Files;
use super::frame::Salt;

/// Where and how a journal keeps its partitions.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) files: Files,
    pub(super) salt: Salt,
    /// A segment of this many bytes is full.
    pub(super) segment_bytes: u64,
    /// An imported journal: offsets may have holes, nothing is appended, and nothing was ever torn.
    pub(super) read_only: bool,
}
