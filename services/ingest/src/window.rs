//! The limit of submissions in flight over all calls, in number and in bytes.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Bytes that a submission counts beside its record: its entries in the tables.
const OVERHEAD_BYTES: usize = 512;
/// One part in this many of the room is reserved for unary calls: streams wait for room, and a few busy ones would
/// otherwise leave none.
const UNARY_SHARE: usize = 8;

/// The room for submissions.
#[derive(Debug)]
pub struct Window {
    all: Room,
    streams: Room,
}

/// Room that was taken; dropping it gives it back. It holds one reference for all four semaphores: owned permits of tokio
/// would hold one each, for each of the 65 536 submissions in flight.
#[derive(Debug)]
pub struct Permit {
    window: Arc<Window>,
    bytes: u32,
    stream: bool,
}

#[derive(Debug)]
struct Room {
    count: Semaphore,
    bytes: Semaphore,
    most_bytes: u32,
}

impl Room {
    fn new(count: usize, bytes: usize) -> Self {
        let most_bytes = u32::try_from(bytes).unwrap_or(u32::MAX).max(1);
        Self {
            count: Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)),
            bytes: Semaphore::new(most_bytes as usize),
            most_bytes,
        }
    }

    fn try_take(&self, bytes: u32) -> bool {
        let Ok(count) = self.count.try_acquire() else {
            return false;
        };
        let Ok(bytes) = self.bytes.try_acquire_many(bytes.min(self.most_bytes)) else {
            return false;
        };
        count.forget();
        bytes.forget();
        true
    }

    async fn take(&self, bytes: u32) {
        let bytes = bytes.min(self.most_bytes);
        let count = self.count.acquire().await;
        let room = self.bytes.acquire_many(bytes).await;
        count.expect("the semaphore is never closed").forget();
        room.expect("the semaphore is never closed").forget();
    }

    fn give_back(&self, bytes: u32) {
        self.count.add_permits(1);
        self.bytes.add_permits(bytes.min(self.most_bytes) as usize);
    }
}

impl Window {
    /// Creates a window for `count` submissions of `bytes` bytes together.
    pub fn new(count: usize, bytes: usize) -> Arc<Window> {
        let share = |all: usize| all - all / UNARY_SHARE;
        Arc::new(Window {
            all: Room::new(count, bytes),
            streams: Room::new(share(count), share(bytes)),
        })
    }

    /// Room for the record of a unary call, if there is any.
    pub fn try_enter(self: &Arc<Self>, record_bytes: usize) -> Option<Permit> {
        let bytes = cost(record_bytes);
        self.all.try_take(bytes).then(|| Permit {
            window: Arc::clone(self),
            bytes,
            stream: false,
        })
    }

    /// Room for a record of a stream, if there is any.
    pub fn try_enter_stream(self: &Arc<Self>, record_bytes: usize) -> Option<Permit> {
        let bytes = cost(record_bytes);
        if !self.streams.try_take(bytes) {
            return None;
        }
        if !self.all.try_take(bytes) {
            self.streams.give_back(bytes);
            return None;
        }
        Some(Permit {
            window: Arc::clone(self),
            bytes,
            stream: true,
        })
    }

    /// Room for a record of a stream, as soon as there is any. While waiting, the caller must not hold permits of
    /// submissions that are not in flight: others may wait for those.
    pub async fn enter_stream(self: &Arc<Self>, record_bytes: usize) -> Permit {
        let bytes = cost(record_bytes);
        self.streams.take(bytes).await;
        // From here on the share of the streams is given back even if the caller goes away.
        let mut permit = Streaming {
            window: self,
            bytes,
            entered: false,
        };
        self.all.take(bytes).await;
        permit.entered = true;
        Permit {
            window: Arc::clone(self),
            bytes,
            stream: true,
        }
    }
}

fn cost(record_bytes: usize) -> u32 {
    u32::try_from(record_bytes + OVERHEAD_BYTES).unwrap_or(u32::MAX)
}

/// The streams' share, taken before the whole.
struct Streaming<'a> {
    window: &'a Window,
    bytes: u32,
    entered: bool,
}

impl Drop for Streaming<'_> {
    fn drop(&mut self) {
        if !self.entered {
            self.window.streams.give_back(self.bytes);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.window.all.give_back(self.bytes);
        if self.stream {
            self.window.streams.give_back(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: usize = 100;

    #[test]
    fn count_and_bytes_bound_what_enters() {
        for (count, bytes, fit) in [(3, 1 << 20, 3), (100, 2 * (RECORD + OVERHEAD_BYTES), 2)] {
            let window = Window::new(count, bytes);
            let permits: Vec<_> = (0..fit)
                .map(|_| window.try_enter(RECORD).unwrap())
                .collect();
            assert!(window.try_enter(RECORD).is_none());
            drop(permits);
            assert!(window.try_enter(RECORD).is_some());
        }
    }

    #[tokio::test]
    async fn streams_leave_room_for_unary_calls_and_wait() {
        let window = Window::new(16, 1 << 20);
        let mut permits = Vec::new();
        for _ in 0..14 {
            permits.push(window.enter_stream(RECORD).await);
        }
        let waiting = tokio::spawn({
            let window = Arc::clone(&window);
            async move { window.enter_stream(RECORD).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        let unary = (window.try_enter(RECORD), window.try_enter(RECORD));
        assert!(unary.0.is_some() && unary.1.is_some());
        assert!(window.try_enter(RECORD).is_none());
        drop((unary, permits.pop()));
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_leaves_nothing_behind() {
        let window = Window::new(8, 1 << 20);
        let unary: Vec<_> = (0..8).map(|_| window.try_enter(RECORD).unwrap()).collect();
        let waiting = tokio::spawn({
            let window = Arc::clone(&window);
            async move { window.enter_stream(RECORD).await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        drop(unary);
        assert_eq!(window.streams.count.available_permits(), 7);
        assert_eq!(window.all.count.available_permits(), 8);
    }
}
