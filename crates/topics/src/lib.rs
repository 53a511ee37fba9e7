//! The topics of a chain: their names and limits, the creation of topics and block 0, and the watch over both.
//!
//! | module | is |
//! |---|---|
//! | [`config`] | the flags that name journal and chain |
//! | [`search()`] | the start of a service: waits for the chain, then watches its topics |
//! | [`bootstrap`] | the first start: creates the topics and publishes block 0, or finds an existing chain |
//! | [`watch`] | inspects settings, partitions and block 0 while a service runs |
//! | [`records()`] | reads `blockchain` from block 0 up to its end |
//! | [`compare`] | compares ends and one record of `blockchain` with what was read before |

pub mod bootstrap;
pub mod compare;
pub mod config;
mod layout;
mod loss;
mod records;
mod search;
mod stop;
pub mod watch;

pub use crate::layout::{
    BLOCK_RECORD_SLACK_BYTES, BLOCKCHAIN, BLOCKCHAIN_PARTITION, MAX_TRANSACTION_RECORD_BYTES,
    TRANSACTIONS, specs,
};
pub use crate::loss::DataLoss;
pub use crate::records::records;
pub use crate::search::{Search, Watcher, search};
pub use crate::stop::{Stop, backoff};
pub use crate::watch::Watch;
