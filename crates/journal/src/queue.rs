//! Group commit: entries wait in a bounded queue, one thread commits all queued ones as a group, and the completions are
//! delivered in batches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

use crate::append::{AppendError, Appended, Completion, Entry};
use crate::error::Error;
use crate::in_flight::InFlight;

/// Limit of the queue in bytes: several of the largest blocks. An empty queue accepts an entry of any size.
const QUEUE_BYTES: usize = 64 << 20;
/// Limit of the queue in entries: seconds of the fastest submission.
const QUEUE_ENTRIES: usize = 1 << 17;
/// Bytes in one group: enough to amortize a sync, few enough to complete within a second on a slow disk.
const GROUP_BYTES: usize = 16 << 20;

const _: () = assert!(GROUP_BYTES <= QUEUE_BYTES);

/// An entry in flight, with its partition and the appender that waits for it.
pub(crate) struct Pending<T> {
    pub(crate) target: T,
    pub(crate) entry: Entry,
    pub(crate) token: u64,
    pub(crate) in_flight: Arc<InFlight>,
}

/// The outcome of an entry.
pub(crate) type Outcome = Result<Appended, AppendError>;

/// The queue and its thread. Its drop commits the queued entries and joins the thread.
pub(crate) struct Queue<T: Send + 'static> {
    shared: Arc<Shared<T>>,
    thread: Option<JoinHandle<()>>,
    _lock: Option<Lock>,
}

/// A lock, released on drop.
pub(crate) type Lock = Box<dyn Send + Sync>;

struct Shared<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    waiting: VecDeque<Pending<T>>,
    bytes: usize,
    closing: bool,
    /// True once the thread has panicked.
    broken: bool,
}

impl<T: Send + 'static> Queue<T> {
    /// Starts the thread; `commit` returns one outcome for each entry of a group, in order. `lock` is released once everything has
    /// been committed.
    pub(crate) fn start(
        name: &str,
        lock: Option<Lock>,
        mut commit: impl FnMut(&[Pending<T>]) -> Vec<Outcome> + Send + 'static,
    ) -> Result<Queue<T>, Error> {
        let state = State {
            waiting: VecDeque::new(),
            bytes: 0,
            closing: false,
            broken: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            filled: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        let work = move || {
            let _guard = BreakOnPanic(&theirs);
            while let Some(group) = theirs.next_group() {
                let outcomes = commit(&group);
                complete(group, outcomes);
            }
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(|error| Error::Unavailable(format!("no thread for the journal: {error}")))?;
        Ok(Queue {
            shared,
            thread: Some(thread),
            _lock: lock,
        })
    }

    /// Enqueues an entry, or returns it if there is no room.
    pub(crate) fn push(&self, pending: Pending<T>) -> Result<(), (Entry, AppendError)> {
        let size = weight(&pending.entry);
        let mut state = self.shared.state.lock();
        if state.broken {
            let why = "the journal's writer has failed; restart the process".to_owned();
            return Err((pending.entry, AppendError::Terminal(why)));
        }
        let full = state.bytes + size > QUEUE_BYTES || state.waiting.len() >= QUEUE_ENTRIES;
        if full && !state.waiting.is_empty() {
            return Err((pending.entry, AppendError::Full));
        }
        pending.in_flight.add();
        state.bytes += size;
        state.waiting.push_back(pending);
        if state.waiting.len() == 1 {
            self.shared.filled.notify_one();
        }
        Ok(())
    }
}

impl<T: Send + 'static> Drop for Queue<T> {
    fn drop(&mut self) {
        self.shared.state.lock().closing = true;
        self.shared.filled.notify_one();
        let Some(thread) = self.thread.take() else {
            return;
        };
        // The last handle may have been in a sink, which is dropped on this very thread.
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl<T> Shared<T> {
    /// Waits for entries and takes one group of them; `None` once closing and empty.
    fn next_group(&self) -> Option<Vec<Pending<T>>> {
        let mut state = self.state.lock();
        while state.waiting.is_empty() {
            if state.closing {
                return None;
            }
            self.filled.wait(&mut state);
        }
        let mut bytes = 0;
        let mut count = 0;
        while let Some(pending) = state.waiting.get(count) {
            let size = weight(&pending.entry);
            if count > 0 && bytes + size > GROUP_BYTES {
                break;
            }
            bytes += size;
            count += 1;
        }
        state.bytes -= bytes;
        Some(state.waiting.drain(..count).collect())
    }
}

/// Fails all queued entries if the thread panics, so that no caller waits for ever.
struct BreakOnPanic<'a, T>(&'a Shared<T>);

impl<T> Drop for BreakOnPanic<'_, T> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.state.lock();
            state.broken = true;
            state.bytes = 0;
            std::mem::take(&mut state.waiting)
        };
        let failed = AppendError::Terminal("the journal's writer has failed".into());
        let outcomes = waiting.iter().map(|_| Err(failed.clone())).collect();
        complete(waiting.into(), outcomes);
    }
}

/// Weight of an entry in the queue, in bytes.
fn weight(entry: &Entry) -> usize {
    64 + entry.size()
}

/// Delivers the outcomes, one batch to each appender.
fn complete<T>(group: Vec<Pending<T>>, outcomes: Vec<Outcome>) {
    debug_assert_eq!(group.len(), outcomes.len());
    let mut batches: Vec<(Arc<InFlight>, Vec<Completion>)> = Vec::new();
    for (pending, result) in group.into_iter().zip(outcomes) {
        let completion = Completion {
            token: pending.token,
            result,
        };
        match batches
            .iter_mut()
            .find(|(in_flight, _)| Arc::ptr_eq(in_flight, &pending.in_flight))
        {
            Some((_, batch)) => batch.push(completion),
            None => batches.push((pending.in_flight, vec![completion])),
        }
    }
    for (in_flight, batch) in batches {
        in_flight.complete(batch);
    }
}
