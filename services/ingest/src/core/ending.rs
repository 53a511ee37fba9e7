//! Flights that end without a receipt.

use engine::Now;
use journal::{AppendError, Appended};

use super::flight::{Abandoned, Flight};
use super::senders::{Key, Try};
use super::{Core, Health, Output};
use crate::rejection::{Rejection, Unavailable, Why};

impl<T> Core<T> {
    /// Answers expired flights. It visits all flights, but only when the earliest deadline has passed.
    pub(super) fn expire(&mut self, now: Now, out: &mut Vec<Output<T>>) {
        if now.elapsed_ms < self.earliest_deadline_ms {
            return;
        }
        let due = |flight: &Flight<T>| flight.deadline_ms <= now.elapsed_ms;
        let late = self.flights.iter().filter(|(_, flight)| due(flight));
        let late: Vec<u64> = late.map(|(token, _)| *token).collect();
        for token in late {
            // Flights behind an expired one have ended with it.
            let Some(flight) = self.flights.get(&token) else {
                continue;
            };
            let key = flight.key();
            let mut why = flight.verdict_at_deadline();
            if let (Why::Unavailable(Unavailable::Log(_)), Some(nonce)) = (&why, flight.nonce())
                && self.senders.is_underway(&key, nonce)
            {
                why = Why::OutcomeUnknown("an earlier copy is still in flight".into());
            }
            self.finish(token, &key, why, out);
            self.release(now, &key, out);
        }
        let deadlines = self.flights.values().map(|flight| flight.deadline_ms);
        self.earliest_deadline_ms = deadlines.min().unwrap_or(u64::MAX);
    }

    /// Gives a flight up with all that wait behind it: the client will send it again, and these must follow it.
    pub(super) fn finish(
        &mut self,
        token: u64,
        key: &Key,
        why: impl Into<Why>,
        out: &mut Vec<Output<T>>,
    ) {
        let Some(flight) = self.flights.get(&token) else {
            return;
        };
        let (stream, first) = (flight.stream, flight.own_nonce());
        let late = flight.late;
        self.close(token, why, out);
        let (Some(stream), Some(first), false) = (stream, first, late) else {
            return;
        };
        self.barriers.raise(stream, key, first);
        for token in self.senders.waiting(key) {
            let Some(flight) = self.flights.get(&token) else {
                continue;
            };
            let behind = flight.nonce().is_none_or(|nonce| nonce > first);
            if behind && flight.stream == Some(stream) {
                self.close(token, Unavailable::EarlierGivenUp { first }, out);
            }
        }
    }

    /// Answers one flight.
    pub(super) fn close(&mut self, token: u64, why: impl Into<Why>, out: &mut Vec<Output<T>>) {
        let Some(flight) = self.flights.remove(&token) else {
            return;
        };
        let key = flight.key();
        self.partitions[key.0 as usize].forget(token);
        self.senders.left(&key, token);
        if let Some(nonce) = flight.nonce() {
            if !flight.late {
                self.senders.give_up(&key, nonce, flight.last_try());
            }
            if flight.is_underway() {
                let abandoned = Abandoned {
                    key,
                    nonce,
                    cursor: flight.cursor,
                    launched: flight.launched.unwrap_or_default(),
                };
                self.abandoned.insert(token, abandoned);
            }
        }
        self.reject(flight, why, out);
    }

    /// Answers a submission that is not taken, and must not be overtaken when it comes again.
    pub(super) fn refuse(
        &mut self,
        flight: Flight<T>,
        why: impl Into<Why>,
        out: &mut Vec<Output<T>>,
    ) {
        let key = flight.key();
        if let Some(nonce) = flight.own_nonce() {
            self.senders.give_up(&key, nonce, Try::None);
            if let Some(stream) = flight.stream {
                self.barriers.raise(stream, &key, nonce);
            }
        }
        self.reject(flight, why, out);
    }

    /// Answers all waiting flights of a partition that ends below the cursor.
    pub(super) fn turn_back(&mut self, now: Now, partition: u32, out: &mut Vec<Output<T>>) {
        let waits = |flight: &Flight<T>| flight.partition == partition && !flight.is_underway();
        let waiting = self.flights.iter().filter(|(_, flight)| waits(flight));
        let waiting: Vec<(u64, Key)> = waiting.map(|(token, f)| (*token, f.key())).collect();
        for (token, key) in waiting {
            if let Some(why) = self.lies_behind(partition) {
                self.finish(token, &key, why, out);
                self.release(now, &key, out);
            }
        }
    }

    /// The reason not to append to a partition, if there is one.
    pub(super) fn lies_behind(&self, partition: u32) -> Option<Why> {
        let state = &self.partitions[partition as usize];
        let offset = state.behind?;
        Some(Why::LogBehind {
            partition,
            offset,
            cursor: state.cursor,
        })
    }

    /// Handles the outcome of a record whose submission has been answered.
    pub(super) fn completed_late(
        &mut self,
        now: Now,
        token: u64,
        result: &Result<Appended, AppendError>,
        out: &mut Vec<Output<T>>,
    ) {
        let Some(abandoned) = self.abandoned.remove(&token) else {
            return;
        };
        let Abandoned {
            key,
            nonce,
            cursor,
            launched,
        } = abandoned;
        let partition = &mut self.partitions[key.0 as usize];
        partition.heard(now.elapsed_ms);
        self.senders.ended(&key, token, nonce);
        match result {
            Ok(appended) if appended.offset.is_none_or(|offset| offset >= cursor) => {
                partition.succeeded();
                self.senders.landed(&key, nonce);
            }
            Ok(_) => {}
            Err(AppendError::Unknown(_)) => {
                partition.failed(now.elapsed_ms);
                self.senders.unsure(&key, nonce, launched);
            }
            Err(_) => {
                partition.failed(now.elapsed_ms);
                if self.senders.is_given_up(&key, nonce) {
                    self.senders.give_up(&key, nonce, Try::Lost(launched));
                }
            }
        }
        self.release(now, &key, out);
    }

    pub(super) fn reject(
        &mut self,
        flight: Flight<T>,
        why: impl Into<Why>,
        out: &mut Vec<Output<T>>,
    ) {
        let (ticket, names) = flight.fail();
        let outcome = Err(Rejection {
            why: why.into(),
            names,
        });
        out.push(Output::Reply { ticket, outcome });
    }

    pub(super) fn set_health(&mut self, state: Health, out: &mut Vec<Output<T>>) {
        let well = !matches!(state, Health::Fails(_));
        if self.healthy != well {
            self.healthy = well;
            out.push(Output::Health(state));
        }
    }
}
