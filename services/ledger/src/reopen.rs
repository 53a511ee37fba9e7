//! The index after a write that failed: opened anew when there is room, without an end of the process.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use journal::Backoff;
use kit::{Readiness, Reason, Shutdown};

use crate::store::{Error, OpenError, Publisher, Store, probe};

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
        let mut backoff = topics::backoff();
        let mut was_full = matches!(why, Error::Full(_));
        while let Err(error) = probe(&self.data) {
            was_full = true;
            self.tell(&Error::Full(error.to_string()));
            if !self.rest(&mut backoff) {
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
            if !self.rest(&mut backoff) {
                return Ok(None);
            }
        };
        let publisher = store.publisher.take_over(readers);
        publisher.observe(&kit::metrics::meter());
        self.readiness.condition(CONDITION).set(Ok(()));
        tracing::warn!(
            "the index in {} is written again: there is room",
            self.data.display()
        );
        self.opened = Instant::now();
        Ok(Some(Store { publisher, ..store }))
    }

    fn tell(&self, why: &Error) {
        tracing::error!("INDEX_FULL: {}: {why}", self.data.display());
        let message = format!(
            "{}: {why}; blocks go on being served as they were",
            self.data.display()
        );
        let cause = Reason(proto::reason::INDEX_FULL).because(message);
        self.readiness.condition(CONDITION).set(Err(cause));
    }

    fn say(&self, error: &OpenError) {
        tracing::warn!("the index cannot be opened anew yet: {error}");
    }

    /// False: told to stop.
    fn rest(&self, backoff: &mut Backoff) -> bool {
        !self.shutdown.wait(backoff.next_pause())
    }
}
