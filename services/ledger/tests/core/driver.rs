//! Performs the outputs of the core, one after the other, on one thread. It can stop anywhere, as a crash does.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use chain::Hash;
use chain::parallel::Sequential;
use chain::testing::NOW_MS;
use engine::{Core as _, Now, Signal};
use follow::partition::Mark;
use journal::TailEvent;
use ledger::core::{Core, Input, News, Output, Question, Role, Settings};
use ledger::index::write::Writer;
use ledger::index::{Index, Publisher, Reader, View};
use ledger::model::answer::Finding;
use ledger::model::{Condition, TopicBatch, Trouble};
use ledger::recheck;

use crate::world::World;

/// Records that one read gives at most: small, so that everything comes in pieces.
const READ: usize = 7;

/// A folder for an index, in memory where there is one: an index syncs a lot when it is made, and these tests make many.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
    .expect("a folder")
}

/// A partition of the topic, read again.
struct Topic<'a>(&'a World, u32);

impl recheck::Topic for Topic<'_> {
    type Error = ledger::index::Error;

    fn records(&self, offsets: std::ops::Range<u64>) -> Result<Vec<Mark>, Self::Error> {
        let records = self.0.topic[self.1 as usize].records.range(offsets);
        Ok(records.map(|(_, record)| Mark::of(record)).collect())
    }
}

pub struct Driver {
    pub core: Core,
    pub reader: Reader,
    pub ready: BTreeMap<Condition, Result<(), Trouble>>,
    pub fatal: Option<String>,
    pub found: Vec<Finding>,
    /// Blocks written to the index since the start.
    pub written: Vec<u64>,
    /// Blocks that the follower applied since the start are one more than its height was.
    pub snapshots: usize,
    pub commits: usize,
    /// Surveys of all partitions.
    pub surveys: usize,
    /// The core has finished.
    pub ended: bool,
    /// Both clocks. [`Driver::pass`] moves them on.
    pub now: Now,
    writer: Writer,
    publisher: Publisher,
    inputs: VecDeque<Input>,
    chain_reader: Option<(u64, u64)>,
    readers: BTreeMap<(u32, u8), (Role, u64, u64)>,
    /// The last record that each reader read, and the reader's generation.
    read: BTreeMap<(u32, u8), (u64, journal::Record)>,
    dir: std::path::PathBuf,
    /// Outputs of the start that need a world.
    deferred: Vec<Output>,
}

impl Driver {
    pub fn open(dir: &Path) -> Driver {
        Driver::over(dir, |index| index)
    }

    fn over(dir: &Path, change: impl FnOnce(Index) -> Index) -> Driver {
        let index = change(Index::open(dir).expect("an index"));
        let snapshot = index
            .state
            .as_ref()
            .and_then(|_| follow::snapshot::load(dir));
        let settings = Settings {
            follow: follow::Settings {
                topic: "blockchain".into(),
                expected: None,
                assume_valid: None,
            },
            transactions: Some("transactions".into()),
        };
        let core = Core::new(
            settings,
            index.state.clone().zip(index.rules.clone()),
            snapshot,
        );
        let mut driver = Driver {
            core,
            reader: index.publisher.reader(),
            ready: BTreeMap::new(),
            fatal: None,
            found: Vec::new(),
            written: Vec::new(),
            snapshots: 0,
            commits: 0,
            surveys: 0,
            ended: false,
            now: Now {
                wall_us: NOW_MS * 1000,
                elapsed_ms: 0,
            },
            writer: index.writer,
            publisher: index.publisher,
            inputs: VecDeque::new(),
            chain_reader: None,
            readers: BTreeMap::new(),
            read: BTreeMap::new(),
            dir: dir.to_owned(),
            deferred: Vec::new(),
        };
        let mut out = Vec::new();
        driver.core.step(driver.now, Signal::Start.into(), &mut out);
        let (now, deferred) = out
            .into_iter()
            .partition(|output| !matches!(output, Output::Follow(_)));
        driver.deferred = deferred;
        driver.perform(now, None);
        driver
    }

    /// The index of a whole world, caught up.
    pub fn caught_up(dir: &Path, world: &World) -> Driver {
        let mut driver = Driver::open(dir);
        driver.run(world);
        driver
    }

    /// Lets go of the index and opens it anew for the same readers, as after a write that failed.
    pub fn reopen(self) -> Driver {
        let (dir, readers) = (self.dir, self.publisher.close());
        // The index is locked as long as anything of it is held.
        drop(self.writer);
        Driver::over(&dir, |index| Index {
            publisher: index.publisher.take_over(readers),
            ..index
        })
    }

    /// What is lost of the topic, as reported.
    pub fn loss(&self) -> Option<&str> {
        match self.ready.get(&Condition::Transactions)? {
            Err(Trouble::DataLoss(message)) => Some(message),
            _ => None,
        }
    }

    pub fn view(&self) -> View {
        self.reader.view().expect("there is a chain")
    }

    /// Continues until nothing moves any more.
    pub fn run(&mut self, world: &World) {
        while self.step(world) {}
        // Batches of the audit keep a distance in time.
        if self.fatal.is_none() && !self.core.is_settled() {
            self.advance(100);
            while self.step(world) {}
        }
    }

    /// One input; false when there is none.
    pub fn step(&mut self, world: &World) -> bool {
        if self.fatal.is_some() {
            return false;
        }
        let deferred = std::mem::take(&mut self.deferred);
        self.perform(deferred, Some(world));
        let Some(input) = self.inputs.pop_front().or_else(|| self.read(world)) else {
            return false;
        };
        let mut out = Vec::new();
        self.core.step(self.now, input, &mut out);
        self.perform(out, Some(world));
        true
    }

    /// Writes what has been collected.
    pub fn flush(&mut self) {
        let mut out = Vec::new();
        self.core.flush(self.now.elapsed_ms, &mut out);
        self.perform(out, None);
    }

    /// Lets time pass.
    pub fn pass(&mut self, ms: u64, world: &World) {
        self.advance(ms);
        self.run(world);
    }

    /// Moves both clocks on and wakes the core.
    fn advance(&mut self, ms: u64) {
        self.now.wall_us += ms * 1000;
        self.now.elapsed_ms += ms;
        self.inputs.push_back(Signal::Wake.into());
    }

    /// The end, as a service ends.
    pub fn close(mut self) {
        let mut out = Vec::new();
        let mut next = Some(Signal::Stop.into());
        while let Some(input) = next {
            self.core.step(self.now, input, &mut out);
            self.perform(std::mem::take(&mut out), None);
            next = self.inputs.pop_front();
        }
        assert!(self.ended);
    }

    fn read(&mut self, world: &World) -> Option<Input> {
        self.read_chain(world).or_else(|| self.read_topic(world))
    }

    fn read_chain(&mut self, world: &World) -> Option<Input> {
        let end = world.blocks.end;
        let (generation, next) = self.chain_reader.as_mut().filter(|(_, next)| *next < end)?;
        let batch = world.blocks.read(*next, READ);
        *next = batch.next;
        let event = TailEvent::Batch(batch);
        Some(Input::Follow(follow::Input::Tail {
            generation: *generation,
            event,
        }))
    }

    fn read_topic(&mut self, world: &World) -> Option<Input> {
        // A reader above the end says so once.
        let behind = |partition: u32, next: u64| {
            let end = world.topic[partition as usize].end;
            next < end || (next > end && next != u64::MAX)
        };
        let mut readers = self.readers.iter_mut();
        let (key, (role, generation, next)) =
            readers.find(|(key, reader)| behind(key.0, reader.2))?;
        let (partition, role, generation) = (key.0, *role, *generation);
        let log = &world.topic[partition as usize];
        let read = self.read.get(key).filter(|(of, _)| *of == generation);
        let changed = || log.changed(partition, &read?.1);
        if let Some(error) = log.out_of_range(partition, *next).or_else(changed) {
            // Retention is reported once, and a reader that lost its place waits.
            *next = if *next < log.start { log.end } else { u64::MAX };
            return Some(Input::Topic {
                partition,
                role,
                generation,
                news: News::Lost(error),
            });
        }
        let batch = log.read(*next, READ);
        *next = batch.next;
        if let Some(last) = batch.records.last() {
            self.read.insert(*key, (generation, last.clone()));
        }
        let batch = match role {
            Role::Live => TopicBatch::checked(batch, world.chain.rules(), [9; 32], &Sequential),
            Role::Audit => TopicBatch::hashed(batch),
        };
        Some(Input::Topic {
            partition,
            role,
            generation,
            news: News::Batch(batch),
        })
    }

    fn perform(&mut self, out: Vec<Output>, world: Option<&World>) {
        for output in out {
            match output {
                Output::Follow(task) => self.follow(task, world),
                Output::Write(batch) => {
                    self.written.extend(
                        batch
                            .blocks()
                            .iter()
                            .map(|applied| applied.accepted.height()),
                    );
                    self.writer.write(&batch).expect("a disk");
                    self.inputs.push_back(Input::Written);
                }
                Output::Publish(publication) => self.publisher.publish(*publication),
                Output::Withdraw => self.publisher.withdraw(),
                Output::Read {
                    partition,
                    role,
                    generation,
                    from,
                } => {
                    self.readers
                        .insert((partition, role as u8), (role, generation, from));
                }
                Output::Stop { partition, role } => {
                    self.readers.remove(&(partition, role as u8));
                }
                Output::Load { partition, offset } => {
                    let subject = self.view().subject(partition, offset).expect("an index");
                    self.inputs.push_back(Input::Loaded { partition, subject });
                }
                Output::Survey {
                    partition,
                    question,
                } => {
                    self.surveys += 1;
                    let world = world.expect("asked for after the start");
                    self.survey(partition, question, world);
                }
                Output::Recheck { partition, below } => {
                    let world = world.expect("asked for after the start");
                    let start = world.topic[partition as usize].start;
                    let topic = Topic(world, partition);
                    let found = recheck::recheck(&self.view(), partition, start, below, &topic);
                    let findings = Some(found.expect("an index"));
                    self.inputs.push_back(Input::Rechecked {
                        partition,
                        findings,
                    });
                }
                Output::Snapshot(snapshot) => {
                    self.writer.persist().expect("a disk");
                    snapshot.0.write(&self.dir).expect("a disk");
                    self.snapshots += 1;
                }
                Output::Commit { .. } => self.commits += 1,
                Output::Stopped { .. } | Output::Refused(_) => {}
                Output::Ready(condition, state) => {
                    self.ready.insert(condition, state);
                }
                Output::Found(findings) => self.found.extend(findings),
                Output::Ended => self.ended = true,
                Output::Fatal(fatal) => self.fatal = Some(fatal.to_string()),
            }
        }
    }

    fn survey(&mut self, partition: u32, question: Question, world: &World) {
        let log = &world.topic[partition as usize];
        let mark = match question {
            Question::Ends => None,
            Question::Holds(mark) => Some(mark),
            Question::HoldsCompared(below) => {
                let view = self.reader.view();
                view.and_then(|view| {
                    recheck::last_compared(&view, partition, below).expect("an index")
                })
            }
        };
        let holds = |mark: Mark| {
            let now = log.records.get(&mark.offset).map(Mark::of);
            mark.offset < log.start || now == Some(mark)
        };
        self.inputs.push_back(Input::Surveyed {
            partition,
            offsets: log.offsets(),
            compared: mark.map(|mark| (mark, holds(mark))),
        });
    }

    fn follow(&mut self, task: follow::Task, world: Option<&World>) {
        let input = match task {
            follow::Task::Check(check) => follow::Input::Checked(check.run([7; 32], &Sequential)),
            follow::Task::Seek { generation, from } => {
                self.chain_reader = Some((generation, from));
                return;
            }
            follow::Task::Compare {
                question, offset, ..
            } => {
                let blocks = &world.expect("asked for after the start").blocks;
                let found = offset.and_then(|offset| blocks.records.get(&offset));
                follow::Input::Compared(follow::core::Compared {
                    question,
                    start: 0,
                    end: blocks.end,
                    found: found.map(|record| Hash::of(&record.value)),
                })
            }
        };
        self.inputs.push_back(Input::Follow(input));
    }
}
