//! The follower as a plain struct: inputs in, tasks and events out. No IO, clock, threads or randomness.

use std::sync::Arc;

use chain::{Chain, Hash};
use engine::{Now, Signal};
use journal::TailEvent;

use self::guard::{Guard, Last};
use self::progress::Progress;
use self::queue::{Queue, Trust};
use crate::event::{Event, Fatal, Lag};
use crate::known::Known;
use crate::snapshot::{Encoded, Snapshot};

mod guard;
mod head;
mod input;
mod output;
mod progress;
mod queue;

pub use self::input::{Compared, Input};
pub use self::output::{Output, Task};

/// The chain to follow, and how far signatures are trusted.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the `blockchain` topic as the provider has it; for messages only.
    pub topic: String,
    /// The chain to follow; another one is [`Fatal::WrongChain`]. `None`: any chain.
    pub expected: Option<Hash>,
    /// A trusted block hash: signatures are not checked on the way to it. Only a replay from block 0
    /// makes use of it; a snapshot is taken as it is, and everything after it is checked.
    pub assume_valid: Option<Hash>,
}

/// The chain, read from a journal. The crate's documentation shows how it is embedded.
pub struct Core {
    settings: Settings,
    chain: Option<Chain>,
    /// Every candidate below this offset has been processed.
    next_offset: u64,
    /// The last candidate that was processed.
    last: Option<Last>,
    phase: Phase,
    /// Generation of the current reader.
    generation: u64,
    /// Position of the reader: every record below has been queued.
    read: u64,
    queue: Queue,
    guard: Guard,
    progress: Progress,
    /// The trusted block, until it is reached.
    assume: Option<Hash>,
    known: Arc<Known>,
    stop_reported: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not started yet.
    Idle,
    /// Nothing is read or applied until the topic has been compared with what was read before.
    Comparing,
    Reading,
    /// After [`Event::Fatal`].
    Failed,
}

impl Core {
    /// Creates a core that starts from a snapshot, or from the beginning.
    pub fn new(settings: Settings, start: Option<Snapshot>) -> Core {
        let assume = settings.assume_valid.filter(|_| start.is_none());
        let (chain, next_offset, last) = match start {
            Some(start) => (Some(start.chain), start.next_offset, start.last),
            None => (None, 0, None),
        };
        Core {
            guard: Guard::new(settings.topic.clone()),
            settings,
            chain,
            next_offset,
            last: last.map(|(offset, hash)| Last::stored(offset, hash)),
            phase: Phase::Idle,
            generation: 0,
            read: next_offset,
            queue: Queue::default(),
            progress: Progress::default(),
            assume,
            known: Arc::default(),
            stop_reported: false,
        }
    }

    /// The chain as applied so far; `None` before block 0.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Every record of the topic below this offset has been processed.
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// The distance to the end of the topic.
    pub fn lag(&self) -> Lag {
        self.progress.lag(self.next_offset)
    }

    /// True if every candidate has been processed (but for the last few seconds).
    pub fn caught_up(&self) -> bool {
        self.progress.caught_up()
    }

    /// True if the chain may be served, snapshotted and mined upon: there is one, and no signature below its tip was
    /// taken on trust towards an unreached block. Changes with [`Event::Accepted`] and [`Event::Restarted`] only.
    pub fn usable(&self) -> bool {
        self.chain.is_some() && self.assume.is_none()
    }

    /// The version that later blocks must have and that this software does not know, if such an order has acted.
    pub fn stopped(&self) -> Option<u32> {
        let chain = self.chain.as_ref()?;
        chain.is_stopped().then(|| chain.version())
    }

    /// Notes that this process has checked the record with this hash and found it good, including its signature.
    pub fn learn(&self, record: Hash) {
        self.known.learn(record);
    }

    /// The state to keep over a restart; `None` while the chain is not [usable](Core::usable).
    pub fn snapshot(&self) -> Option<Encoded> {
        let chain = self.chain.as_ref().filter(|_| self.usable())?;
        let last = self.last.as_ref().map(|last| (last.offset, last.hash()));
        Some(Encoded::new(chain, self.next_offset, last))
    }

    fn start(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        if self.phase != Phase::Idle {
            return;
        }
        if let Some(found) = self.chain.as_ref().map(|chain| chain.rules().chain_id)
            && let Err(fatal) = self.expect_chain(found)
        {
            return self.fail(fatal, out);
        }
        self.report_stop(out);
        self.compare(now_ms, out);
    }

    fn report_stop(&mut self, out: &mut Vec<Output>) {
        if let (Some(version), false) = (self.stopped(), self.stop_reported) {
            self.stop_reported = true;
            out.push(Output::Event(Event::Stopped { version }));
        }
    }

    fn trust(&self) -> Trust {
        Trust {
            generation: self.generation,
            known: self.known.clone(),
            assume: self.assume,
        }
    }

    fn tail(&mut self, now_ms: u64, event: TailEvent, out: &mut Vec<Output>) {
        match event {
            TailEvent::Batch(batch) => {
                self.progress.end = batch.end;
                self.read = batch.next;
                self.queue.extend(batch);
                if self.guard.is_due(now_ms) {
                    self.guard
                        .ask(now_ms, self.last.as_ref(), self.next_offset, out);
                }
            }
            TailEvent::Unavailable(error) => self.progress.unavailable(error.to_string(), out),
            TailEvent::Available if self.progress.is_unavailable() => self.compare(now_ms, out),
            TailEvent::Available => {}
            TailEvent::Lost(journal::Error::OutOfRange {
                offset, start, end, ..
            }) => {
                let fatal = self.guard.out_of_range(offset, start, end);
                self.fail(fatal, out);
            }
            // Only records read ahead may have changed: the comparison shows whether others have.
            TailEvent::Lost(journal::Error::Changed { .. }) => self.compare(now_ms, out),
            TailEvent::Lost(error @ journal::Error::NoTopic(_)) => {
                // The topic was deleted; if it comes back, the comparison shows what is left of it.
                self.progress.unavailable(error.to_string(), out);
                self.compare(now_ms, out);
            }
            TailEvent::Lost(error) => self.fail(Fatal::Journal(error), out),
        }
    }

    /// Drops the candidates read ahead, and asks whether the topic still is the one that was read.
    fn compare(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        self.phase = Phase::Comparing;
        self.drop_queue();
        self.guard
            .ask(now_ms, self.last.as_ref(), self.next_offset, out);
    }

    fn compared(&mut self, found: Compared, out: &mut Vec<Output>) {
        match self.guard.judge(&found) {
            None => {}
            Some(Err(fatal)) => self.fail(fatal, out),
            Some(Ok(())) if self.phase == Phase::Comparing => {
                self.progress.available(out);
                self.progress.end = found.end;
                self.seek(out);
            }
            Some(Ok(())) => {}
        }
    }

    fn drop_queue(&mut self) {
        self.queue.clear();
        self.generation += 1;
        self.read = self.next_offset;
    }

    fn seek(&mut self, out: &mut Vec<Output>) {
        self.phase = Phase::Reading;
        out.push(Output::Task(Task::Seek {
            generation: self.generation,
            from: self.next_offset,
        }));
    }

    fn fail(&mut self, fatal: Fatal, out: &mut Vec<Output>) {
        self.phase = Phase::Failed;
        self.drop_queue();
        out.push(Output::Event(Event::Fatal(fatal)));
    }

    fn expect_chain(&self, found: Hash) -> Result<(), Fatal> {
        match self.settings.expected {
            Some(expected) if expected != found => Err(Fatal::WrongChain { expected, found }),
            _ => Ok(()),
        }
    }

    /// Processes as many candidates as possible, has others checked ahead, and reports the progress.
    fn advance(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        while self.phase == Phase::Reading && self.judge_head(out) {}
        if self.phase != Phase::Reading {
            return;
        }
        if let Some(chain) = &self.chain {
            let trust = self.trust();
            self.queue.check_ahead(chain, &trust, out);
        }
        if self.queue.is_empty() {
            self.next_offset = self.next_offset.max(self.read);
        }
        if self.at_end() && self.assume.is_some() {
            self.restart(out);
        }
        let lag = self.lag();
        let at_end = self.at_end();
        self.progress.report(now_ms, lag, at_end, out);
    }

    fn at_end(&self) -> bool {
        self.queue.is_empty() && self.next_offset >= self.progress.end
    }

    /// Restarts the replay: the topic ended, or refused the trusted block, before it was reached.
    fn restart(&mut self, out: &mut Vec<Output>) {
        self.assume = None;
        if self.chain.take().is_none() {
            return; // Nothing was taken on trust.
        }
        self.next_offset = 0;
        self.last = None;
        self.stop_reported = false;
        self.drop_queue();
        out.push(Output::Event(Event::Restarted));
        self.seek(out);
    }
}

impl engine::Core for Core {
    type Input = Input;
    type Output = Output;

    /// Only the monotonic clock counts: it paces [`Event::Behind`] and comparisons of the topic. Append times are rules for the
    /// chain and never compared with a clock.
    fn step(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        if self.phase == Phase::Failed {
            return;
        }
        let now_ms = now.elapsed_ms;
        match input {
            Input::Signal(Signal::Start) => self.start(now_ms, out),
            Input::Signal(Signal::Wake | Signal::Stop) => {}
            Input::Tail { generation, .. } if generation != self.generation => {}
            Input::Tail { event, .. } => self.tail(now_ms, event, out),
            Input::Checked(outcome) => {
                if outcome.generation == self.generation {
                    self.queue.resolve(outcome.offset, outcome.result);
                }
            }
            Input::Compared(found) => self.compared(found, out),
            Input::Unavailable(error) => self.progress.unavailable(error.to_string(), out),
            Input::Failed(error) => self.fail(Fatal::Journal(error), out),
        }
        self.advance(now_ms, out);
    }

    /// The core acts on inputs only.
    fn wake_ms(&self) -> Option<u64> {
        None
    }
}
