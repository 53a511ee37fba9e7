//! The index after a write that failed: opened anew when there is room, without an end of the process.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use kit::{Readiness, Shutdown};

use crate::store::{Error, OpenError, Publisher, Store, probe};

/// Pauses between two looks whether there is room.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How soon a pause notices that it is to stop.
const STEP: Duration = Duration::from_millis(50);

/// An index that has lived longer than this has got over what was wrong before.
const RECOVERED: Duration = Duration::from_secs(60);

/// Times in a row that an index is opened anew though its disk has room: what is wrong then is something else.
const UNEXPLAINED: u32 = 3;

/// The condition of readiness.
const CONDITION: &str = "index";

/// What is needed to open it anew.
pub(crate) struct Reopening {
    data: PathBuf,
    readiness: Readiness,
    shutdown: Shutdown,
    opened: Instant,
    unexplained: u32,
}

impl Reopening {
    pub(crate) fn new(data: PathBuf, readiness: Readiness, shutdown: Shutdown) -> Reopening {
        Reopening {
            data,
            readiness,
            shutdown,
            opened: Instant::now(),
            unexplained: 0,
        }
    }

    /// Waits for room, then opens the index anew for the same readers. `None`: told to stop first.
    pub(crate) fn reopen(
        &mut self,
        publisher: Publisher,
        why: Error,
    ) -> anyhow::Result<Option<Store>> {
        if self.opened.elapsed() > RECOVERED {
            self.unexplained = 0;
        }
        self.tell(&why);
        let mut pauses = pauses();
        let mut was_full = matches!(why, Error::Full(_));
        while let Err(error) = probe(&self.data) {
            was_full = true;
            self.tell(&Error::Full(error.to_string()));
            if !self.pause(&mut pauses) {
                return Ok(None);
            }
        }
        if !was_full {
            self.unexplained += 1;
            anyhow::ensure!(self.unexplained <= UNEXPLAINED, why);
        }
        // Only now: until here they saw what was there before.
        let readers = publisher.close();
        let store = loop {
            match Store::open(&self.data) {
                Ok(store) => break store,
                Err(error) if error.is_passing() => self.say(&error),
                Err(error) => return Err(error.into()),
            }
            if !self.pause(&mut pauses) {
                return Ok(None);
            }
        };
        let publisher = store.publisher.take_over(readers);
        publisher.observe(&kit::metrics::meter());
        self.readiness.set(CONDITION, Ok(()));
        tracing::warn!(
            "the index in {} is written again: there is room",
            self.data.display()
        );
        self.opened = Instant::now();
        Ok(Some(Store { publisher, ..store }))
    }

    fn tell(&self, why: &Error) {
        tracing::error!("INDEX_FULL: {}: {why}", self.data.display());
        self.readiness.set(
            CONDITION,
            Err((
                proto::reason::INDEX_FULL,
                format!(
                    "{}: {why}; blocks go on being served as they were",
                    self.data.display()
                ),
            )),
        );
    }

    fn say(&self, error: &OpenError) {
        tracing::warn!("the index cannot be opened anew yet: {error}");
    }

    /// False: told to stop.
    fn pause(&self, pauses: &mut impl Iterator<Item = Duration>) -> bool {
        let until = Instant::now() + pauses.next().unwrap_or(LONGEST_PAUSE);
        while Instant::now() < until && !self.shutdown.is_cancelled() {
            std::thread::sleep(STEP);
        }
        !self.shutdown.is_cancelled()
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .build()
}
