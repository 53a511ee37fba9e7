//! A world of plain vectors for cores: two topics, a clock, and miners whose every move is made by hand.
//!
//! Nothing happens but in [`World::run`], in an order that is always the same, so every race can be set up and replayed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use chain::parallel::Sequential;
use chain::{Account, Chain, Genesis, Hash, Secret, Template, Transaction};
use follow::core::Compared;
use follow::{Snapshot, Task};
use journal::{AppendError, Appended, Batch, Offsets, Record, TailEvent};
use miner::core::{Core, End, Input, Note, Output, Sealed, Settings, Surveyed};

/// Half of all hashes will do.
pub const EASY_BITS: u32 = 0x207f_ffff;
/// When every world begins.
pub const DAWN_MS: u64 = 1_800_000_000_000;

/// Headers of a record.
type Headers = Vec<(String, Bytes)>;

/// A topic's partition.
#[derive(Default)]
pub struct Log {
    pub start: u64,
    pub end: u64,
    pub records: Vec<Record>,
}

impl Log {
    pub fn append(&mut self, append_ms: u64, value: Bytes, headers: Headers) -> u64 {
        let offset = self.end;
        self.records.push(Record {
            offset,
            append_ms,
            key: None,
            value,
            headers,
        });
        self.end += 1;
        offset
    }

    fn holds(&self, record: &Record) -> bool {
        record.offset < self.start || self.records.contains(record)
    }

    fn batch(&self, from: u64) -> Batch {
        let records = self.records.iter().filter(|r| r.offset >= from);
        Batch {
            records: records.cloned().collect(),
            next: self.end,
            end: self.end,
            permit: None,
        }
    }
}

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
    pub ended: Option<End>,
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
    pub now_ms: u64,
    /// How far the log's clock is behind that of the miners.
    pub log_behind_ms: u64,
    pub blockchain: Log,
    pub transactions: Vec<Log>,
    pub genesis: Genesis,
    pub miners: Vec<Node>,
    nonce: u64,
}

pub fn settings(name: &str, partitions: &[u32]) -> Settings {
    Settings {
        topic: "transactions".into(),
        partitions: partitions.to_vec(),
        account: name.parse().expect("a name"),
        block_records: 3,
        block_age_ms: 1_000,
        rescue_age_ms: 30_000,
    }
}

impl World {
    /// An open chain with easy work.
    pub fn new() -> World {
        World::with(Genesis {
            open: true,
            bits: EASY_BITS,
            timestamp_ms: DAWN_MS,
            ..Genesis::default()
        })
    }

    pub fn with(genesis: Genesis) -> World {
        let mut blockchain = Log::default();
        blockchain.append(DAWN_MS, genesis.block_zero(), vec![]);
        World {
            now_ms: DAWN_MS + 1_000,
            log_behind_ms: 0,
            blockchain,
            transactions: (0..genesis.partitions).map(|_| Log::default()).collect(),
            genesis,
            miners: Vec::new(),
            nonce: 0,
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
            inbox: VecDeque::from([Input::Follow(follow::Input::Signal(engine::Signal::Start))]),
            notes: vec![],
            ended: None,
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
        self.nonce += 1;
        let account = |name: &str| {
            let account: Account = name.parse().expect("a name");
            Bytes::copy_from_slice(account.as_bytes())
        };
        Transaction {
            sender: account(sender),
            recipient: account("bob"),
            amount: 1,
            nonce: self.nonce,
            ..Transaction::default()
        }
        .encode()
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
        let log = &mut self.transactions[0];
        log.end = end;
        log.records.retain(|record| record.offset < end);
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
            self.now_ms += 50;
            self.tick();
        }
        self.now_ms += ms % 50;
        self.tick();
    }

    fn tick(&mut self) {
        for node in &mut self.miners {
            node.inbox.push_back(Input::Tick);
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
            let batch = self.blockchain.batch(*next);
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
            let held = node
                .read
                .get(&partition)
                .filter(|(_, at)| *at + 1_000 <= self.now_ms);
            let changed = held.is_some_and(|(record, _)| !log.holds(record));
            let event = if changed {
                let offset = std::mem::replace(next, u64::MAX);
                TailEvent::Lost(journal::Error::Changed {
                    topic: "transactions".into(),
                    partition,
                    offset,
                    start: log.start,
                    end: log.end,
                })
            } else if *next < log.start || *next > log.end {
                let offset = std::mem::replace(next, u64::MAX);
                TailEvent::Lost(journal::Error::OutOfRange {
                    topic: "transactions".into(),
                    partition,
                    offset,
                    start: log.start,
                    end: log.end,
                })
            } else {
                let batch = log.batch(*next);
                *next = batch.next;
                if let Some(last) = batch.records.last() {
                    node.read.insert(partition, (last.clone(), self.now_ms));
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
        self.miners[i].core.step(self.now_ms, input, &mut out);
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
            Output::Watch {
                partition,
                generation,
                from,
            } => {
                node.tails.insert(partition, (generation, from));
                node.read.remove(&partition);
            }
            Output::Unwatch { partition } => {
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
            Output::Survey(survey) => {
                let log = &self.transactions[survey.partition as usize];
                let offsets = Offsets {
                    start: log.start,
                    end: log.end,
                };
                let last = survey.last.as_ref();
                let holds = last.is_none_or(|(_, record)| log.holds(record));
                let found = Some(Surveyed { offsets, holds });
                node.compared += usize::from(last.is_some());
                node.inbox.push_back(Input::Surveyed { survey, found });
            }
            Output::Seal { attempt, template } => {
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
            Output::Note(note) => node.notes.push(note),
            Output::End(end) => node.ended = Some(end),
        }
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

    /// The chain as anybody reads it: the state, each sealed record with its verdict byte, and the stale candidates.
    pub fn judge(&self) -> Judged {
        let mut records = self.blockchain.records.iter();
        let zero = records.next().expect("block 0");
        let (mut chain, _) = Chain::start(&zero.value, zero.append_ms).expect("block 0");
        let mut judged = Judged {
            sealed: vec![],
            values: vec![],
            blocks: vec![],
            refused: vec![],
            chain: chain.clone(),
        };
        for record in records {
            let signatures = chain::record::Signatures::Check {
                seed: [9; 32],
                known: &|_| false,
            };
            let accepted = chain.frame(record.value.clone()).and_then(|block| {
                chain.admit(&block, record.append_ms)?;
                let block = block.check(chain.rules(), signatures, &Sequential)?;
                chain.apply(block, record.append_ms)
            });
            match accepted {
                Ok(accepted) => {
                    let header = accepted.block.header();
                    judged
                        .blocks
                        .push((header.partition, header.from_offset, header.to_offset));
                    for (offset, slot) in accepted.block.slots() {
                        if let chain::Slot::Record((record, verdict)) = slot {
                            judged.values.push(record.bytes().clone());
                            judged
                                .sealed
                                .push((header.partition, offset, verdict.code()));
                        }
                    }
                }
                Err(rule) => judged.refused.push(rule.code()),
            }
        }
        judged.chain = chain;
        judged
    }
}

/// What a chain says.
pub struct Judged {
    /// Partition, offset, verdict of each record, in the order of the chain.
    pub sealed: Vec<(u32, u64, &'static str)>,
    /// Bytes of each of them.
    pub values: Vec<Bytes>,
    /// Partition and slice of each block.
    pub blocks: Vec<(u32, u64, u64)>,
    /// Rules that the other candidates broke.
    pub refused: Vec<&'static str>,
    pub chain: Chain,
}

/// What the log says of the record at an offset.
fn compare(log: &Log, question: u64, offset: Option<u64>) -> Compared {
    let found = log.records.iter().find(|r| Some(r.offset) == offset);
    Compared {
        question,
        start: log.start,
        end: log.end,
        found: found.map(|record| Hash::of(&record.value)),
    }
}
