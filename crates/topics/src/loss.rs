//! The loss of records that were read.

/// A partition that was truncated, recreated or rewritten below what has been read of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "data loss on {topic}/{partition} at offset {offset}: expected {expected}, found {found}. The topic was truncated, recreated or rewritten; \
     restore it, or remove the local data to accept what is there now"
)]
pub struct DataLoss {
    /// Topic as the provider names it.
    pub topic: String,
    /// Partition.
    pub partition: u32,
    /// First offset of the difference.
    pub offset: u64,
    /// The content read before: the hash of a record, or offsets.
    pub expected: String,
    /// The present content.
    pub found: String,
}
