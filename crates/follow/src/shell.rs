//! The threads around a core: one that reads and compares the topic, and a pool that checks blocks.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use journal::{Journal, Tail};
use parallel::{Rayon, ThreadPool};
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, compare};

use crate::core::{Compared, Input, Task};

/// Most bytes of candidates that were read and not processed: the limit for checks ahead, and as much again behind it.
pub(crate) const WINDOW_BYTES: usize = 128 * 1024 * 1024;

type Sink = Arc<dyn Fn(Input) + Send + Sync>;

/// The feed of one core: performs its tasks and hands its inputs to a sink. Dropping it stops and joins its threads.
pub struct Feed {
    sink: Sink,
    checks: ThreadPool,
    /// `None` while it is being dropped.
    reads: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
    /// Dropped to end pauses.
    stop: Option<Sender<()>>,
}

impl Feed {
    /// Starts the threads. `sink` is called from several of them, in no order between them, and should not
    /// block: it may queue without a limit of its own, since the reader's window and the core's limits apply.
    pub fn start(journal: &Journal, sink: impl Fn(Input) + Send + Sync + 'static) -> Feed {
        let sink: Sink = Arc::new(sink);
        let (stop, stopped) = bounded(0);
        let (reads, todo) = unbounded();
        let reading = Reading {
            journal: journal.clone(),
            sink: sink.clone(),
            stopped,
        };
        let thread = thread::Builder::new()
            .name("follow-log".into())
            .spawn(move || reading.run(&todo))
            .expect("a process that cannot start one thread cannot work");
        Feed {
            sink,
            checks: pool(),
            reads: Some(reads),
            thread: Some(thread),
            stop: Some(stop),
        }
    }

    /// Performs a task of the core on other threads. Never blocks.
    pub fn perform(&self, task: Task) {
        match (task, &self.reads) {
            (Task::Check(check), _) => {
                let sink = self.sink.clone();
                self.checks
                    .spawn(move || sink(Input::Checked(check.run(rand::random(), &Rayon))));
            }
            (task, Some(reads)) => {
                let sent = reads.send(task);
                debug_assert!(sent.is_ok(), "the thread lives as long as the feed");
            }
            (_, None) => {}
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop = None;
        self.reads = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads the chain panicked");
        }
    }
}

/// The pool that checks blocks.
pub(crate) fn pool() -> ThreadPool {
    parallel::pool("follow-check").expect("a process that cannot start threads cannot work")
}

/// The thread that reads and compares.
struct Reading {
    journal: Journal,
    sink: Sink,
    /// Disconnected when the feed is dropped.
    stopped: Receiver<()>,
}

impl Reading {
    fn run(&self, todo: &Receiver<Task>) {
        let mut _reader: Option<Tail> = None;
        while let Ok(task) = todo.recv() {
            match task {
                Task::Compare {
                    question,
                    offset,
                    next_offset,
                } => self.compare(question, offset, next_offset),
                Task::Seek { generation, from } => {
                    drop(_reader.take());
                    _reader = Some(self.read(generation, from));
                }
                Task::Check(_) => {}
            }
        }
    }

    fn read(&self, generation: u64, from: u64) -> Tail {
        let sink = self.sink.clone();
        Tail::spawn(
            self.journal.clone(),
            BLOCKCHAIN,
            BLOCKCHAIN_PARTITION,
            from,
            WINDOW_BYTES,
            // The guard compares the topic, not the reader.
            Duration::MAX,
            move |event| sink(Input::Tail { generation, event }),
        )
    }

    fn compare(&self, question: u64, offset: Option<u64>, next_offset: u64) {
        let stop = |pause| self.stopped.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected);
        let trouble = |error| (self.sink)(Input::Unavailable(error));
        match compare::patiently(&self.journal, offset, next_offset, &stop, &trouble) {
            Ok(Some((offsets, found))) => (self.sink)(Input::Compared(Compared {
                question,
                start: offsets.start,
                end: offsets.end,
                found,
            })),
            Ok(None) => {}
            Err(error) => (self.sink)(Input::Failed(error)),
        }
    }
}
