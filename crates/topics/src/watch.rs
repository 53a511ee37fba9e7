//! Checks that the topics still are as the chain needs them, at the start of a service and while it runs.
//!
//! Settings can be changed, partitions added, records deleted and whole topics recreated under their readers and writers, and
//! Kafka clients do not notice. Every service keeps a watch, even if it reads no topic.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chain::Hash;
use chain::genesis::Rules;
use journal::{Journal, Mismatch, Setting, TopicSpec};
use tracing::{info, warn};

use crate::bootstrap::{self, Zero};
use crate::compare;
use crate::layout::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, specs};
use crate::loss::DataLoss;
use crate::stop::Stop;

/// Interval between inspections. Each costs a few requests to the brokers.
const INTERVAL: Duration = Duration::from_secs(15);

/// A service cannot continue.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A setting makes the chain unsafe.
    #[error(transparent)]
    Setting(bootstrap::Error),
    /// Block 0 is no longer at its offset.
    #[error(transparent)]
    DataLoss(#[from] DataLoss),
    /// The journal failed, and retrying does not help.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// A problem for the operator that stops no service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A setting that is a risk.
    Setting {
        /// The topic as the provider names it.
        topic: String,
        /// The setting, its value and the recommended one.
        mismatch: Mismatch,
    },
    /// The topic has partitions that the chain does not use.
    Beyond {
        /// The topic as the provider names it.
        topic: String,
        /// Number of partitions by the genesis.
        partitions: u32,
        /// Number of partitions of the topic.
        found: u32,
    },
    /// The topic no longer exists.
    Gone {
        /// The topic as the provider names it.
        topic: String,
    },
    /// Its settings cannot be read.
    Unseen {
        /// The topic as the provider names it.
        topic: String,
        /// The error of the brokers.
        why: String,
    },
}

/// A watch over the topics of one chain.
pub struct Watch {
    journal: Journal,
    rules: Arc<Rules>,
    /// Block 0 as first found.
    zero: Sought,
    /// The notices of the last inspection.
    wrong: Vec<Notice>,
}

/// Block 0 on the topic.
enum Sought {
    NotYet,
    Found {
        offset: u64,
        record: Hash,
    },
    /// Block 0 was gone before the watch began.
    Gone,
}

impl Watch {
    /// A watch over the topics of the chain with these rules.
    pub fn new(journal: Journal, rules: Arc<Rules>) -> Watch {
        Watch {
            journal,
            rules,
            zero: Sought::NotYet,
            wrong: Vec::new(),
        }
    }

    /// Inspects the topics until `stop`, and logs what it finds. Blocks.
    ///
    /// # Errors
    /// Errors that retrying does not resolve.
    pub fn run(mut self, stop: Stop<'_>) -> Result<(), Error> {
        let mut pause = Duration::ZERO;
        while !stop(pause) {
            pause = INTERVAL;
            if let Some(wrong) = self.inspect(stop)? {
                let new = wrong.iter().filter(|notice| !self.wrong.contains(notice));
                new.for_each(|notice| warn!("{notice}"));
                let over = self.wrong.iter().filter(|notice| !wrong.contains(notice));
                over.for_each(|notice| info!("no longer: {notice}"));
                self.wrong = wrong;
            }
        }
        Ok(())
    }

    /// All present problems. `None` if the journal is unreachable (readers and writers report that) or `stop` holds.
    ///
    /// # Errors
    /// Errors that retrying does not resolve.
    pub fn inspect(&mut self, stop: Stop<'_>) -> Result<Option<Vec<Notice>>, Error> {
        // One short request first: requests for settings are retried for a long time.
        let reached = self.journal.offsets(BLOCKCHAIN, BLOCKCHAIN_PARTITION);
        if reached.is_err_and(|error| error.is_retryable()) {
            return Ok(None);
        }
        let mut wrong = Vec::new();
        for spec in specs(&self.rules.genesis) {
            if stop(Duration::ZERO) || !self.settings(&spec, &mut wrong)? {
                return Ok(None);
            }
        }
        if !wrong.contains(&Notice::Gone {
            topic: self.journal.topic_name(BLOCKCHAIN),
        }) {
            self.block_zero(stop)?;
        }
        Ok(Some(wrong))
    }

    /// Adds the notices of one topic; false if the settings could not be requested.
    fn settings(&self, spec: &TopicSpec, wrong: &mut Vec<Notice>) -> Result<bool, Error> {
        let topic = self.journal.topic_name(&spec.name);
        let description = match self.journal.describe(spec) {
            Ok(Some(description)) => description,
            Ok(None) => {
                wrong.push(Notice::Gone { topic });
                return Ok(true);
            }
            Err(error) if error.is_retryable() => return Ok(false),
            // A client that may read and write need not be allowed to read settings.
            Err(error) => {
                let why = error.to_string();
                wrong.push(Notice::Unseen { topic, why });
                return Ok(true);
            }
        };
        for mismatch in description.mismatches {
            if mismatch.fatal {
                return Err(Error::Setting(bootstrap::Error::Setting {
                    topic,
                    mismatch,
                }));
            }
            let topic = topic.clone();
            wrong.push(match mismatch.setting == Setting::Partitions {
                true => Notice::Beyond {
                    topic,
                    partitions: spec.partitions,
                    found: description.partitions,
                },
                false => Notice::Setting { topic, mismatch },
            });
        }
        Ok(true)
    }

    /// Checks that block 0 is unchanged: another record there is another chain under the same topic name.
    fn block_zero(&mut self, stop: Stop<'_>) -> Result<(), Error> {
        let (offset, expected) = match self.zero {
            Sought::Found { offset, record } => (offset, record),
            Sought::Gone => return Ok(()),
            Sought::NotYet => return self.find_block_zero(),
        };
        let found = compare::patiently(&self.journal, Some(offset), offset + 1, stop, &|_| {})?;
        match found {
            None => Ok(()),
            // Deleted: the settings report a start above 0.
            Some((offsets, _)) if offsets.start > offset => Ok(()),
            Some((_, found)) if found == Some(expected) => Ok(()),
            Some((_, found)) => Err(self.loss(offset, Some(expected), found)),
        }
    }

    fn find_block_zero(&mut self) -> Result<(), Error> {
        match bootstrap::look(&self.journal) {
            Ok(Some(Zero {
                offset,
                record,
                rules,
            })) if rules.chain_id == self.rules.chain_id => {
                self.zero = Sought::Found { offset, record };
                Ok(())
            }
            Ok(Some(Zero { offset, record, .. })) => Err(self.loss(offset, None, Some(record))),
            Ok(None) => Err(self.loss(0, None, None)),
            Err(bootstrap::Error::Pruned { .. }) => {
                self.zero = Sought::Gone;
                Ok(())
            }
            // The next inspection searches again.
            Err(_) => Ok(()),
        }
    }

    fn loss(&self, offset: u64, expected: Option<Hash>, found: Option<Hash>) -> Error {
        let chain = self.rules.chain_id;
        let record = |hash: Hash| format!("a record with hash {hash}");
        Error::DataLoss(DataLoss {
            topic: self.journal.topic_name(BLOCKCHAIN),
            partition: BLOCKCHAIN_PARTITION,
            offset,
            expected: match expected {
                Some(hash) => format!("block 0 of the chain {chain}, {}", record(hash)),
                None => format!("block 0 of the chain {chain}"),
            },
            found: found.map_or("no record".into(), record),
        })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Setting { topic, mismatch } => write!(
                f,
                "topic {topic}: {} is {} and should be {}; `blocklog doctor` says how to change it",
                mismatch.setting, mismatch.found, mismatch.expected
            ),
            Notice::Beyond {
                topic,
                partitions,
                found,
            } => write!(
                f,
                "topic {topic}: partitions is {found} and should be {partitions}: what is published on partitions from \
                 {partitions} on comes into no block; publish through ingest, or name the partition"
            ),
            Notice::Gone { topic } => write!(f, "topic {topic} no longer exists: restore it"),
            Notice::Unseen { topic, why } => {
                write!(f, "topic {topic}: its settings cannot be read: {why}")
            }
        }
    }
}
