//! The thread that writes the index.

use std::thread::{self, JoinHandle};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use kit::TraceContext;

use crate::core::Input;
use crate::store::Error;
use crate::store::write::{Batch, Writer};

/// Work for it, done in order.
pub(super) enum Job {
    /// Write a batch.
    Write(Box<Batch>),
    /// Empty the index.
    Clear,
    /// Make it durable, then do this.
    Persist(Box<dyn FnOnce() + Send>),
}

/// The thread, and how to reach it.
pub(super) struct Index {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    failure: Receiver<Error>,
}

impl Index {
    pub(super) fn start(writer: Writer, core: Sender<Input>) -> anyhow::Result<Index> {
        let (jobs, todo) = unbounded();
        let (failed, failure) = bounded(1);
        let job = move || {
            if let Err(error) = work(writer, &todo, &core) {
                let _ = failed.try_send(error);
            }
        };
        let thread = thread::Builder::new()
            .name("ledger-index".into())
            .spawn(job)
            .context("no thread for the index")?;
        Ok(Index {
            jobs: Some(jobs),
            thread: Some(thread),
            failure,
        })
    }

    pub(super) fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A thread that failed takes nothing any more; `failed` says why.
            let _ = jobs.send(job);
        }
    }

    /// What ended the thread before its time.
    pub(super) fn failed(&self) -> Option<Error> {
        self.failure.try_recv().ok()
    }

    /// Lets the thread do what it was sent, and waits for it.
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

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

/// Ends the traces of transactions: they are in the ledger now, and readers are about to see them.
fn trace(batch: &Batch) {
    for applied in &batch.blocks {
        for header in &applied.headers {
            let context = TraceContext::from_headers(std::slice::from_ref(header));
            if context.is_sampled() {
                let height = applied.accepted.height;
                let span = tracing::info_span!("apply", height, block = %applied.accepted.hash);
                context.set_parent_of(&span);
                span.in_scope(|| tracing::debug!("in the index"));
            }
        }
    }
}

fn work(mut writer: Writer, todo: &Receiver<Job>, core: &Sender<Input>) -> Result<(), Error> {
    for job in todo {
        match job {
            Job::Write(batch) => {
                writer.write(&batch)?;
                trace(&batch);
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
