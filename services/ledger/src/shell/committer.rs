//! The thread that commits batches to the index.

use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::traces::Traces;
use crate::core::Input;
use crate::index::Error;
use crate::index::write::Writer;
use crate::metrics::Metrics;
use crate::model::Batch;

/// Work for the thread, done in order.
pub(super) enum Job {
    /// Write a batch.
    Write(Box<Batch>),
    /// Empty the index.
    Clear,
    /// Make the index durable, then call this.
    Persist(Box<dyn FnOnce() + Send>),
}

/// Handle of the thread.
pub(super) struct Committer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    failure: Receiver<Error>,
}

impl Committer {
    pub(super) fn start(
        writer: Writer,
        core: Sender<Input>,
        traces: Traces,
        metrics: Metrics,
    ) -> anyhow::Result<Committer> {
        let (jobs, todo) = unbounded();
        let (failed, failure) = bounded(1);
        let job = move || {
            if let Err(error) = work(writer, &todo, &core, &traces, &metrics) {
                let _ = failed.try_send(error);
            }
        };
        let thread = thread::Builder::new()
            .name("ledger-index".into())
            .spawn(job)
            .context("no thread for the index")?;
        Ok(Committer {
            jobs: Some(jobs),
            thread: Some(thread),
            failure,
        })
    }

    pub(super) fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A thread that failed takes nothing any more; `failed` has the error.
            let _ = jobs.send(job);
        }
    }

    /// The error that ended the thread, if any.
    pub(super) fn failed(&self) -> Option<Error> {
        self.failure.try_recv().ok()
    }

    /// Lets the thread finish its queued work, and waits for it.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("the thread of the index panicked"))?;
        }
        self.failed().map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

fn work(
    mut writer: Writer,
    todo: &Receiver<Job>,
    core: &Sender<Input>,
    traces: &Traces,
    metrics: &Metrics,
) -> Result<(), Error> {
    for job in todo {
        match job {
            Job::Write(batch) => {
                let begun = Instant::now();
                let applying = traces.applying(&batch);
                writer.write(&batch)?;
                traces.applied(applying);
                metrics.written(begun.elapsed(), &batch);
                let _ = core.send(Input::Written);
            }
            Job::Clear => writer.clear()?,
            Job::Persist(then) => {
                writer.persist()?;
                then();
            }
        }
    }
    writer.persist()
}
