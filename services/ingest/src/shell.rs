//! Performs the outputs of the core: appends and replies. Runs on the core's thread, in batches, with one wake-up per
//! stream and batch.

mod handle;
mod ticket;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chain::Rules;
use crossbeam_channel::{Receiver, unbounded};
use engine::{Cadence, Clock, Engine};
use journal::{AppendError, Appender, Completion, Journal};

pub use self::handle::Handle;
pub use self::ticket::{ReplyTo, StreamReply, Ticket};
use crate::core::{Core, Input, Outcome, Output};
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::readiness::Conditions;

/// Inputs taken before outputs are performed: bounds the latency of a batch.
const BATCH: Cadence = Cadence::Batch(1024);
/// Interval between messages about appends below the cursor: many appends are one line per second.
const BELOW_CURSOR_PAUSE: Duration = Duration::from_secs(1);

/// The core and its shell, ready to run.
pub struct Shell {
    core: Core<Ticket>,
    clock: Clock,
    inputs: Receiver<Input<Ticket>>,
    performer: Performer,
}

/// Performs outputs.
struct Performer {
    appender: Appender,
    /// Name of the topic as the provider has it; for messages only.
    topic: String,
    conditions: Conditions,
    /// Streams to wake at the end of the batch.
    wake: Vec<Arc<Outbox>>,
    metrics: Metrics,
    below_cursor: BelowCursor,
    drained: bool,
}

/// Appends below the cursor that have not been logged yet.
#[derive(Default)]
struct BelowCursor {
    appends: u64,
    /// Partition, offset and cursor of the last one.
    last: (u32, u64, u64),
    reported: Option<Instant>,
}

impl Shell {
    /// Creates a shell over the `transactions` topic, and the handle of its core.
    pub fn new(
        journal: &Journal,
        rules: &Rules,
        conditions: Conditions,
        metrics: Metrics,
    ) -> Result<(Shell, Handle), journal::Error> {
        let (sender, inputs) = unbounded();
        let completions = sender.clone();
        let sink = move |batch| {
            let _ = completions.send(Input::Completed(batch));
        };
        let appender = journal.appender(topics::TRANSACTIONS, Arc::new(sink))?;
        let clock = Clock::start();
        let shell = Shell {
            core: Core::new(rules.chain_id, rules.genesis.partitions),
            clock,
            inputs,
            performer: Performer {
                appender,
                topic: journal.topic_name(topics::TRANSACTIONS),
                conditions,
                wake: Vec::new(),
                metrics,
                below_cursor: BelowCursor::default(),
                drained: false,
            },
        };
        Ok((shell, Handle::new(sender, clock)))
    }

    /// Runs until `shutdown` has been triggered and everything is answered.
    pub fn run(self, shutdown: &kit::Shutdown) {
        let Shell {
            core,
            clock,
            inputs,
            mut performer,
        } = self;
        let engine = Engine::new(core, clock, inputs, BATCH);
        engine.run(&mut performer, &|| shutdown.is_cancelled());
    }
}

impl engine::Shell<Core<Ticket>> for Performer {
    type End = ();

    fn perform(
        &mut self,
        out: &mut Vec<Output<Ticket>>,
        back: &mut Vec<Input<Ticket>>,
    ) -> ControlFlow<()> {
        let mut refused = Vec::new();
        // Once a partition's queue is full, later records must not overtake.
        let mut full = BTreeSet::new();
        for output in out.drain(..) {
            match output {
                Output::Append { token, entry } => {
                    let partition = entry.partition;
                    let taken = if full.contains(&partition) {
                        Err(AppendError::Full)
                    } else {
                        let taken = self.appender.append(token, entry);
                        taken.map_err(|(_, error)| error)
                    };
                    if let Err(error) = taken {
                        full.insert(partition);
                        let result = Err(error);
                        refused.push(Completion { token, result });
                    }
                }
                Output::Reply { ticket, outcome } => self.reply(ticket, outcome),
                Output::Health(health) => self.conditions.appending(health),
                Output::BelowCursor {
                    partition,
                    offset,
                    cursor,
                } => {
                    self.below_cursor.appends += 1;
                    self.below_cursor.last = (partition, offset, cursor);
                }
                Output::Behind(frontier) => self.conditions.behind(frontier),
                Output::Drained => self.drained = true,
            }
        }
        if !refused.is_empty() {
            back.push(Input::Completed(refused));
        }
        ControlFlow::Continue(())
    }

    fn after_burst(&mut self, core: &Core<Ticket>) -> ControlFlow<()> {
        self.wake.drain(..).for_each(|outbox| outbox.wake());
        self.metrics.record(core.in_flight());
        self.below_cursor.report(&self.topic);
        if self.drained {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

impl Performer {
    fn reply(&mut self, ticket: Ticket, outcome: Outcome) {
        let Ticket {
            reply_to,
            permit,
            since,
        } = ticket;
        self.metrics.answered(&outcome, since);
        // The room is freed before the client can learn of it.
        drop(permit);
        self.wake.extend(reply_to.send(outcome));
    }
}

impl BelowCursor {
    fn report(&mut self, topic: &str) {
        let now = Instant::now();
        if self.appends == 0
            || self
                .reported
                .is_some_and(|at| now - at < BELOW_CURSOR_PAUSE)
        {
            return;
        }
        self.reported = Some(now);
        let strays = std::mem::take(&mut self.appends);
        let (partition, offset, cursor) = self.last;
        tracing::warn!(
            strays,
            "data loss on {topic}/{partition} at offset {offset}: expected an end at or above the chain's cursor {cursor}, found one below. \
             Appends that landed there, where no block looks, were not acknowledged. The log was truncated or recreated: `blocklog doctor` \
             compares, `blocklog topic pad` fills the gap"
        );
    }
}
