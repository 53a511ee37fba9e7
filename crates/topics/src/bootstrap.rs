//! The first start of a chain: topics, and block 0.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chain::genesis::Rules;
use chain::{Chain, Genesis, Hash};
use journal::{AppendError, Creation, Entry, Journal, Mismatch, TopicSpec};
use tracing::{info, warn};

use crate::layout::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, specs};
use crate::records::records;
use crate::stop::{Stop, backoff};

/// Longest wait for block 0 to become durable; after that the topic is searched for it.
const APPEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval between searches for block 0 while there is none.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Searches without block 0 before a warning.
const WARN_AFTER: u32 = 4;

/// Consecutive refusals by the brokers before a refusal is final: brokers that are starting refuse every client.
const REFUSALS: u32 = 3;

/// A chain cannot be established.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The journal holds another chain.
    #[error(
        "the journal holds the chain {found}, and the genesis given is that of {expected}: give the genesis of the chain that is there, \
         or another prefix (kafka://HOST:PORT/PREFIX) to start a second one beside it"
    )]
    WrongChain {
        /// Id of the chain that the genesis defines.
        expected: Hash,
        /// Id of the chain found.
        found: Hash,
    },
    /// The genesis breaks a rule.
    #[error("the genesis is not valid: {0}")]
    Genesis(chain::genesis::Fault),
    /// A setting of a topic makes a chain on it unsafe.
    #[error(
        "topic {topic}: {setting} is {found} and must be {expected}: change it, or start on a new prefix",
        setting = mismatch.setting, found = mismatch.found, expected = mismatch.expected
    )]
    Setting {
        /// The topic as the provider names it.
        topic: String,
        /// The setting, its value and the required one.
        mismatch: Mismatch,
    },
    /// The journal refuses block 0.
    #[error("block 0 cannot be published: {0}")]
    NotPublished(String),
    /// The topic does not go back to block 0.
    #[error(
        "the topic {topic} begins at offset {start}: block 0 is gone, and only a snapshot that covers this can resume"
    )]
    Pruned {
        /// The topic as the provider names it.
        topic: String,
        /// First offset that the topic still has.
        start: u64,
    },
    /// The journal failed, and retrying does not help.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// Advice to show while there is no chain.
pub const NO_BLOCK_ZERO: &str =
    "there is no block 0 yet: start a service with --genesis FILE, or run `blocklog init`";

/// There is no chain to work on yet.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Waiting {
    /// The journal was read, and holds no block 0.
    #[error("{NO_BLOCK_ZERO}")]
    NoChain,
    /// The journal is unavailable.
    #[error(transparent)]
    Journal(journal::Error),
}

/// With a genesis, creates the topics and publishes block 0 unless they exist, and refuses another chain. Without one, waits for
/// block 0. Both refuse unsafe settings; a [`Watch`](crate::Watch) reports others. Any number of processes may call it at once:
/// the first block 0 on the topic is the chain.
///
/// `known` are the rules from local state. With them a truncated topic is no error here, and nothing is created: the service that
/// resumes from that state reports the loss. Without them a topic that does not begin with block 0 is refused.
///
/// Blocks; `None` if stopped first. Retries with growing pauses while the journal is unavailable, unless the brokers keep refusing
/// this client: a wrong password needs a restart with the right one. `report` is called for each attempt that found no chain.
pub fn wait(
    journal: &Journal,
    genesis: Option<&Genesis>,
    known: Option<&Arc<Rules>>,
    stop: Stop<'_>,
    report: &dyn Fn(Waiting),
) -> Result<Option<Arc<Rules>>, Error> {
    if let Some(genesis) = genesis {
        genesis.validate().map_err(Error::Genesis)?;
    }
    let mut backoff = backoff();
    let mut refusals = 0;
    let mut absences: u32 = 0;
    loop {
        let outcome = attempt(journal, genesis, known);
        let is_refused = matches!(
            outcome,
            Err(Error::Journal(journal::Error::Unauthenticated(_)))
        );
        refusals = if is_refused { refusals + 1 } else { 0 };
        let pause = match outcome {
            Ok(Attempt::Found(rules)) => return Ok(Some(rules)),
            Ok(Attempt::Published) => Duration::ZERO, // Or perhaps: look again.
            Ok(Attempt::Absent) => {
                absences = absences.saturating_add(1);
                // Services that are started together need a moment until one of them has published it.
                if absences == WARN_AFTER {
                    warn!("{NO_BLOCK_ZERO}");
                }
                report(Waiting::NoChain);
                backoff.reset();
                LOOK_AGAIN
            }
            Err(Error::Journal(error)) if error.is_retryable() && refusals < REFUSALS => {
                warn!("{error}");
                report(Waiting::Journal(error));
                backoff.next_pause()
            }
            Err(error) => return Err(error),
        };
        if stop(pause) {
            return Ok(None);
        }
    }
}

/// [`wait`] with a genesis and without a stop.
pub fn establish(
    journal: &Journal,
    genesis: &Genesis,
    report: &dyn Fn(Waiting),
) -> Result<Arc<Rules>, Error> {
    let stop = |pause| {
        thread::sleep(pause);
        false
    };
    let rules = wait(journal, Some(genesis), None, &stop, report)?;
    Ok(rules.expect("only a stop ends it without a chain"))
}

/// Result of one attempt.
enum Attempt {
    /// The topic holds this chain.
    Found(Arc<Rules>),
    /// Block 0 was appended.
    Published,
    /// There is no block 0, and no genesis was given.
    Absent,
}

fn attempt(
    journal: &Journal,
    genesis: Option<&Genesis>,
    known: Option<&Arc<Rules>>,
) -> Result<Attempt, Error> {
    // Nothing is recreated under a chain that is known locally: new records would take the offsets of the lost ones.
    if let (Some(genesis), None, Ok(())) = (genesis, known, journal.expect_writable()) {
        for spec in specs(genesis) {
            if journal.create_topic(&spec)? == Creation::Created {
                info!(topic = journal.topic_name(&spec.name), "topic created");
            }
        }
    }
    let rules = match find_in_topic(journal) {
        Ok(None) => known.cloned(),
        Ok(rules) => rules,
        // The local state identifies the chain.
        Err(Error::Pruned { .. }) if known.is_some() => known.cloned(),
        Err(Error::Journal(journal::Error::NoTopic(_))) => known.cloned(),
        Err(error) => return Err(error),
    };
    if let (Some(genesis), Some(rules)) = (genesis, &rules)
        && genesis.chain_id() != rules.chain_id
    {
        return Err(Error::WrongChain {
            expected: genesis.chain_id(),
            found: rules.chain_id,
        });
    }
    if let Some(genesis) = genesis.or(rules.as_ref().map(|rules| &rules.genesis)) {
        for spec in specs(genesis) {
            inspect(journal, &spec)?;
        }
    }
    match (rules, genesis) {
        (Some(rules), _) => Ok(Attempt::Found(rules)),
        (None, Some(genesis)) => {
            publish(journal, genesis)?;
            Ok(Attempt::Published)
        }
        (None, None) => Ok(Attempt::Absent),
    }
}

/// Refuses settings of a topic that make a chain on it unsafe.
fn inspect(journal: &Journal, spec: &TopicSpec) -> Result<(), Error> {
    let topic = journal.topic_name(&spec.name);
    let Some(description) = journal.describe(spec)? else {
        return Ok(()); // Its readers report that it is missing.
    };
    match description.mismatches.into_iter().find(|it| it.fatal) {
        Some(mismatch) => Err(Error::Setting { topic, mismatch }),
        None => Ok(()),
    }
}

/// Appends block 0. The next read of the topic shows whether it was appended, and first.
fn publish(journal: &Journal, genesis: &Genesis) -> Result<(), Error> {
    let entry = Entry {
        partition: BLOCKCHAIN_PARTITION,
        value: genesis.block_zero(),
        ..Entry::default()
    };
    match journal.append(BLOCKCHAIN, entry, APPEND_TIMEOUT) {
        Ok(appended) => {
            info!(chain = %genesis.chain_id(), offset = appended.offset, "block 0 published");
            Ok(())
        }
        Err(AppendError::Terminal(why)) => Err(Error::NotPublished(why)),
        Err(error) => Err(journal::Error::Unavailable(error.to_string()).into()),
    }
}

/// Searches once for the first valid block 0; `None` if there is none yet, or no topic. Blocks; returns retryable errors of the
/// journal, too.
pub fn find_genesis(journal: &Journal) -> Result<Option<Arc<Rules>>, Error> {
    match find_in_topic(journal) {
        Err(Error::Journal(journal::Error::NoTopic(_))) => Ok(None),
        found => found,
    }
}

fn find_in_topic(journal: &Journal) -> Result<Option<Arc<Rules>>, Error> {
    Ok(look(journal)?.map(|zero| zero.rules))
}

/// The first valid block 0.
pub(crate) struct Zero {
    /// Its offset on the topic.
    pub(crate) offset: u64,
    /// Hash of its record.
    pub(crate) record: Hash,
    /// The rules in it.
    pub(crate) rules: Arc<Rules>,
}

pub(crate) fn look(journal: &Journal) -> Result<Option<Zero>, Error> {
    for record in records(journal)? {
        let record = record.map_err(|error| match error {
            journal::Error::OutOfRange { start, .. } if start > 0 => Error::Pruned {
                topic: journal.topic_name(BLOCKCHAIN),
                start,
            },
            error => Error::Journal(error),
        })?;
        if let Ok((chain, _)) = Chain::start(&record.value, record.append_ms) {
            return Ok(Some(Zero {
                offset: record.offset,
                record: Hash::of(&record.value),
                rules: chain.rules().clone(),
            }));
        }
    }
    Ok(None)
}
