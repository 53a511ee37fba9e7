//! What was read and is no longer there.

/// A partition that was truncated, recreated or rewritten below what has been read of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "data loss on {topic}/{partition} at offset {offset}: expected {expected}, found {found}. The log was truncated, recreated or rewritten; \
     restore it, or remove the local data to accept what is there now"
)]
pub struct DataLoss {
    /// Topic as the provider names it.
    pub topic: String,
    /// Partition.
    pub partition: u32,
    /// Where the two differ.
    pub offset: u64,
    /// What was read there before: the hash of a record, or offsets.
    pub expected: String,
    /// What is there now.
    pub found: String,
}
