//! The index after a failed write: reopened when there is room, without a restart of the process.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use journal::Backoff;
use kit::Shutdown;

use crate::index::{Error, Index, Publisher, probe};
use crate::readiness::Conditions;

/// An index that lives longer than this has recovered.
const RECOVERED: Duration = Duration::from_secs(60);

/// Reopenings in a row although the disk has room, before another cause is assumed.
const UNEXPLAINED: u32 = 3;

/// The inputs of a reopening.
pub(crate) struct Reopening {
    data: PathBuf,
    conditions: Conditions,
    shutdown: Shutdown,
    opened: Instant,
    unexplained: u32,
}

impl Reopening {
    pub(crate) fn new(data: PathBuf, conditions: Conditions, shutdown: Shutdown) -> Reopening {
        Reopening {
            data,
            conditions,
            shutdown,
            opened: Instant::now(),
            unexplained: 0,
        }
    }

    /// Waits for room, then reopens the index for the same readers. `None`: the service ended first.
    pub(crate) fn reopen(
        &mut self,
        publisher: Publisher,
        why: Error,
    ) -> anyhow::Result<Option<Index>> {
        if self.opened.elapsed() > RECOVERED {
            self.unexplained = 0;
        }
        self.report(&why);
        let mut backoff = topics::backoff();
        let mut was_full = matches!(why, Error::Full(_));
        while let Err(error) = probe(&self.data) {
            was_full = true;
            self.report(&Error::Full(error.to_string()));
            if !self.rest(&mut backoff) {
                return Ok(None);
            }
        }
        if !was_full {
            self.unexplained += 1;
            anyhow::ensure!(self.unexplained <= UNEXPLAINED, why);
        }
        // Readers keep their view until here.
        let readers = publisher.close();
        let index = loop {
            match Index::open(&self.data) {
                Ok(index) => break index,
                Err(error) if error.is_passing() => {
                    tracing::warn!("the index cannot be reopened yet: {error}");
                }
                Err(error) => return Err(error.into()),
            }
            if !self.rest(&mut backoff) {
                return Ok(None);
            }
        };
        let publisher = index.publisher.take_over(readers);
        publisher.observe(&kit::metrics::meter());
        self.conditions.index(Ok(()));
        tracing::warn!(
            "the index in {} is written again: there is room",
            self.data.display()
        );
        self.opened = Instant::now();
        Ok(Some(Index { publisher, ..index }))
    }

    fn report(&self, why: &Error) {
        let message = format!("{}: {why}", self.data.display());
        tracing::error!("{}: {message}", proto::reason::INDEX_FULL);
        self.conditions.index(Err(format!(
            "{message}; blocks are still served as they were"
        )));
    }

    /// Returns false if the service ends.
    fn rest(&self, backoff: &mut Backoff) -> bool {
        !self.shutdown.wait(backoff.next_pause())
    }
}
