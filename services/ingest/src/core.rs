//! What ingest decides: which nonce, when to append, when to append again, what to answer. Pure: inputs and times
//! come in, appends and replies go out; [`crate::shell`] carries them.
//!
//! A submission is a [`Flight`] from [`Input::Submit`] to its reply. Flights of one partition that the log did not take wait in a
//! [`Lane`] in the order in which they came, and everything that comes later waits behind them, so that one sender's
//! transactions keep their order.

mod backoff;
mod flight;
mod lane;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chain::{Hash, Transaction};
use journal::{AppendError, Appended, Completion, Entry};

pub use self::flight::{Content, Sealed};
use self::flight::{Flight, Stray};
use self::lane::Lane;
use crate::rejection::{Rejection, Why};

/// The times that a step is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The wall clock in microseconds since the Unix epoch: what nonces are made of.
    pub clock_us: u64,
    /// Milliseconds since some moment in the past, never falling: what deadlines are measured by.
    pub elapsed_ms: u64,
}

/// Names and values of record headers.
pub type Headers = Arc<[(String, Bytes)]>;

/// A submission that has passed every stateless rule.
#[derive(Debug)]
pub struct Submission<T> {
    /// The caller's own; comes back with the reply.
    pub ticket: T,
    /// Where it goes.
    pub partition: u32,
    /// What is appended.
    pub content: Content,
    /// Record headers, shared by the submissions of one call.
    pub headers: Headers,
    /// When the answer is due, on the clock of [`Now::elapsed_ms`].
    pub deadline_ms: u64,
}

/// What the core is told.
#[derive(Debug)]
pub enum Input<T> {
    /// Checked submissions, in the order in which they are to be appended.
    Submit(Vec<Submission<T>>),
    /// What became of appends.
    Completed(Vec<Completion>),
    /// The chain's cursors (partition, next offset that a block must consume), as a ledger tells them.
    Cursors(Vec<(u32, u64)>),
    /// Nothing but the time.
    Tick,
    /// Take no more; answer what is in flight.
    Shutdown,
}

/// What the core wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<T> {
    /// Append this, and say [`Input::Completed`] with the token. In this order.
    Append {
        /// Names the flight.
        token: u64,
        /// The record.
        entry: Entry,
    },
    /// Answer.
    Reply {
        /// As it came with the submission.
        ticket: T,
        /// The receipt, or why there is none.
        outcome: Result<Receipt, Rejection>,
    },
    /// Whether the log appends. Said when it changes.
    Health(Health),
    /// An append landed below the cursor, where no block will look, and is made again.
    Stray {
        /// Partition of `transactions`.
        partition: u32,
        /// Where it landed.
        offset: u64,
        /// The cursor, known before the append began.
        cursor: u64,
    },
    /// After [`Input::Shutdown`]: everything has been answered.
    Drained,
}

/// Whether the log appends, as far as the flights tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Appends,
    /// It does not, for this reason; flights try again.
    Fails(String),
    /// It did not, and no flight is left that could find out.
    Untried,
}

/// A durable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction as recorded.
    pub transaction: Transaction,
    /// Its id.
    pub id: Hash,
    /// Where it is.
    pub partition: u32,
    /// Offset and append time.
    pub appended: Appended,
}

/// The state of all flights. `T` is the caller's ticket.
#[derive(Debug)]
pub struct Core<T> {
    chain_id: Hash,
    flights: BTreeMap<u64, Flight<T>>,
    lanes: Vec<Lane>,
    next_token: u64,
    last_nonce: u64,
    /// No deadline of a flight lies before this; it may be lower than the lowest.
    earliest_deadline_ms: u64,
    healthy: bool,
    draining: bool,
    drained: bool,
}

impl<T> Core<T> {
    /// Nothing in flight.
    pub fn new(chain_id: Hash, partitions: u32) -> Self {
        Self {
            chain_id,
            flights: BTreeMap::new(),
            lanes: (0..partitions).map(|_| Lane::default()).collect(),
            next_token: 0,
            last_nonce: 0,
            earliest_deadline_ms: u64::MAX,
            healthy: true,
            draining: false,
            drained: false,
        }
    }

    /// Takes one input.
    pub fn step(&mut self, now: Now, input: Input<T>, out: &mut Vec<Output<T>>) {
        match input {
            Input::Submit(submissions) => {
                for submission in submissions {
                    self.submit(now, submission, out);
                }
            }
            Input::Completed(completions) => {
                for completion in completions {
                    self.completed(now, completion, out);
                }
            }
            Input::Cursors(cursors) => self.cursors(&cursors),
            Input::Tick => {}
            Input::Shutdown => self.draining = true,
        }
        self.expire(now, out);
        self.resume(now, out);
        if self.draining && self.flights.is_empty() && !self.drained {
            self.drained = true;
            out.push(Output::Drained);
        }
    }

    /// When the core wants to be stepped at the latest, on the clock of [`Now::elapsed_ms`].
    pub fn wake_ms(&self) -> Option<u64> {
        let deadline = (!self.flights.is_empty()).then_some(self.earliest_deadline_ms);
        let lanes = self.lanes.iter().filter_map(Lane::resume_ms);
        lanes.chain(deadline).min()
    }

    /// Submissions without an answer.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    fn submit(&mut self, now: Now, submission: Submission<T>, out: &mut Vec<Output<T>>) {
        let partition = submission.partition;
        let flight = Flight::new(submission);
        if self.draining {
            return self.reject(flight, Why::ShuttingDown, out);
        }
        let token = self.next_token;
        self.next_token += 1;
        self.earliest_deadline_ms = self.earliest_deadline_ms.min(flight.deadline_ms);
        self.flights.insert(token, flight);
        if self.lanes[partition as usize].queues(token, now.elapsed_ms) {
            return;
        }
        self.append(now, token, out);
    }

    fn append(&mut self, now: Now, token: u64, out: &mut Vec<Output<T>>) {
        let Some(flight) = self.flights.get_mut(&token) else {
            return;
        };
        let cursor = self.lanes[flight.partition as usize].cursor;
        let entry = flight.launch(now.elapsed_ms, cursor, &self.chain_id, || {
            self.last_nonce = now.clock_us.max(self.last_nonce + 1);
            self.last_nonce
        });
        out.push(Output::Append { token, entry });
    }

    fn completed(&mut self, now: Now, completion: Completion, out: &mut Vec<Output<T>>) {
        let Completion { token, result } = completion;
        // A flight whose deadline has passed was answered already.
        let Some(flight) = self.flights.get_mut(&token) else {
            return;
        };
        let lane = &mut self.lanes[flight.partition as usize];
        match result {
            Ok(appended) => {
                lane.succeeded();
                self.set_health(Health::Appends, out);
                self.landed(now, token, appended, out);
            }
            Err(AppendError::Full) => {
                flight.grounded(AppendError::Full.to_string());
                lane.full(token, now.elapsed_ms);
            }
            Err(AppendError::Retryable(reason)) => {
                let hopeless = flight.is_hopeless(now.elapsed_ms);
                flight.grounded(reason.clone());
                lane.failed(token, now.elapsed_ms);
                self.set_health(Health::Fails(reason), out);
                if hopeless {
                    let why = self.flights[&token].verdict_at_deadline();
                    self.finish(token, why, out);
                }
            }
            Err(AppendError::Terminal(reason)) => {
                let why = format!("the log refuses the record: {reason}");
                self.finish(token, Why::LogUnavailable(why), out);
            }
            Err(AppendError::Unknown(reason)) => {
                self.set_health(Health::Fails(reason.clone()), out);
                self.finish(token, Why::OutcomeUnknown(reason), out);
            }
        }
    }

    fn landed(&mut self, now: Now, token: u64, appended: Appended, out: &mut Vec<Output<T>>) {
        let Some(flight) = self.flights.get_mut(&token) else {
            return;
        };
        let partition = flight.partition;
        // Only the cursor known when the append began tells: a block may have consumed the record since.
        let cursor = flight.cursor;
        if let Some(offset) = appended.offset
            && offset < cursor
        {
            flight.strayed(Stray { offset, cursor });
            out.push(Output::Stray {
                partition,
                offset,
                cursor,
            });
            return self.append(now, token, out);
        }
        let flight = self.flights.remove(&token).expect("it was just there");
        let (ticket, sealed) = flight.land();
        let receipt = Receipt {
            transaction: sealed.transaction,
            id: sealed.id,
            partition,
            appended,
        };
        out.push(Output::Reply {
            ticket,
            outcome: Ok(receipt),
        });
    }

    fn cursors(&mut self, cursors: &[(u32, u64)]) {
        for (partition, cursor) in cursors {
            if let Some(lane) = self.lanes.get_mut(*partition as usize) {
                // A ledger that is catching up knows an older one.
                lane.cursor = lane.cursor.max(*cursor);
            }
        }
    }

    fn resume(&mut self, now: Now, out: &mut Vec<Output<T>>) {
        for partition in 0..self.lanes.len() {
            for token in self.lanes[partition].take_due(now.elapsed_ms) {
                self.append(now, token, out);
            }
        }
    }

    /// Answers flights whose deadline has come. Looks at all of them, but only when the earliest deadline has come.
    fn expire(&mut self, now: Now, out: &mut Vec<Output<T>>) {
        if now.elapsed_ms < self.earliest_deadline_ms {
            return;
        }
        let due = |flight: &Flight<T>| flight.deadline_ms <= now.elapsed_ms;
        let late = self.flights.iter().filter(|(_, flight)| due(flight));
        let late: Vec<u64> = late.map(|(token, _)| *token).collect();
        for token in late {
            let why = self.flights[&token].verdict_at_deadline();
            self.finish(token, why, out);
        }
        let deadlines = self.flights.values().map(|flight| flight.deadline_ms);
        self.earliest_deadline_ms = deadlines.min().unwrap_or(u64::MAX);
    }

    fn finish(&mut self, token: u64, why: Why, out: &mut Vec<Output<T>>) {
        if let Some(flight) = self.flights.remove(&token) {
            self.lanes[flight.partition as usize].forget(token);
            self.reject(flight, why, out);
        }
        if self.flights.is_empty() {
            // Nothing is left that could find out; whether the log is there is for the probe to say.
            self.set_health(Health::Untried, out);
        }
    }

    fn reject(&mut self, flight: Flight<T>, why: Why, out: &mut Vec<Output<T>>) {
        let (ticket, names) = flight.fail();
        let outcome = Err(Rejection { why, names });
        out.push(Output::Reply { ticket, outcome });
    }

    fn set_health(&mut self, state: Health, out: &mut Vec<Output<T>>) {
        let well = !matches!(state, Health::Fails(_));
        if self.healthy != well {
            self.healthy = well;
            out.push(Output::Health(state));
        }
    }
}
