//! The two topics of a chain and the limits that its genesis gives them.

use chain::Genesis;
use chain::limits::{MAX_BLOCK_BYTES, MAX_TRANSACTION_BYTES};
use journal::TopicSpec;
use journal::limits::MAX_RECORD_BYTES;

/// The topic of transactions, with as many partitions as the genesis sets.
pub const TRANSACTIONS: &str = "transactions";
/// The topic of blocks: one partition.
pub const BLOCKCHAIN: &str = "blockchain";
/// The partition of [`BLOCKCHAIN`] that is the chain.
pub const BLOCKCHAIN_PARTITION: u32 = 0;

/// Largest record on [`TRANSACTIONS`], in bytes. The chain includes at most 1024 of them; larger records get the verdict TOO_LARGE
/// instead of being refused by the topic.
pub const MAX_TRANSACTION_RECORD_BYTES: u32 = 64 * 1024;
/// Bytes above the block limit for the headers of a block's record, and for a block 0 above that limit.
pub const BLOCK_RECORD_SLACK_BYTES: u32 = 1024 * 1024;

const _: () = assert!(MAX_BLOCK_BYTES + BLOCK_RECORD_SLACK_BYTES <= MAX_RECORD_BYTES);
const _: () = assert!(MAX_TRANSACTION_BYTES < MAX_TRANSACTION_RECORD_BYTES as usize);

/// The topics as the services create them: transactions, then blocks.
pub fn specs(genesis: &Genesis) -> [TopicSpec; 2] {
    [
        TopicSpec {
            name: TRANSACTIONS.into(),
            partitions: genesis.partitions,
            max_record_bytes: MAX_TRANSACTION_RECORD_BYTES,
        },
        TopicSpec {
            name: BLOCKCHAIN.into(),
            partitions: 1,
            max_record_bytes: genesis.max_block_bytes + BLOCK_RECORD_SLACK_BYTES,
        },
    ]
}
