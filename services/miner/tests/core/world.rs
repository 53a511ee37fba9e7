//! A world of plain vectors for cores: two topics, a clock, and miners whose every move is made by hand.
//!
//! Nothing happens but in [`World::run`], in an order that is always the same, so every race can be set up and replayed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use chain::parallel::Sequential;
use chain::testing::{self, Grower, NOW_MS};
use chain::{Genesis, Hash, Secret, Template};
use engine::{Core as _, Now, Signal};
use follow::core::Compared;
use follow::partition::{Answer, Question};
use follow::snapshot::Encoded;
use follow::{Snapshot, Task};
use journal::testing::Partition;
use journal::{AppendError, Appended, Inspection, Record, TailEvent};
use miner::core::{Core, End, Input, Note, Output, Sealed, Settings};

/// Headers of a record.
pub type Headers = Vec<(String, Bytes)>;

/// What becomes of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Lands,
    /// Lands, and nobody is told.
    LandsUnknown,
    /// Does not land, and nobody is told.
    LostUnknown,
    /// Waits until [`World::release`].
    Held,
    Fails,
}

pub struct Node {
    pub core: Core,
    pub secret: Option<Secret>,
    pub inbox: VecDeque<Input>,
    pub notes: Vec<Note>,
    pub ended: Option<Result<(), End>>,
    pub kept: Vec<Encoded>,
    pub commits: Vec<(u32, u64)>,
    pub cancels: usize,
    /// How often it had a record compared with the log.
    pub compared: usize,
    pub seals: Vec<Arc<Template>>,
    /// Seals wait until the test lets them.
    pub hold_seals: bool,
    pub fate: Fate,
    pub held: Vec<(u64, Bytes, Headers)>,
    pub sealing: Option<(u64, Arc<Template>)>,
    /// The chain is not delivered.
    pub deaf: bool,
    chain_tail: Option<(u64, u64)>,
    tails: BTreeMap<u32, (u64, u64)>,
    /// The last record that each reader handed on, and when.
    read: BTreeMap<u32, (Record, u64)>,
}

pub struct World {
    /// The wall clock of the journal.
    pub now_ms: u64,
    /// The monotonic clock of the miners.
    pub elapsed_ms: u64,
    /// How far the wall clock of the miners is ahead of the true time.
    pub step_ms: i64,
    /// How far the log's clock is behind that of the miners.
    pub log_behind_ms: u64,
    pub blockchain: Partition,
    pub transactions: Vec<Partition>,
    pub genesis: Genesis,
    pub miners: Vec<Node>,
    /// Makes transactions.
    pub grower: Grower,
}

pub fn settings(name: &str, partitions: &[u32]) -> Settings {
    Settings {
        topic: "transactions".into(),
        partitions: partitions.to_vec(),
        account: name.parse().expect("a name"),
        block_records: 3,
        block_age_ms: 1_000,
        rescue_age_ms: 30_000,
        keeps_snapshots: false,
    }
}

impl World {
    /// An open chain with easy work.
    pub fn new() -> World {
        World::with(testing::genesis("world"))
    }

    pub fn with(genesis: Genesis) -> World {
        let mut blockchain = Partition::default();
        blockchain.append(NOW_MS, genesis.block_zero(), vec![]);
        World {
            now_ms: NOW_MS + 1_000,
            elapsed_ms: 0,
            step_ms: 0,
            log_behind_ms: 0,
            blockchain,
            transactions: (0..genesis.partitions)
                .map(|_| Partition::default())
                .collect(),
            grower: Grower::new(&genesis),
            genesis,
            miners: Vec::new(),
        }
    }

    pub fn follow(&self) -> follow::Settings {
        follow::Settings {
            topic: "blockchain".into(),
            expected: Some(self.genesis.chain_id()),
            assume_valid: None,
        }
    }

    /// Adds a miner; returns its index.
    pub fn join(&mut self, settings: Settings) -> usize {
        let follow = self.follow();
        self.join_as(settings, follow, None, None)
    }

    pub fn join_as(
        &mut self,
        settings: Settings,
        follow: follow::Settings,
        secret: Option<Secret>,
        start: Option<Snapshot>,
    ) -> usize {
        self.miners.push(Node {
            core: Core::new(settings, follow, start),
            secret,
            inbox: VecDeque::from([Signal::Start.into()]),
            notes: vec![],
            ended: None,
            kept: vec![],
            commits: vec![],
            cancels: 0,
            compared: 0,
            seals: vec![],
            hold_seals: false,
            fate: Fate::Lands,
            held: vec![],
            sealing: None,
            deaf: false,
            chain_tail: None,
            tails: BTreeMap::new(),
            read: BTreeMap::new(),
        });
        self.miners.len() - 1
    }

    /// Appends a transaction of 1 from `sender` to bob.
    pub fn send(&mut self, partition: u32, sender: &str) -> u64 {
        let record = self.transaction(sender);
        self.put(partition, record)
    }

    pub fn transaction(&mut self, sender: &str) -> Bytes {
        self.grower.note(sender, "bob", 1).encode()
    }

    /// The chain as anybody reads it.
    pub fn judge(&self) -> Grower {
        let records = self.blockchain.records.values();
        Grower::read(records.map(|it| (it.value.clone(), it.append_ms)))
    }

    pub fn put(&mut self, partition: u32, value: Bytes) -> u64 {
        self.put_with(partition, value, vec![])
    }

    pub fn put_with(&mut self, partition: u32, value: Bytes, headers: Headers) -> u64 {
        let at = self.now_ms - self.log_behind_ms;
        self.transactions[partition as usize].append(at, value, headers)
    }

    /// The log of partition 0 loses everything from `end` on, and that many other records are appended, which are returned.
    pub fn regrow(&mut self, end: u64, count: usize) -> Vec<Bytes> {
        self.transactions[0].cut(end);
        let others = (0..count)
            .map(|_| self.transaction("dave"))
            .collect::<Vec<_>>();
        for value in &others {
            self.put(0, value.clone());
        }
        others
    }

    /// Of the reader that a miner has on a partition.
    pub fn generation(&self, i: usize, partition: u32) -> u64 {
        self.miners[i].tails[&partition].0
    }

    /// Lets time pass in small steps, and all happen that can.
    pub fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 50 {
            self.tick(50);
        }
        self.tick(ms % 50);
    }

    fn tick(&mut self, ms: u64) {
        self.now_ms += ms;
        self.elapsed_ms += ms;
        for node in &mut self.miners {
            node.inbox.push_back(Signal::Wake.into());
        }
        self.run();
    }

    /// Everything that can happen without time passing, in a fixed order.
    pub fn run(&mut self) {
        let mut busy = true;
        while busy {
            busy = false;
            for i in 0..self.miners.len() {
                busy |= self.deliver(i);
                while let Some(input) = self.miners[i].inbox.pop_front() {
                    self.step(i, input);
                    busy = true;
                }
                busy |= self.seal(i);
            }
        }
    }

    /// Hands new records to the readers of a miner.
    fn deliver(&mut self, i: usize) -> bool {
        let node = &mut self.miners[i];
        let mut any = false;
        if let Some((generation, next)) = &mut node.chain_tail
            && *next < self.blockchain.end
            && !node.deaf
        {
            let batch = self.blockchain.read(*next, usize::MAX);
            *next = batch.next;
            let event = TailEvent::Batch(batch);
            node.inbox.push_back(Input::Follow(follow::Input::Tail {
                generation: *generation,
                event,
            }));
            any = true;
        }
        for (&partition, (generation, next)) in &mut node.tails {
            let log = &self.transactions[partition as usize];
            if *next == u64::MAX || (*next >= log.start && *next == log.end) {
                continue;
            }
            // A reader compares what it read last before it goes on after a while.
            let read = node.read.get(&partition);
            let held = read.filter(|(_, at)| *at + 1_000 <= self.elapsed_ms);
            let changed = held.and_then(|(record, _)| log.changed(partition, record));
            let error = changed.or_else(|| log.out_of_range(partition, *next));
            let event = if let Some(error) = error {
                *next = u64::MAX;
                TailEvent::Lost(error)
            } else {
                let batch = log.read(*next, usize::MAX);
                *next = batch.next;
                if let Some(last) = batch.records.last() {
                    node.read.insert(partition, (last.clone(), self.elapsed_ms));
                }
                TailEvent::Batch(batch)
            };
            node.inbox.push_back(Input::Transactions {
                partition,
                generation: *generation,
                event,
            });
            any = true;
        }
        any
    }

    pub fn step(&mut self, i: usize, input: Input) {
        let mut out = Vec::new();
        let now = Now {
            wall_us: self.now_ms.saturating_add_signed(self.step_ms) * 1000,
            elapsed_ms: self.elapsed_ms,
        };
        self.miners[i].core.step(now, input, &mut out);
        for output in out {
            self.carry_out(i, output);
        }
    }

    fn carry_out(&mut self, i: usize, output: Output) {
        let node = &mut self.miners[i];
        match output {
            Output::Follow(Task::Check(check)) => {
                let input = follow::Input::Checked(check.run([7; 32], &Sequential));
                node.inbox.push_back(Input::Follow(input));
            }
            Output::Follow(Task::Seek { generation, from }) => {
                node.chain_tail = Some((generation, from));
            }
            Output::Follow(Task::Compare {
                question, offset, ..
            }) => {
                let compared = compare(&self.blockchain, question, offset);
                node.inbox
                    .push_back(Input::Follow(follow::Input::Compared(compared)));
            }
            Output::Read {
                partition,
                generation,
                from,
            } => {
                node.tails.insert(partition, (generation, from));
                node.read.remove(&partition);
            }
            Output::Stop { partition } => {
                node.tails.remove(&partition);
            }
            Output::Check(check) => {
                let records =
                    chain::record::check_all(check.values, &check.rules, [7; 32], &Sequential);
                node.inbox.push_back(Input::Checked {
                    partition: check.partition,
                    generation: check.generation,
                    offsets: check.offsets,
                    records,
                });
            }
            Output::Look(question) => self.look(i, question),
            Output::Seal {
                attempt, template, ..
            } => {
                node.seals.push(Arc::clone(&template));
                node.sealing = Some((attempt, template));
            }
            Output::CancelSeal => {
                node.cancels += 1;
                node.sealing = None;
            }
            Output::Append {
                attempt,
                value,
                headers,
            } => self.append(i, attempt, value, headers),
            Output::Commit { partition, offset } => node.commits.push((partition, offset)),
            Output::Keep(snapshot) => node.kept.push(snapshot),
            Output::Note(note) => node.notes.push(note),
            Output::End(end) => node.ended = Some(end),
        }
    }

    /// Answers a look at a partition.
    fn look(&mut self, i: usize, question: Question) {
        let log = &self.transactions[question.partition as usize];
        let offsets = log.offsets();
        let holds = question.last.is_none_or(|last| {
            let record = log.records.get(&last.offset).cloned();
            last.is_held(&Inspection { offsets, record })
        });
        let seen = Some(Answer { offsets, holds });
        let node = &mut self.miners[i];
        node.compared += usize::from(question.last.is_some());
        node.inbox.push_back(Input::Looked { question, seen });
    }

    /// Finds the nonce of what is being sealed.
    fn seal(&mut self, i: usize) -> bool {
        if self.miners[i].hold_seals {
            return false;
        }
        self.seal_now(i)
    }

    pub fn seal_now(&mut self, i: usize) -> bool {
        let node = &mut self.miners[i];
        let Some((attempt, template)) = node.sealing.take() else {
            return false;
        };
        let nonce = template.work().search(0, 1 << 20).expect("easy work");
        let value = template.finish(nonce, node.secret.as_ref());
        let sealed = Sealed {
            attempt,
            block: Some((nonce, value)),
            tries: nonce + 1,
            elapsed_us: 10,
        };
        self.step(i, Input::Sealed(sealed));
        true
    }

    fn append(&mut self, i: usize, attempt: u64, value: Bytes, headers: Headers) {
        let append_ms = self.now_ms - self.log_behind_ms;
        let node = &mut self.miners[i];
        let result = match node.fate {
            Fate::Held => {
                node.held.push((attempt, value, headers));
                return;
            }
            Fate::Lands => {
                let offset = self.blockchain.append(append_ms, value, headers);
                Ok(Appended {
                    offset: Some(offset),
                    append_ms,
                })
            }
            Fate::LandsUnknown => {
                self.blockchain.append(append_ms, value, headers);
                Err(AppendError::Unknown("timed out".into()))
            }
            Fate::LostUnknown => Err(AppendError::Unknown("timed out".into())),
            Fate::Fails => Err(AppendError::Retryable("no leader".into())),
        };
        node.inbox.push_back(Input::Appended { attempt, result });
    }

    /// Lets the held appends of a miner land.
    pub fn release(&mut self, i: usize) {
        self.miners[i].fate = Fate::Lands;
        for (attempt, value, headers) in std::mem::take(&mut self.miners[i].held) {
            self.append(i, attempt, value, headers);
        }
        self.run();
    }
}

/// What the log says of the record at an offset.
fn compare(log: &Partition, question: u64, offset: Option<u64>) -> Compared {
    let found = offset.and_then(|offset| log.records.get(&offset));
    Compared {
        question,
        start: log.start,
        end: log.end,
        found: found.map(|record| Hash::of(&record.value)),
    }
}
