//! Offline: the same core, driven to the end of a topic by one call.
//!
//! The loop is not the engine's: the caller sees the core after each event, records are pulled while there
//! is room for them, and the first error is the result.

use engine::{Core as _, Now, Signal};
use std::collections::VecDeque;

use crossbeam_channel::{Receiver, Sender, unbounded};
use journal::{Batch, Record, TailEvent};
use parallel::{Rayon, ThreadPool};

use crate::core::{Compared, Core, Input, Output, Settings, Task};
use crate::event::{Event, Fatal};
use crate::shell::{WINDOW_BYTES, pool};

/// Most records in a batch for the core.
const BATCH_RECORDS: usize = 64;

/// Replays a topic from its first record to its end, on all cores, and returns the core in its final state.
///
/// `open` returns the records of the topic from offset 0 on; it is called again if `settings.assume_valid` is not
/// on the chain. `on_event` sees every event but [`Event::Behind`], in order, with the core after the step that emitted it.
///
/// # Errors
/// [`Fatal`], from the journal or from the core. One from the journal comes after everything before it has been processed.
pub fn replay<I>(
    settings: Settings,
    open: impl FnMut() -> Result<I, journal::Error>,
    on_event: impl FnMut(&Core, Event),
) -> Result<Core, Fatal>
where
    I: Iterator<Item = Result<Record, journal::Error>>,
{
    let (done, results) = unbounded();
    let mut run = Run {
        core: Core::new(settings, None),
        open,
        on_event,
        source: None,
        broken: None,
        generation: 0,
        window: Window::default(),
        running: 0,
        pool: pool(),
        done,
        results,
        caught_up: false,
    };
    run.step(Signal::Start.into())?;
    while !run.caught_up {
        if let Ok(result) = run.results.try_recv() {
            run.checked(result)?;
        } else if run.has_room() {
            run.feed()?;
        } else if run.running == 0 {
            let error = run
                .broken
                .expect("a core with everything read and checked is caught up");
            return Err(error.into());
        } else {
            let result = run.results.recv().expect("the run holds a sender itself");
            run.checked(result)?;
        }
    }
    Ok(run.core)
}

struct Run<I, O, E> {
    core: Core,
    open: O,
    on_event: E,
    /// `None` once the records are exhausted.
    source: Option<I>,
    /// Error of the source. It is the result, once everything before it has been processed.
    broken: Option<journal::Error>,
    generation: u64,
    window: Window,
    /// Checks that are running.
    running: usize,
    pool: ThreadPool,
    done: Sender<Input>,
    results: Receiver<Input>,
    caught_up: bool,
}

/// Records in the core: end offset and bytes of each.
#[derive(Default)]
struct Window {
    records: VecDeque<(u64, usize)>,
    bytes: usize,
    next: u64,
}

impl Window {
    fn push(&mut self, record: &Record) {
        self.next = record.offset + 1;
        self.bytes += record.size();
        self.records.push_back((self.next, record.size()));
    }

    fn release(&mut self, next_offset: u64) {
        while let Some((_, size)) = self.records.pop_front_if(|(end, _)| *end <= next_offset) {
            self.bytes -= size;
        }
    }
}

impl<I, O, E> Run<I, O, E>
where
    I: Iterator<Item = Result<Record, journal::Error>>,
    O: FnMut() -> Result<I, journal::Error>,
    E: FnMut(&Core, Event),
{
    fn has_room(&self) -> bool {
        self.source.is_some() && (self.window.bytes < WINDOW_BYTES || self.running == 0)
    }

    fn checked(&mut self, result: Input) -> Result<(), Fatal> {
        self.running -= 1;
        self.step(result)
    }

    /// Gives the core the next records, or the news that there are no more.
    fn feed(&mut self) -> Result<(), Fatal> {
        let mut records = Vec::new();
        let source = self.source.iter_mut().flatten();
        for record in source.take(BATCH_RECORDS) {
            match record {
                Ok(record) => {
                    self.window.push(&record);
                    records.push(record);
                }
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            }
        }
        let ended = records.is_empty() && self.broken.is_none();
        if ended || self.broken.is_some() {
            self.source = None;
        }
        let batch = Batch {
            records,
            next: self.window.next,
            end: if ended { self.window.next } else { u64::MAX },
            permit: None,
        };
        self.step(Input::Tail {
            generation: self.generation,
            event: TailEvent::Batch(batch),
        })
    }

    fn step(&mut self, input: Input) -> Result<(), Fatal> {
        let mut inputs = VecDeque::from([input]);
        let mut out = Vec::new();
        while let Some(input) = inputs.pop_front() {
            self.core.step(Now::default(), input, &mut out);
            for output in out.drain(..) {
                match output {
                    Output::Event(Event::Behind(_)) => {}
                    Output::Event(Event::Fatal(fatal)) => return Err(fatal),
                    Output::Event(event) => {
                        self.caught_up |= matches!(event, Event::CaughtUp(_));
                        (self.on_event)(&self.core, event);
                    }
                    Output::Task(task) => inputs.extend(self.perform(task)?),
                }
            }
        }
        self.window.release(self.core.next_offset());
        Ok(())
    }

    fn perform(&mut self, task: Task) -> Result<Option<Input>, Fatal> {
        match task {
            Task::Check(check) => {
                self.running += 1;
                let done = self.done.clone();
                self.pool.spawn(move || {
                    // After a fatal event there is no receiver any more.
                    let _ = done.send(Input::Checked(check.run(rand::random(), &Rayon)));
                });
                Ok(None)
            }
            Task::Seek { generation, .. } => {
                self.generation = generation;
                self.window = Window::default();
                self.broken = None;
                self.source = Some((self.open)()?);
                Ok(None)
            }
            // No earlier reading exists that could have changed.
            Task::Compare { question, .. } => Ok(Some(Input::Compared(Compared {
                question,
                start: 0,
                end: u64::MAX,
                found: None,
            }))),
        }
    }
}
