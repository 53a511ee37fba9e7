//! The answers of one stream: the core's thread adds a whole batch and wakes the stream once.
//!
//! When a client does not read its answers, no more of its requests are read: answers are bounded in number and in
//! bytes, per stream and in total.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use crate::core::Outcome;
use crate::rejection::{Invalid, Unavailable, Why};

/// Most submissions of one stream without an answer, or with one that the client has not read.
pub const STREAM_WINDOW: usize = 16_384;
/// Bytes of unread answers at which no more requests of a stream are read.
const STREAM_BYTES: usize = 4 << 20;
/// The same for all streams together.
const ALL_BYTES: usize = 64 << 20;
/// A stream with fewer unread bytes continues whatever the others do: clients that do not read must not stop those that do.
const SMALL_BYTES: usize = 64 << 10;
/// Bytes of an answer beside its texts.
const ANSWER_BYTES: usize = 256;

const _: () = assert!(SMALL_BYTES < STREAM_BYTES && STREAM_BYTES < ALL_BYTES);

/// Bytes of answers that have not been sent, over all streams.
#[derive(Debug, Default)]
pub struct Unread {
    bytes: AtomicUsize,
    fell: Notify,
}

/// The answers to one client that have not been sent.
#[derive(Debug)]
pub struct Outbox {
    answers: Mutex<Answers>,
    changed: Notify,
    /// One permit for each further submission.
    room: Semaphore,
    /// Bytes of answers that have not been sent.
    bytes: AtomicUsize,
    fell: Notify,
    all: Arc<Unread>,
}

#[derive(Debug, Default)]
struct Answers {
    ready: Vec<(u64, Outcome)>,
    bytes: usize,
    last: bool,
}

/// The room that answers take.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    count: usize,
    bytes: usize,
}

/// The content of the outbox.
#[derive(Debug)]
pub enum Taken {
    /// Answers by tag, at least one.
    Answers(Vec<(u64, Outcome)>, Size),
    /// All requests have been answered, and no more will come.
    End,
}

impl Outbox {
    /// Creates an empty outbox.
    pub fn new(all: Arc<Unread>) -> Self {
        Self {
            answers: Mutex::default(),
            changed: Notify::new(),
            room: Semaphore::new(STREAM_WINDOW),
            bytes: AtomicUsize::new(0),
            fell: Notify::new(),
            all,
        }
    }

    /// Waits for room, and takes it for 1 to `most` submissions.
    pub async fn make_room(&self, most: usize) -> usize {
        self.bytes_fall().await;
        let one = self.room.acquire().await;
        one.expect("the semaphore is never closed").forget();
        let more = self.room.available_permits().min(most.saturating_sub(1));
        match self.room.try_acquire_many(more as u32) {
            Ok(permits) => {
                permits.forget();
                more + 1
            }
            Err(_) => 1,
        }
    }

    /// Returns once the client has read enough.
    async fn bytes_fall(&self) {
        loop {
            let (own, all) = (self.fell.notified(), self.all.fell.notified());
            tokio::pin!(own, all);
            // Notices are kept from here on.
            own.as_mut().enable();
            all.as_mut().enable();
            let bytes = self.bytes.load(Ordering::SeqCst);
            let others = self.all.bytes.load(Ordering::SeqCst);
            if bytes < SMALL_BYTES || bytes < STREAM_BYTES && others < ALL_BYTES {
                return;
            }
            tokio::select! {
                () = own => {}
                () = all => {}
            }
        }
    }

    /// Gives unused room back.
    pub fn give_room(&self, count: usize) {
        self.room.add_permits(count);
    }

    /// Gives the room of sent answers back.
    pub fn left(&self, size: Size) {
        self.room.add_permits(size.count);
        self.bytes.fetch_sub(size.bytes, Ordering::SeqCst);
        self.fell.notify_waiters();
        self.all.fall(size.bytes);
    }

    /// Adds an answer. True if the caller has to [`wake`](Self::wake) the stream once the batch is complete.
    #[must_use]
    pub fn put(&self, tag: u64, outcome: Outcome) -> bool {
        let bytes = bytes_of(&outcome);
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
        self.all.bytes.fetch_add(bytes, Ordering::SeqCst);
        let mut answers = self.answers.lock();
        answers.bytes += bytes;
        answers.ready.push((tag, outcome));
        answers.ready.len() == 1
    }

    /// Wakes the stream.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Notes that no more requests will come.
    pub fn finish(&self) {
        self.answers.lock().last = true;
        self.wake();
    }

    /// Takes all answers, as soon as there is one. The caller gives their room back.
    pub async fn take(&self) -> Taken {
        loop {
            {
                let mut answers = self.answers.lock();
                if !answers.ready.is_empty() {
                    let ready = std::mem::take(&mut answers.ready);
                    let (count, bytes) = (ready.len(), std::mem::take(&mut answers.bytes));
                    return Taken::Answers(ready, Size { count, bytes });
                }
                if answers.last && self.room.available_permits() == STREAM_WINDOW {
                    return Taken::End;
                }
            }
            self.changed.notified().await;
        }
    }
}

impl Drop for Outbox {
    /// Unread answers are dropped with the stream.
    fn drop(&mut self) {
        self.all.fall(*self.bytes.get_mut());
    }
}

impl Unread {
    fn fall(&self, bytes: usize) {
        let before = self.bytes.fetch_sub(bytes, Ordering::SeqCst);
        if before >= ALL_BYTES {
            self.fell.notify_waiters();
        }
    }
}

/// Approximate size of an answer, in bytes.
fn bytes_of(outcome: &Outcome) -> usize {
    let texts = match outcome {
        Ok(receipt) => {
            let transaction = &receipt.transaction;
            transaction.memo.len() + 4 * transaction.signature.len()
        }
        Err(rejection) => match &rejection.why {
            Why::Invalid(Invalid::Field(error)) => error.field.len() + error.message.len(),
            Why::Unavailable(Unavailable::Log(text) | Unavailable::Ledger(text))
            | Why::OutcomeUnknown(text) => text.len(),
            _ => 0,
        },
    };
    ANSWER_BYTES + texts
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::rejection::Rejection;

    fn refusal(bytes: usize) -> Outcome {
        Err(Rejection::new(Unavailable::Log("x".repeat(bytes))))
    }

    /// Outside of a task, whose turn would end by itself.
    fn poll<F: Future>(future: F) -> Poll<F::Output> {
        let future = std::pin::pin!(future);
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn waits(outbox: &Outbox) -> bool {
        match poll(outbox.make_room(1)) {
            Poll::Ready(count) => {
                outbox.give_room(count);
                false
            }
            Poll::Pending => true,
        }
    }

    #[test]
    fn a_client_that_does_not_read_is_read_no_further() {
        let outbox = Outbox::new(Arc::default());
        let mut bytes = 0;
        for tag in 0.. {
            if waits(&outbox) {
                break;
            }
            bytes += bytes_of(&refusal(1024));
            let _ = outbox.put(tag, refusal(1024));
        }
        assert!((STREAM_BYTES..STREAM_BYTES + 2048).contains(&bytes));
        let Poll::Ready(Taken::Answers(_, size)) = poll(outbox.take()) else {
            panic!("there are answers")
        };
        assert_eq!(size.bytes, bytes);
        assert!(waits(&outbox), "taken is not read");
        outbox.left(Size { count: 0, ..size });
        assert!(!waits(&outbox));
    }

    #[test]
    fn those_who_do_not_read_do_not_stop_those_who_do() {
        let all = Arc::<Unread>::default();
        let stalled: Vec<_> = (0..ALL_BYTES / STREAM_BYTES)
            .map(|_| Outbox::new(Arc::clone(&all)))
            .collect();
        for outbox in &stalled {
            let _ = outbox.put(0, refusal(STREAM_BYTES));
        }
        let outbox = Outbox::new(Arc::clone(&all));
        assert!(!waits(&outbox));
        let _ = outbox.put(0, refusal(SMALL_BYTES));
        assert!(waits(&outbox), "all together have their share");
        drop(stalled);
        assert!(!waits(&outbox));
    }
}
