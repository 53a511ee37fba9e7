//! One sender against a log that fails in every way it may: whatever is acknowledged must be included by the nonce rule.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chain::{Hash, Transaction};
use engine::{Core as _, Now, Signal};
use ingest::core::{Content, Core, Headers, Input, Output, Sealed, Submission};
use journal::{AppendError, Appended, Completion};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const CHAIN: Hash = Hash([7; 32]);
const SENDER: &[u8] = b"alice";
const PATIENCE_MS: u64 = 5_000;
const NONCES: u64 = 24;
const COURSES: u64 = 4_000;

/// A record on its way.
struct Underway {
    token: u64,
    nonce: u64,
    /// Its place among all that were handed to the log: what lands, lands in this order.
    place: u64,
    /// Places of those that were on their way when it was handed over: it lands only behind them.
    before: BTreeSet<u64>,
}

/// The client, the core and the log.
struct World {
    core: Core<(u64, u64)>,
    now: Now,
    rng: SmallRng,
    underway: Vec<Underway>,
    places: u64,
    /// What has landed: place and nonce.
    log: BTreeMap<u64, u64>,
    /// Places of what did not land, without anybody knowing; and of what is on its way and has landed.
    lost: BTreeSet<u64>,
    landed: BTreeSet<u64>,
    /// What the client knows of nonces: on which stream they are without an answer.
    unanswered: BTreeSet<(u64, u64)>,
    failed: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    next_nonce: u64,
    stream: u64,
    refusals: usize,
}

impl World {
    fn new(seed: u64) -> World {
        World {
            core: Core::new(CHAIN, 1),
            now: Now::default(),
            rng: SmallRng::seed_from_u64(seed),
            underway: Vec::new(),
            places: 0,
            log: BTreeMap::new(),
            lost: BTreeSet::new(),
            landed: BTreeSet::new(),
            unanswered: BTreeSet::new(),
            failed: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            next_nonce: 1,
            stream: 0,
            refusals: 0,
        }
    }

    fn step(&mut self, input: Input<(u64, u64)>) {
        let mut out = Vec::new();
        self.core.step(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Append { token, entry } => {
                    let nonce = Transaction::decode(&entry.value).unwrap().nonce;
                    let place = self.places;
                    self.places += 1;
                    let before = self.underway.iter().map(|it| it.place).collect();
                    self.underway.push(Underway {
                        token,
                        nonce,
                        place,
                        before,
                    });
                }
                Output::Reply { ticket, outcome } => {
                    assert!(self.unanswered.remove(&ticket), "one answer each");
                    let (_, nonce) = ticket;
                    match outcome {
                        Ok(_) => {
                            self.acknowledged.insert(nonce);
                            self.failed.remove(&nonce);
                        }
                        Err(_) if self.acknowledged.contains(&nonce) => {}
                        Err(_) => {
                            self.refusals += 1;
                            self.failed.insert(nonce);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn submit(&mut self, nonce: u64) {
        if !self.unanswered.insert((self.stream, nonce)) {
            return;
        }
        self.failed.remove(&nonce);
        let transaction = Transaction {
            sender: Bytes::from_static(SENDER),
            memo: "hi".into(),
            nonce,
            ..Transaction::default()
        };
        let submission = Submission {
            ticket: (self.stream, nonce),
            partition: 0,
            content: Content::Sealed(Box::new(Sealed {
                id: transaction.id(&CHAIN).unwrap(),
                record: transaction.encode(),
                transaction,
            })),
            above: 0,
            // Unary calls have no stream.
            stream: (!self.stream.is_multiple_of(3)).then_some(self.stream),
            headers: Headers::from([]),
            deadline_ms: self.now.elapsed_ms + PATIENCE_MS,
        };
        self.step(Input::Submit(vec![submission]));
    }

    /// Anything that may happen next.
    fn act(&mut self) {
        match self.rng.random_range(0..12) {
            0..=3 => {
                if self.next_nonce <= NONCES {
                    self.next_nonce += 1;
                    self.submit(self.next_nonce - 1);
                }
            }
            4..=8 => self.complete_any(),
            9 => {
                let failed: Vec<u64> = self.failed.iter().copied().collect();
                if !failed.is_empty() {
                    let at = self.rng.random_range(0..failed.len());
                    self.submit(failed[at]);
                }
            }
            10 => {
                // The client reconnects, and sends in order what is without an answer.
                self.step(Input::Closed(self.stream));
                self.stream += 1;
                let unanswered = self.unanswered.iter().map(|(_, nonce)| *nonce);
                let again: BTreeSet<u64> = unanswered.chain(self.failed.clone()).collect();
                for nonce in again.difference(&self.acknowledged.clone()) {
                    self.submit(*nonce);
                }
            }
            _ => {
                self.now.elapsed_ms += self.rng.random_range(1..PATIENCE_MS);
                self.step(Input::Signal(Signal::Wake));
            }
        }
    }

    /// Any of those underway comes to an end, in any way, in any order.
    fn complete_any(&mut self) {
        if self.underway.is_empty() {
            return;
        }
        let at = self.rng.random_range(0..self.underway.len());
        let Underway {
            token,
            nonce,
            place,
            before,
        } = self.underway.remove(at);
        let mut fate = self.rng.random_range(0..10);
        if self.landed.contains(&place) && (6..9).contains(&fate) {
            fate = 9;
        }
        if fate == 9 && !self.lands_behind(&before) {
            fate = if self.landed.contains(&place) { 0 } else { 8 };
        }
        match fate {
            6 | 7 => {}
            8 => drop(self.lost.insert(place)),
            _ => drop(self.log.insert(place, nonce)),
        }
        let result = match fate {
            0..6 => Ok(Appended {
                offset: None,
                append_ms: 1,
            }),
            6 | 7 => Err(AppendError::Retryable("no leader".into())),
            _ => Err(AppendError::Unknown("no answer".into())),
        };
        self.step(Input::Completed(vec![Completion { token, result }]));
    }

    /// Whether a record can have landed, without anybody knowing, behind all of these: then they have landed as well.
    fn lands_behind(&mut self, before: &BTreeSet<u64>) -> bool {
        let theirs = self.underway.iter().filter(|it| before.contains(&it.place));
        let possible = before.is_disjoint(&self.lost)
            && theirs.clone().all(|it| it.before.is_disjoint(&self.lost));
        if possible {
            self.landed.extend(theirs.map(|it| it.place));
        }
        possible
    }

    /// What the chain includes of the log.
    fn included(&self) -> BTreeSet<u64> {
        let mut last = 0;
        let mut included = BTreeSet::new();
        for nonce in self.log.values() {
            if *nonce > last {
                last = *nonce;
                included.insert(*nonce);
            }
        }
        included
    }
}

#[test]
fn what_is_acknowledged_is_included_whatever_fails() {
    let (mut refusals, mut acknowledged) = (0, 0);
    for seed in 0..COURSES {
        let mut world = World::new(seed);
        for _ in 0..120 {
            world.act();
        }
        while !world.underway.is_empty() {
            world.complete_any();
            world.now.elapsed_ms += 10;
            world.step(Input::Signal(Signal::Wake));
        }
        let included = world.included();
        let void: Vec<_> = world.acknowledged.difference(&included).collect();
        assert!(void.is_empty(), "course {seed}: {void:?} are void");
        refusals += world.refusals;
        acknowledged += world.acknowledged.len();
    }
    assert!(
        refusals > 1_000 && acknowledged > 1_000,
        "both happen: {refusals}, {acknowledged}"
    );
}

#[test]
fn a_log_that_is_well_again_takes_everything_in_order() {
    for seed in 0..COURSES / 4 {
        let mut world = World::new(seed);
        // An outage: nothing lands, all is given up, and comes again on a new stream.
        world.stream = 1;
        for nonce in 1..=NONCES {
            world.submit(nonce);
        }
        while !world.underway.is_empty() {
            let at = world.rng.random_range(0..world.underway.len());
            let token = world.underway.remove(at).token;
            let result = Err(AppendError::Retryable("no leader".into()));
            world.step(Input::Completed(vec![Completion { token, result }]));
            world.now.elapsed_ms += 100;
            world.step(Input::Signal(Signal::Wake));
        }
        world.now.elapsed_ms += PATIENCE_MS;
        world.step(Input::Signal(Signal::Wake));
        world.stream = 2;
        for nonce in 1..=NONCES {
            world.submit(nonce);
        }
        for _ in 0..2 * NONCES {
            world.now.elapsed_ms += 10;
            world.step(Input::Signal(Signal::Wake));
            for Underway {
                token,
                nonce,
                place,
                ..
            } in std::mem::take(&mut world.underway)
            {
                world.log.insert(place, nonce);
                let result = Ok(Appended {
                    offset: None,
                    append_ms: 1,
                });
                world.step(Input::Completed(vec![Completion { token, result }]));
            }
        }
        assert_eq!(world.included().len() as u64, NONCES, "course {seed}");
        assert_eq!(world.acknowledged.len() as u64, NONCES, "course {seed}");
    }
}
