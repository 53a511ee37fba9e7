//! A thread that follows one partition, with back-pressure and retries.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::backoff::Backoff;
use crate::error::Error;
use crate::journal::{Journal, Reader};
use crate::outage::Outage;
use crate::record::{Batch, Permit, Record};

/// Wait of one read, and so the longest time until a tail is dropped or moved.
const READ_WAIT: Duration = Duration::from_millis(100);
/// Longest pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause between two attempts, and so until a recovered journal is noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Drop a reader after this much idle time: its client would keep prefetching and queueing statistics.
const IDLE_READER: Duration = Duration::from_secs(60);

/// Gap between two records after which the last one is compared with the journal, for callers that request it
/// ([`Tail::spawn`]). Less than the restart of a broker takes, and more than there is between two records under load.
pub const LONG_GAP: Duration = Duration::from_secs(1);

/// An event of a tail.
#[derive(Clone, Debug)]
pub enum TailEvent {
    /// Records, or a new end of the partition. Its `permit` holds the records' room in the window.
    Batch(Batch),
    /// The partition cannot be read at present; the tail retries. Emitted once until [`TailEvent::Available`].
    Unavailable(Error),
    /// The partition can be read again, and still holds the records read before.
    Available,
    /// The partition cannot be read from here, and retries do not help: the tail waits for a seek. [`Error::Changed`]: it no longer
    /// holds the record that was read last.
    Lost(Error),
}

/// A named thread around a [`Reader`]. Its drop stops and joins the thread.
pub struct Tail {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    control: Mutex<Control>,
    changed: Condvar,
}

#[derive(Default)]
struct Control {
    stop: bool,
    seek: Option<u64>,
    /// Bytes of records whose permits are held.
    out_bytes: usize,
}

/// The thread's own side.
struct Follower<S> {
    journal: Journal,
    topic: String,
    partition: u32,
    window_bytes: usize,
    sink: S,
    shared: Arc<Shared>,
    reader: Option<Reader>,
    position: u64,
    /// Gap after which the last record is compared.
    compare_after: Duration,
    /// The last delivered record, and its time.
    last: Option<(Record, Instant)>,
    /// True if the partition may have changed since then.
    doubt: bool,
    /// `next` and `end` as last delivered.
    reported: Option<(u64, u64)>,
    outage: Outage,
    lost: bool,
    backoff: Backoff,
}

/// Room in the window, released on drop.
struct Room {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Tail {
    /// Follows `topic`/`partition` from `from` on, and calls `sink` with events, on the tail's own thread.
    ///
    /// At most about `window_bytes` of records are held by receivers at once (measured by [`Record::size`]): the tail then waits
    /// until permits of batches are dropped. Empty batches come at first, and when `next` or `end` has moved.
    ///
    /// After any failure the last delivered record is compared with the journal before anything else is delivered, and so it is
    /// before records that come more than `compare_after` later: a reader need not notice that a partition has lost its end and
    /// grown again. That costs an inspection for each record of a quiet partition; [`LONG_GAP`] suits callers that rely on the
    /// records they have read, and `Duration::MAX` those that compare by themselves.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn spawn(
        journal: Journal,
        topic: &str,
        partition: u32,
        from: u64,
        window_bytes: usize,
        compare_after: Duration,
        sink: impl Fn(TailEvent) + Send + 'static,
    ) -> Tail {
        let shared = Arc::new(Shared {
            control: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut follower = Follower {
            journal,
            topic: topic.to_owned(),
            partition,
            window_bytes,
            sink,
            shared: Arc::clone(&shared),
            reader: None,
            position: from,
            compare_after,
            last: None,
            doubt: false,
            reported: None,
            outage: Outage::default(),
            lost: false,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        };
        let thread = thread::Builder::new()
            .name(format!("tail-{topic}-{partition}"))
            .spawn(move || while follower.turn() {})
            .expect("a tail is started while the process has few threads");
        Tail {
            shared,
            thread: Some(thread),
        }
    }

    /// Resumes at `from`. Batches read before may still arrive; the offsets of their records distinguish them.
    pub fn seek(&self, from: u64) {
        self.shared.control.lock().seek = Some(from);
        self.shared.changed.notify_all();
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.shared.control.lock().stop = true;
        self.shared.changed.notify_all();
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A sink may own its tail.
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl<S: Fn(TailEvent)> Follower<S> {
    /// One read; false if the tail must stop.
    fn turn(&mut self) -> bool {
        let Some(room) = self.wait_for_room() else {
            return false;
        };
        match self.read(room).and_then(|batch| self.verify(batch)) {
            Ok(batch) => self.hand_on(batch),
            Err(error) if error.is_retryable() => {
                self.doubt = true;
                if self.outage.report() {
                    (self.sink)(TailEvent::Unavailable(error));
                }
                self.pause();
            }
            Err(error) => {
                self.reader = None;
                self.lost = true;
                (self.sink)(TailEvent::Lost(error));
            }
        }
        true
    }

    /// Waits until there is room in the window and something to read; `None` if the tail must stop.
    fn wait_for_room(&mut self) -> Option<usize> {
        let mut control = self.shared.control.lock();
        loop {
            if control.stop {
                return None;
            }
            if let Some(from) = control.seek.take() {
                self.position = from;
                self.reader = None;
                self.last = None;
                self.doubt = false;
                self.reported = None;
                self.lost = false;
                self.backoff.reset();
            }
            if !self.lost && control.out_bytes < self.window_bytes {
                return Some(self.window_bytes - control.out_bytes);
            }
            let waited = self.shared.changed.wait_for(&mut control, IDLE_READER);
            if waited.timed_out() {
                self.reader = None;
            }
        }
    }

    fn read(&mut self, room: usize) -> Result<Batch, Error> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                self.doubt = true;
                let (topic, partition) = (&self.topic, self.partition);
                let reader = self.journal.reader(topic, partition, self.position)?;
                self.reader.insert(reader)
            }
        };
        let wait = match self.reported {
            None => Duration::ZERO,
            Some(_) => READ_WAIT,
        };
        match reader.next(room, wait) {
            Err(Error::OutOfRange { offset, end, .. }) if offset > end => Err(self.short(offset)),
            other => other,
        }
    }

    /// Handles a partition that seems to end below the next offset: inspects it again before that is accepted.
    fn short(&mut self, offset: u64) -> Error {
        self.reader = None;
        let (topic, partition) = (&self.topic, self.partition);
        let found = self.journal.inspect(topic, partition, None, offset);
        match found.and_then(|found| found.offsets.admit(topic, partition, offset)) {
            Ok(()) => {
                Error::Unavailable("the partition seemed to end below its next offset".into())
            }
            Err(error) => error,
        }
    }

    /// Checks that a batch continues the records delivered before. It was read before the comparison: a truncation in between is
    /// found by the next one.
    fn verify(&mut self, batch: Batch) -> Result<Batch, Error> {
        let Some((last, at)) = &self.last else {
            self.doubt = false;
            return Ok(batch);
        };
        let late = !batch.records.is_empty() && at.elapsed() >= self.compare_after;
        if self.doubt || late {
            let confirmed = self.journal.confirm(&self.topic, self.partition, last);
            if let Err(error) = confirmed {
                // The batch is read again.
                self.reader = None;
                return Err(error);
            }
            self.doubt = false;
        }
        Ok(batch)
    }

    fn hand_on(&mut self, mut batch: Batch) {
        self.backoff.reset();
        if self.outage.end() {
            (self.sink)(TailEvent::Available);
        }
        self.position = batch.next;
        if let Some(last) = batch.records.last() {
            self.last = Some((last.clone(), Instant::now()));
        }
        let news = Some((batch.next, batch.end));
        if batch.records.is_empty() && self.reported == news {
            return;
        }
        self.reported = news;
        let bytes = batch.records.iter().map(Record::size).sum();
        self.shared.control.lock().out_bytes += bytes;
        batch.permit = Some(Permit::new(Room {
            shared: Arc::clone(&self.shared),
            bytes,
        }));
        (self.sink)(TailEvent::Batch(batch));
    }

    /// Pauses after a failure, until a stop or a seek.
    fn pause(&mut self) {
        let over = Instant::now() + self.backoff.next_pause();
        let mut control = self.shared.control.lock();
        while !control.stop && control.seek.is_none() {
            let waited = self.shared.changed.wait_until(&mut control, over);
            if waited.timed_out() {
                return;
            }
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.shared.control.lock().out_bytes -= self.bytes;
        self.shared.changed.notify_all();
    }
}
