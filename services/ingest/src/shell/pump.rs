//! The loop: wait, take all there is, step, carry out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use journal::{AppendError, Completion};

use super::{Engine, Outcome, Ticket};
use crate::core::{Input, Output};
use crate::metrics::Batch;
use crate::outbox::Outbox;
use crate::readiness::Conditions;

/// Inputs taken before outputs are carried out: bounds the latency of a batch.
const MOST_INPUTS: usize = 1024;
/// Longest sleep: the shutdown token is looked at as often.
const IDLE: Duration = Duration::from_millis(100);
/// Between two lines about strays.
const STRAYS_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Pump<'a> {
    engine: Engine,
    readiness: &'a Conditions,
    out: Vec<Output<Ticket>>,
    /// Streams to wake at the end of the batch.
    wake: Vec<Arc<Outbox>>,
    /// Not told yet: how many, and partition, offset and cursor of the last.
    strays: u64,
    last_stray: (u32, u64, u64),
    strays_said: Option<Instant>,
    counts: Batch,
    drained: bool,
}

impl<'a> Pump<'a> {
    pub(super) fn new(engine: Engine, readiness: &'a Conditions) -> Self {
        Self {
            engine,
            readiness,
            out: Vec::new(),
            wake: Vec::new(),
            strays: 0,
            last_stray: (0, 0, 0),
            strays_said: None,
            counts: Batch::default(),
            drained: false,
        }
    }

    pub(super) fn run(mut self, shutdown: &kit::Shutdown) {
        while !self.drained {
            let Some(first) = self.wait() else { return };
            self.step(first);
            if shutdown.is_cancelled() {
                self.step(Input::Shutdown);
            }
            for _ in 1..MOST_INPUTS {
                match self.engine.inputs.try_recv() {
                    Ok(input) => self.step(input),
                    Err(_) => break,
                }
            }
            self.carry_out();
        }
    }

    fn wait(&self) -> Option<Input<Ticket>> {
        let now_ms = self.engine.clock.now().elapsed_ms;
        let wake_ms = self.engine.core.wake_ms();
        let wait = wake_ms.map_or(IDLE, |at| Duration::from_millis(at.saturating_sub(now_ms)));
        match self.engine.inputs.recv_timeout(wait.min(IDLE)) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => Some(Input::Tick),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn step(&mut self, input: Input<Ticket>) {
        let now = self.engine.clock.now();
        self.engine.core.step(now, input, &mut self.out);
    }

    /// Until nothing is left to do: what the log does not take goes back to the core at once.
    fn carry_out(&mut self) {
        while !self.out.is_empty() {
            let refused = self.carry_batch();
            if !refused.is_empty() {
                self.step(Input::Completed(refused));
            }
        }
        self.wake.drain(..).for_each(|outbox| outbox.wake());
        self.counts.record(self.engine.core.in_flight());
        self.say_strays();
    }

    /// Many appends are one line a second.
    fn say_strays(&mut self) {
        let now = Instant::now();
        if self.strays == 0 || self.strays_said.is_some_and(|at| now - at < STRAYS_PAUSE) {
            return;
        }
        self.strays_said = Some(now);
        let strays = std::mem::take(&mut self.strays);
        let (partition, offset, cursor) = self.last_stray;
        tracing::warn!(
            strays,
            "data loss on {}/{partition} at offset {offset}: expected an end at or above the chain's cursor {cursor}, found one below. \
             Appends that landed there, where no block looks, were not acknowledged. The log was truncated or made anew: `blocklog doctor` \
             compares, `blocklog topic pad` fills the gap",
            self.engine.topic
        );
    }

    fn carry_batch(&mut self) -> Vec<Completion> {
        let mut refused = Vec::new();
        // Once a partition's queue is full, what comes behind must not overtake.
        let mut full = BTreeSet::new();
        for output in std::mem::take(&mut self.out) {
            match output {
                Output::Append { token, entry } => {
                    let partition = entry.partition;
                    let taken = match full.contains(&partition) {
                        true => Err(AppendError::Full),
                        false => self
                            .engine
                            .appender
                            .append(token, entry)
                            .map_err(|(_, error)| error),
                    };
                    if let Err(error) = taken {
                        full.insert(partition);
                        let result = Err(error);
                        refused.push(Completion { token, result });
                    }
                }
                Output::Reply { ticket, outcome } => self.reply(ticket, outcome),
                Output::Health(state) => self.readiness.appending(state),
                Output::Stray {
                    partition,
                    offset,
                    cursor,
                } => {
                    self.strays += 1;
                    self.last_stray = (partition, offset, cursor);
                }
                Output::Behind(frontier) => self.readiness.behind(frontier),
                Output::Drained => self.drained = true,
            }
        }
        refused
    }

    fn reply(&mut self, ticket: Ticket, outcome: Outcome) {
        let Ticket {
            waiter,
            permit,
            since,
        } = ticket;
        self.counts.answered(&outcome, since);
        // The room is free before the client can know.
        drop(permit);
        self.wake.extend(waiter.tell(outcome));
    }
}
