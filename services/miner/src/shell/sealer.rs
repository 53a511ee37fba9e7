//! The threads that search the nonce.
//!
//! Each searches a part of the nonce space, from a random start: two miners with one account that seal the same slice
//! would otherwise try the same nonces.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use chain::work::Work;
use chain::{Secret, Template};
use crossbeam_channel::Sender;
use parking_lot::{Condvar, Mutex};

use crate::core::{Input, Sealed};

/// Tries between two checks of the flag: about half a millisecond on one core.
const BATCH_TRIES: u64 = 8_192;

/// The threads, and the current block.
pub(super) struct Sealer {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    to_core: Sender<Input>,
}

/// The state that the threads share, and on which they wait for work.
struct Shared {
    now: Mutex<Now>,
    changed: Condvar,
    secret: Option<Secret>,
    to_core: Sender<Input>,
}

#[derive(Default)]
struct Now {
    job: Option<Arc<Job>>,
    stop: bool,
}

struct Job {
    attempt: u64,
    template: Arc<Template>,
    work: Work,
    start_nonce: u64,
    begun: Instant,
    /// Set when the nonce is found or the search cancelled.
    over: AtomicBool,
    tries: AtomicU64,
}

impl Sealer {
    pub(super) fn start(
        threads: usize,
        secret: Option<Secret>,
        to_core: Sender<Input>,
    ) -> std::io::Result<Sealer> {
        let shared = Arc::new(Shared {
            now: Mutex::default(),
            changed: Condvar::new(),
            secret,
            to_core: to_core.clone(),
        });
        let stride = u64::MAX / threads as u64;
        let spawn = |n: usize| {
            let shared = Arc::clone(&shared);
            let place = stride.wrapping_mul(n as u64);
            thread::Builder::new()
                .name(format!("miner-seal-{n}"))
                .spawn(move || shared.work(place))
        };
        let threads = (0..threads).map(spawn).collect::<Result<_, _>>()?;
        Ok(Sealer {
            shared,
            threads,
            to_core,
        })
    }

    /// Searches the nonce of a block, in place of the current one.
    pub(super) fn seal(&self, attempt: u64, template: Arc<Template>) {
        let job = Job {
            attempt,
            work: template.work(),
            template,
            start_nonce: rand::random(),
            begun: Instant::now(),
            over: AtomicBool::new(false),
            tries: AtomicU64::new(0),
        };
        let before = self.shared.now.lock().job.replace(Arc::new(job));
        if let Some(before) = before {
            before.over.store(true, Ordering::Relaxed);
        }
        self.shared.changed.notify_all();
    }

    /// Stops the search; the core gets the number of tries.
    pub(super) fn cancel(&self) {
        let Some(job) = self.shared.now.lock().job.take() else {
            return;
        };
        if !job.over.swap(true, Ordering::Relaxed) {
            let _ = self.to_core.send(Input::Sealed(job.sealed(None)));
        }
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.cancel();
        self.shared.now.lock().stop = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a sealing thread panicked");
            }
        }
    }
}

impl Shared {
    /// The loop of one thread. `place` is the start of its part of the nonce space.
    fn work(&self, place: u64) {
        let mut last = 0;
        while let Some(job) = self.next(last) {
            last = job.attempt;
            self.search(&job, place);
        }
    }

    fn next(&self, last: u64) -> Option<Arc<Job>> {
        let mut now = self.now.lock();
        loop {
            if now.stop {
                return None;
            }
            match &now.job {
                Some(job) if job.attempt != last => return Some(Arc::clone(job)),
                _ => self.changed.wait(&mut now),
            }
        }
    }

    fn search(&self, job: &Job, place: u64) {
        let mut nonce = job.start_nonce.wrapping_add(place);
        while !job.over.load(Ordering::Relaxed) {
            let found = job.work.search(nonce, BATCH_TRIES);
            let tries = found.map_or(BATCH_TRIES, |found| found.wrapping_sub(nonce) + 1);
            job.tries.fetch_add(tries, Ordering::Relaxed);
            if let Some(found) = found {
                if !job.over.swap(true, Ordering::Relaxed) {
                    let value = job.template.finish(found, self.secret.as_ref());
                    let sealed = job.sealed(Some((found, value)));
                    // Sending fails only when the core's thread is gone.
                    let _ = self.to_core.send(Input::Sealed(sealed));
                }
                return;
            }
            nonce = nonce.wrapping_add(BATCH_TRIES);
        }
    }
}

impl Job {
    fn sealed(&self, block: Option<(u64, bytes::Bytes)>) -> Sealed {
        let elapsed_us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        Sealed {
            attempt: self.attempt,
            block,
            tries: self.tries.load(Ordering::Relaxed),
            elapsed_us,
        }
    }
}
