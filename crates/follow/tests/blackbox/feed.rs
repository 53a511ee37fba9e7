//! Threads and all, on a journal in memory.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chain::testing::{Grower, genesis};
use crossbeam_channel::{Receiver, unbounded};
use engine::{Clock, Core as _, Signal};
use follow::{Core, Event, Feed, Input, Output, Settings, Snapshot, snapshot};
use journal::{Entry, Journal};
use topics::{BLOCKCHAIN, records, specs};

pub fn settings() -> Settings {
    Settings {
        topic: BLOCKCHAIN.into(),
        expected: None,
        assume_valid: None,
    }
}

pub fn publish(journal: &Journal, log: &[Bytes]) {
    for spec in specs(&genesis("any")) {
        journal.create_topic(&spec).unwrap();
    }
    for value in log {
        let entry = Entry {
            value: value.clone(),
            headers: vec![("traceparent".into(), Bytes::from_static(b"00"))],
            ..Entry::default()
        };
        journal
            .append(BLOCKCHAIN, entry, Duration::from_secs(5))
            .unwrap();
    }
}

pub struct Follower {
    pub core: Core,
    feed: Feed,
    inputs: Receiver<Input>,
    pub events: Vec<Event>,
    clock: Clock,
}

impl Follower {
    pub fn new(journal: &Journal, start: Option<Snapshot>) -> Follower {
        let (sink, inputs) = unbounded();
        sink.send(Signal::Start.into()).expect("it is listened to");
        Follower {
            core: Core::new(settings(), start),
            feed: Feed::start(journal, move |input| {
                let _ = sink.send(input);
            }),
            inputs,
            events: Vec::new(),
            clock: Clock::start(),
        }
    }

    /// Works until `enough`, or panics after a while.
    pub fn run_until(&mut self, enough: impl Fn(&Core, &[Event]) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut out = Vec::new();
        while !enough(&self.core, &self.events) {
            let Ok(input) = self.inputs.recv_deadline(deadline) else {
                panic!(
                    "not in time: {:?}, {:?}",
                    self.core.lag(),
                    self.events.last()
                );
            };
            self.core.step(self.clock.now(), input, &mut out);
            for output in out.drain(..) {
                match output {
                    Output::Event(event) => self.events.push(event),
                    Output::Task(task) => self.feed.perform(task),
                }
            }
        }
    }

    pub fn reach(&mut self, forge: &Grower) {
        let tip = forge.tip();
        self.run_until(|core, _| core.chain().is_some_and(|chain| chain.tip().hash == tip));
    }
}

#[test]
fn a_follower_waits_for_the_topic_then_follows_live() {
    let journal = Journal::memory();
    let mut follower = Follower::new(&journal, None);
    follower.run_until(|_, events| matches!(events, [Event::Unavailable(_)]));
    let (mut forge, log) = Grower::grown("live", 40, 2);
    publish(&journal, &log);
    follower.reach(&forge);
    follower.run_until(|core, _| core.caught_up());
    assert!(matches!(follower.events[1], Event::Available));
    for _ in 0..10 {
        publish(&journal, &[forge.mine(1)]);
        follower.reach(&forge);
    }
    let Some(Event::Accepted {
        offset, headers, ..
    }) = follower.events.last()
    else {
        panic!("{:?}", follower.events.last());
    };
    assert_eq!(*offset, 50);
    assert_eq!(headers[0].0, "traceparent");
}

#[test]
fn a_restart_reads_on_from_its_snapshot() {
    let journal = Journal::memory();
    let (mut forge, log) = Grower::grown("restart", 30, 1);
    publish(&journal, &log);
    let dir = tempfile::tempdir().unwrap();
    let mut first = Follower::new(&journal, None);
    first.reach(&forge);
    first.core.snapshot().unwrap().write(dir.path()).unwrap();
    drop(first);
    publish(&journal, &[forge.mine(1)]);
    let mut second = Follower::new(&journal, snapshot::load(dir.path()));
    second.reach(&forge);
    second.run_until(|core, _| core.caught_up());
    let accepted = |event: &&Event| matches!(event, Event::Accepted { .. });
    assert_eq!(second.events.iter().filter(accepted).count(), 1);
}

#[test]
fn a_snapshot_on_another_log_is_refused() {
    let (forge, log) = Grower::grown("elsewhere", 5, 1);
    let journal = Journal::memory();
    publish(&journal, &log);
    let mut first = Follower::new(&journal, None);
    first.reach(&forge);
    let dir = tempfile::tempdir().unwrap();
    first.core.snapshot().unwrap().write(dir.path()).unwrap();

    let recreated = Journal::memory();
    publish(&recreated, &log[..3]);
    let mut second = Follower::new(&recreated, snapshot::load(dir.path()));
    second.run_until(|_, events| matches!(events, [Event::Fatal(_)]));
    let Event::Fatal(fatal) = &second.events[0] else {
        panic!("{:?}", second.events);
    };
    assert!(
        fatal.to_string().contains("blockchain/0 at offset 6"),
        "{fatal}"
    );
}

#[test]
fn many_blocks_are_replayed_within_a_bounded_window() {
    let journal = Journal::memory();
    let (forge, log) = Grower::grown("many", 1_000, 3);
    publish(&journal, &log);
    let mut follower = Follower::new(&journal, None);
    follower.reach(&forge);
    follower.run_until(|core, _| core.caught_up());
    assert_eq!(follower.core.next_offset(), 1_001);
}

#[test]
fn a_journal_gives_its_records_up_to_its_end() {
    let journal = Journal::memory();
    assert!(records(&journal).is_err(), "there is no topic yet");
    let (_, log) = Grower::grown("records", 50, 1);
    publish(&journal, &log);
    let read: Vec<_> = records(&journal)
        .unwrap()
        .map(|record| record.unwrap().value)
        .collect();
    assert_eq!(read, log);
}
