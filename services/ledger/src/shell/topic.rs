//! Reads `transactions` and checks its records.

use std::sync::Arc;

use anyhow::Context as _;
use chain::Rules;
use crossbeam_channel::Sender;
use journal::{Batch, Journal, LONG_GAP, Tail, TailEvent};
use parallel::{Rayon, ThreadPool};
use topics::TRANSACTIONS;

use crate::core::{Input, News, Role};
use crate::model::TopicBatch;

/// Pending records kept in memory, in bytes over all partitions. Further ones are read when blocks have made room.
const PENDING_BYTES: usize = 64 << 20;

/// Records of one partition read ahead for an audit that is behind, in bytes.
const AUDIT_BYTES: usize = 8 << 20;

/// Least window of a reader, in bytes: several records of the greatest size.
const LEAST_BYTES: usize = 1 << 20;

/// Checks records on threads of its own.
#[derive(Clone)]
pub(super) struct Checker {
    rules: Arc<Rules>,
    pool: Arc<ThreadPool>,
}

impl Checker {
    pub(super) fn start(rules: Arc<Rules>) -> anyhow::Result<Checker> {
        let pool = parallel::pool("ledger-check").context("no threads to check records")?;
        Ok(Checker {
            rules,
            pool: Arc::new(pool),
        })
    }

    fn check(&self, batch: Batch, role: Role) -> TopicBatch {
        match role {
            Role::Audit => TopicBatch::hashed(batch),
            Role::Live => self
                .pool
                .install(|| TopicBatch::checked(batch, &self.rules, rand::random(), &Rayon)),
        }
    }
}

/// Reads a partition from an offset on.
pub(super) fn read(
    journal: &Journal,
    checker: &Checker,
    core: &Sender<Input>,
    partition: u32,
    role: Role,
    generation: u64,
    from: u64,
) -> Tail {
    let window = match role {
        Role::Live => PENDING_BYTES / checker.rules.genesis.partitions as usize,
        Role::Audit => AUDIT_BYTES,
    };
    let (checker, core) = (checker.clone(), core.clone());
    let sink = move |event| {
        let news = match event {
            TailEvent::Batch(batch) => News::Batch(checker.check(batch, role)),
            TailEvent::Unavailable(error) => News::Unavailable(error),
            TailEvent::Available => News::Available,
            TailEvent::Lost(error) => News::Lost(error),
        };
        // Sending fails only when the core's thread is gone.
        let _ = core.send(Input::Topic {
            partition,
            role,
            generation,
            news,
        });
    };
    Tail::spawn(
        journal.clone(),
        TRANSACTIONS,
        partition,
        from,
        window.max(LEAST_BYTES),
        LONG_GAP,
        sink,
    )
}
