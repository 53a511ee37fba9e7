//! The decisions of ingest: which nonce, when to append, when to retry, what to answer. Pure: inputs and times
//! come in, appends and replies go out; [`crate::shell`] performs them.
//!
//! A submission is a [`Flight`] from [`Input::Submit`] to its reply. Flights whose append was not taken wait in their
//! [`Partition`] in the order of submission, and later ones wait behind them.
//!
//! The transactions of one sender keep their order through every failure ([`senders`]): none is appended while a
//! higher nonce of the sender is in flight, and none that failed is appended again once a higher one has landed.
//! So an acknowledged transaction is never void because of another acknowledged one. When a transaction is given up, later
//! ones on the same stream are given up, too ([`barriers`]).

mod backoff;
mod barriers;
mod ending;
mod flight;
mod input;
mod numbers;
mod output;
mod partition;
mod senders;

use std::collections::{BTreeMap, HashMap};

use chain::Hash;
use engine::{Now, Signal};
use journal::{AppendError, Appended, Completion};

use self::barriers::Barriers;
use self::flight::{Abandoned, BelowCursor, Flight};
pub use self::input::{Content, Frontier, Headers, Input, Sealed, Submission};
use self::numbers::Numbers;
pub use self::output::{Health, Outcome, Output, Receipt};
use self::partition::Partition;
use self::senders::{Key, Senders, Try};
use crate::rejection::{Precondition, Unavailable, Why};

/// The state of all flights. `T` is the caller's ticket.
#[derive(Debug)]
pub struct Core<T> {
    chain_id: Hash,
    flights: BTreeMap<u64, Flight<T>>,
    /// Answered at their deadline, but still in flight.
    abandoned: HashMap<u64, Abandoned>,
    partitions: Vec<Partition>,
    senders: Senders,
    barriers: Barriers,
    numbers: Numbers,
    next_token: u64,
    /// No flight has an earlier deadline; it may be lower than the lowest.
    earliest_deadline_ms: u64,
    healthy: bool,
    /// The partition that [`Output::Behind`] last named.
    behind: Option<u32>,
    draining: bool,
    drained: bool,
}

impl<T> engine::Core for Core<T> {
    type Input = Input<T>;
    type Output = Output<T>;

    fn step(&mut self, now: Now, input: Input<T>, out: &mut Vec<Output<T>>) {
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
            Input::Cursors(frontiers) => self.cursors(now, &frontiers, out),
            Input::Closed(stream) => self.barriers.close(stream),
            Input::Signal(Signal::Start | Signal::Wake) => {}
            Input::Signal(Signal::Stop) => self.draining = true,
        }
        self.expire(now, out);
        self.resume(now, out);
        if self.flights.is_empty() {
            // No flight is left that could find out; the probe reports whether the journal is available.
            self.set_health(Health::Untried, out);
        }
        if self.draining && self.flights.is_empty() && !self.drained {
            self.drained = true;
            out.push(Output::Drained);
        }
    }

    fn wake_ms(&self) -> Option<u64> {
        let deadline = (!self.flights.is_empty()).then_some(self.earliest_deadline_ms);
        let partitions = self.partitions.iter().filter_map(Partition::resume_ms);
        partitions.chain(deadline).min()
    }
}

impl<T> Core<T> {
    /// Creates a core with nothing in flight.
    pub fn new(chain_id: Hash, partitions: u32) -> Self {
        Self {
            chain_id,
            flights: BTreeMap::new(),
            abandoned: HashMap::new(),
            partitions: (0..partitions).map(|_| Partition::default()).collect(),
            senders: Senders::default(),
            barriers: Barriers::default(),
            numbers: Numbers::default(),
            next_token: 0,
            earliest_deadline_ms: u64::MAX,
            healthy: true,
            behind: None,
            draining: false,
            drained: false,
        }
    }

    /// Number of submissions without an answer.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    fn submit(&mut self, now: Now, submission: Submission<T>, out: &mut Vec<Output<T>>) {
        let mut flight = Flight::new(submission);
        if self.draining {
            return self.reject(flight, Unavailable::ShuttingDown, out);
        }
        let (key, nonce) = (flight.key(), flight.nonce());
        if let Some(first) = self.barriers.before(flight.stream, &key, nonce) {
            return self.refuse(flight, Unavailable::EarlierGivenUp { first }, out);
        }
        self.barriers.lower(flight.stream, &key);
        if let Some(why) = self.lies_behind(flight.partition) {
            return self.refuse(flight, why, out);
        }
        flight.late = nonce.is_some_and(|nonce| {
            self.senders.top(&key) > nonce && !self.senders.is_given_up(&key, nonce)
        });
        let token = self.next_token;
        self.next_token += 1;
        self.earliest_deadline_ms = self.earliest_deadline_ms.min(flight.deadline_ms);
        self.flights.insert(token, flight);
        self.place(now, token, &key, out);
    }

    /// Appends, unless the flight has to wait for its sender's other flights, or for its partition.
    fn place(&mut self, now: Now, token: u64, key: &Key, out: &mut Vec<Output<T>>) {
        let Some(flight) = self.flights.get(&token) else {
            return;
        };
        if self.senders.blocks(key, token, flight.nonce()) {
            self.senders.hold(key, token);
        } else if self.partitions[key.0 as usize].queues(token, now.elapsed_ms) {
            self.senders.wait(key, token);
        } else {
            self.append(now, token, key, out);
        }
    }

    fn append(&mut self, now: Now, token: u64, key: &Key, out: &mut Vec<Output<T>>) {
        if let Some(by) = self.overtaken(token, key) {
            return self.close(token, Precondition::Overtaken { by }, out);
        }
        let Some(flight) = self.flights.get_mut(&token) else {
            return;
        };
        let partition = &mut self.partitions[key.0 as usize];
        let (numbers, top) = (&mut self.numbers, self.senders.top(key));
        let entry = flight.launch(now.elapsed_ms, partition.cursor, &self.chain_id, |above| {
            numbers.next(now.wall_us, &key.1, above.max(top))
        });
        let nonce = flight.nonce().expect("it was given one at the launch");
        partition.launched(now.elapsed_ms);
        flight.launched = Some(self.senders.launched(key, token, nonce));
        out.push(Output::Append { token, entry });
    }

    /// The nonce that has landed, or may have, and that makes the flight's record void.
    fn overtaken(&self, token: u64, key: &Key) -> Option<u64> {
        let flight = self.flights.get(&token)?;
        // A late one has nothing to lose: it is a copy, or void by its sender's own order.
        let failed = match flight.last_try() {
            Try::Lost(launched) if !flight.late => Some(launched),
            _ => None,
        };
        self.senders.overtaken(key, flight.nonce()?, failed)
    }

    fn completed(&mut self, now: Now, completion: Completion, out: &mut Vec<Output<T>>) {
        let Completion { token, result } = completion;
        let Some(flight) = self.flights.get_mut(&token) else {
            return self.completed_late(now, token, &result, out);
        };
        let key = flight.key();
        let nonce = flight.nonce().expect("what is appended has a nonce");
        let partition = &mut self.partitions[key.0 as usize];
        partition.heard(now.elapsed_ms);
        self.senders.ended(&key, token, nonce);
        match result {
            Ok(appended) => self.landed(now, token, &key, appended, out),
            Err(AppendError::Full) => {
                flight.grounded(AppendError::Full.to_string());
                partition.full(now.elapsed_ms);
                self.place(now, token, &key, out);
            }
            Err(AppendError::Retryable(reason)) => self.failed(now, token, &key, reason, out),
            Err(AppendError::Terminal(reason)) => {
                flight.grounded(reason.clone());
                let why = format!("the journal refuses the record: {reason}");
                self.finish(token, &key, Unavailable::Log(why), out);
            }
            Err(AppendError::Unknown(reason)) => {
                flight.ended();
                let launched = flight.launched.unwrap_or_default();
                self.senders.unsure(&key, nonce, launched);
                self.set_health(Health::Fails(reason.clone()), out);
                self.finish(token, &key, Why::OutcomeUnknown(reason), out);
            }
        }
        self.release(now, &key, out);
    }

    /// Handles a record that was not persisted.
    fn failed(
        &mut self,
        now: Now,
        token: u64,
        key: &Key,
        reason: String,
        out: &mut Vec<Output<T>>,
    ) {
        let Some(flight) = self.flights.get_mut(&token) else {
            return;
        };
        let hopeless = flight.is_hopeless(now.elapsed_ms);
        flight.grounded(reason.clone());
        self.partitions[key.0 as usize].failed(now.elapsed_ms);
        self.set_health(Health::Fails(reason), out);
        let flight = &self.flights[&token];
        let before = self.barriers.before(flight.stream, key, flight.nonce());
        if let Some(first) = before {
            self.close(token, Unavailable::EarlierGivenUp { first }, out);
        } else if let Some(by) = self.overtaken(token, key) {
            self.close(token, Precondition::Overtaken { by }, out);
        } else if hopeless {
            let why = flight.verdict_at_deadline();
            self.finish(token, key, why, out);
        } else {
            self.place(now, token, key, out);
        }
    }

    fn landed(
        &mut self,
        now: Now,
        token: u64,
        key: &Key,
        appended: Appended,
        out: &mut Vec<Output<T>>,
    ) {
        self.set_health(Health::Appends, out);
        let Some(flight) = self.flights.get_mut(&token) else {
            return;
        };
        let partition = key.0;
        let nonce = flight.nonce().expect("what is appended has a nonce");
        let state = &mut self.partitions[partition as usize];
        // Only the cursor known when the append began counts: a block may have consumed the record since.
        let cursor = flight.cursor;
        if let Some(offset) = appended.offset
            && offset < cursor
        {
            out.push(Output::BelowCursor {
                partition,
                offset,
                cursor,
            });
            state.failed(now.elapsed_ms);
            if flight.landed_below(BelowCursor { offset, cursor }) {
                self.place(now, token, key, out);
            } else {
                let why = flight.verdict_at_deadline();
                self.finish(token, key, why, out);
            }
            return;
        }
        state.succeeded();
        self.senders.landed(key, nonce);
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

    /// Places the flights of a sender that are no longer held back.
    fn release(&mut self, now: Now, key: &Key, out: &mut Vec<Output<T>>) {
        while let Some(token) = self.senders.first_held(key) {
            self.place(now, token, key, out);
            if self.senders.first_held(key) == Some(token) {
                break;
            }
        }
        self.senders.tidy(key);
    }

    fn cursors(&mut self, now: Now, frontiers: &[Frontier], out: &mut Vec<Output<T>>) {
        let mut worst = None;
        for frontier in frontiers {
            let Some(state) = self.partitions.get_mut(frontier.partition as usize) else {
                continue;
            };
            // The last answer replaces earlier ones, which may have been wrong.
            state.cursor = frontier.cursor;
            state.behind = (frontier.cursor > frontier.end).then_some(frontier.end);
            if state.behind.is_some() {
                worst = worst.or(Some(*frontier));
                self.turn_back(now, frontier.partition, out);
            }
        }
        let partition = worst.map(|frontier| frontier.partition);
        if self.behind != partition {
            self.behind = partition;
            out.push(Output::Behind(worst));
        }
    }

    fn resume(&mut self, now: Now, out: &mut Vec<Output<T>>) {
        for partition in 0..self.partitions.len() {
            for token in self.partitions[partition].take_due(now.elapsed_ms) {
                let Some(flight) = self.flights.get(&token) else {
                    continue;
                };
                let key = flight.key();
                self.place(now, token, &key, out);
                self.senders.tidy(&key);
            }
        }
    }
}
