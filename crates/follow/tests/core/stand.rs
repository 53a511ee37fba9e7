//! A shell without threads around a core and a log that can be bent: every order of things can be replayed from its seed.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use chain::parallel::Sequential;
use chain::testing::NOW_MS;
use chain::{Accepted, Hash};
use engine::{Core as _, Now, Signal};
use follow::core::Compared;
use follow::{Check, Core, Event, Fatal, Input, Output, Settings, Snapshot, Task};
use journal::{Batch, Record, TailEvent};

pub struct Stand {
    pub core: Core,
    /// The log from offset 0 on; `None` is a hole.
    pub log: Vec<Option<Bytes>>,
    /// Append times by offset, where they matter.
    pub times: Vec<u64>,
    /// First offset that the log still has.
    pub start: u64,
    pub events: Vec<Event>,
    pub now: Now,
    /// Comparisons that were asked for.
    pub comparisons: usize,
    /// Most checks that were out at once.
    pub most_checks: usize,
    reader: Option<(u64, u64)>,
    checks: Vec<Check>,
    inputs: VecDeque<Input>,
    seed: u64,
}

pub fn settings() -> Settings {
    Settings {
        topic: "blockchain".into(),
        expected: None,
        assume_valid: None,
    }
}

impl Stand {
    pub fn new(settings: Settings, start: Option<Snapshot>, log: &[Bytes]) -> Stand {
        Stand {
            core: Core::new(settings, start),
            log: log.iter().cloned().map(Some).collect(),
            times: Vec::new(),
            start: 0,
            events: Vec::new(),
            now: Now::default(),
            comparisons: 0,
            most_checks: 0,
            reader: None,
            checks: Vec::new(),
            inputs: VecDeque::from([Signal::Start.into()]),
            seed: 1,
        }
    }

    /// A core with the usual settings that has dealt with all of a log.
    pub fn after(log: &[Bytes]) -> Stand {
        let mut stand = Stand::new(settings(), None, log);
        stand.run();
        stand
    }

    pub fn seeded(mut self, seed: u64) -> Stand {
        self.seed = seed;
        self
    }

    pub fn append(&mut self, value: &Bytes) {
        self.log.push(Some(value.clone()));
    }

    /// The connection breaks and comes back.
    pub fn reconnect(&mut self) {
        let generation = self.reader.unwrap().0;
        let lost = TailEvent::Unavailable(journal::Error::Unavailable("cut".into()));
        for event in [lost, TailEvent::Available] {
            self.inputs.push_back(Input::Tail { generation, event });
        }
    }

    /// Works until there is nothing left to do.
    pub fn run(&mut self) {
        while self.tick() {}
    }

    pub fn tick(&mut self) -> bool {
        let input = match self.inputs.pop_front() {
            Some(input) => input,
            None => match self.something() {
                Some(input) => input,
                None => return false,
            },
        };
        let mut out = Vec::new();
        self.core.step(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Event(event) => self.events.push(event),
                Output::Task(Task::Check(check)) => self.checks.push(*check),
                Output::Task(Task::Seek { generation, from }) => {
                    self.reader = Some((generation, from))
                }
                Output::Task(Task::Compare {
                    question, offset, ..
                }) => {
                    self.comparisons += 1;
                    let answer = self.compare(question, offset);
                    self.inputs.push_back(answer);
                }
            }
        }
        self.most_checks = self.most_checks.max(self.checks.len());
        true
    }

    /// A check comes back, or the reader brings something: whichever the seed likes.
    fn something(&mut self) -> Option<Input> {
        let choice = self.random(4);
        if (choice == 0 || self.checks.is_empty())
            && let Some(batch) = self.read()
        {
            return Some(batch);
        }
        if self.checks.is_empty() {
            return None;
        }
        let at = self.random(self.checks.len() as u64) as usize;
        let check = self.checks.swap_remove(at);
        Some(Input::Checked(check.run([0; 32], &Sequential)))
    }

    fn read(&mut self) -> Option<Input> {
        let (generation, from) = self.reader?;
        let end = self.log.len() as u64;
        if from >= end {
            return None;
        }
        let to = (from + 1 + self.random(40)).min(end);
        let records = (from..to)
            .filter_map(|offset| self.record(offset))
            .collect();
        self.reader = Some((generation, to));
        let batch = Batch {
            records,
            next: to,
            end,
            permit: None,
        };
        Some(Input::Tail {
            generation,
            event: TailEvent::Batch(batch),
        })
    }

    fn record(&self, offset: u64) -> Option<Record> {
        Some(Record {
            offset,
            append_ms: self.times.get(offset as usize).copied().unwrap_or(NOW_MS),
            key: None,
            value: self.log.get(offset as usize)?.clone()?,
            headers: Vec::new(),
        })
    }

    fn compare(&self, question: u64, offset: Option<u64>) -> Input {
        let there = offset.filter(|offset| *offset >= self.start);
        Input::Compared(Compared {
            question,
            start: self.start,
            end: self.log.len() as u64,
            found: there.and_then(|offset| Some(Hash::of(&self.record(offset)?.value))),
        })
    }

    fn random(&mut self, below: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    pub fn accepted(&self) -> Vec<Arc<Accepted>> {
        let accepted = self.events.iter().filter_map(|event| match event {
            Event::Accepted { accepted, .. } => Some(accepted.clone()),
            _ => None,
        });
        accepted.collect()
    }

    /// Offset and reason of what was refused.
    pub fn refused(&self) -> Vec<(u64, &'static str)> {
        let refused = self.events.iter().filter_map(|event| match event {
            Event::Refused(refused) => Some((refused.offset, refused.refusal.code())),
            _ => None,
        });
        refused.collect()
    }

    pub fn fatal(&self) -> Option<&Fatal> {
        self.events.iter().find_map(|event| match event {
            Event::Fatal(fatal) => Some(fatal),
            _ => None,
        })
    }

    pub fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| is(event)).count()
    }

    pub fn tip(&self) -> Hash {
        self.core.chain().unwrap().tip().hash
    }
}
