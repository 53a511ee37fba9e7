//! Where the answers of one stream are collected: the core's thread puts a whole batch in and wakes the stream once.

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use crate::shell::Outcome;

/// Submissions of one stream that may be without an answer, or with one that the client has not read.
pub const STREAM_WINDOW: usize = 16_384;

/// Answers on their way to one client.
#[derive(Debug)]
pub struct Outbox {
    answers: Mutex<Answers>,
    changed: Notify,
    /// One permit for each submission that may still come in.
    room: Semaphore,
}

#[derive(Debug, Default)]
struct Answers {
    ready: Vec<(u64, Outcome)>,
    last: bool,
}

/// What was in the box.
#[derive(Debug)]
pub enum Taken {
    /// Answers by tag, at least one.
    Answers(Vec<(u64, Outcome)>),
    /// All requests have been answered, and no more will come.
    End,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            answers: Mutex::default(),
            changed: Notify::new(),
            room: Semaphore::new(STREAM_WINDOW),
        }
    }
}

impl Outbox {
    /// Waits for room, and takes it for one to `most` submissions.
    pub async fn make_room(&self, most: usize) -> usize {
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

    /// Gives room back: of answers that have left, or that was not needed.
    pub fn give_room(&self, count: usize) {
        self.room.add_permits(count);
    }

    /// Puts an answer in. True if somebody has to [`wake`](Self::wake) the stream once the batch is complete.
    #[must_use]
    pub fn put(&self, tag: u64, outcome: Outcome) -> bool {
        let mut answers = self.answers.lock();
        answers.ready.push((tag, outcome));
        answers.ready.len() == 1
    }

    /// Wakes the stream.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Says that no more requests will come.
    pub fn finish(&self) {
        self.answers.lock().last = true;
        self.wake();
    }

    /// Everything that is in the box, as soon as there is something. Its room has to be given back.
    pub async fn take(&self) -> Taken {
        loop {
            {
                let mut answers = self.answers.lock();
                if !answers.ready.is_empty() {
                    return Taken::Answers(std::mem::take(&mut answers.ready));
                }
                if answers.last && self.room.available_permits() == STREAM_WINDOW {
                    return Taken::End;
                }
            }
            self.changed.notified().await;
        }
    }
}
