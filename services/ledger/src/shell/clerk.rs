//! The thread for what may take a while and nobody waits for.

use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, unbounded};
use follow::topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};
use journal::Journal;

use crate::core::{Input, Snapshot};
use crate::store::Reader;

/// The consumer group whose positions Kafka's tools show, without the journal's prefix.
const GROUP: &str = "ledger";

/// Work for it.
pub(super) enum Errand {
    /// Read a block back.
    Load { partition: u32, offset: u64 },
    /// Ask where a partition begins.
    Survey { partition: u32 },
    /// Write a snapshot.
    Keep(Snapshot),
    /// Leave a position.
    Commit { applied_offset: u64 },
}

/// The thread, and how to reach it.
pub(super) struct Clerk {
    errands: Option<Sender<Errand>>,
    thread: Option<JoinHandle<()>>,
}

struct Desk {
    journal: Journal,
    data: PathBuf,
    reader: Reader,
    core: Sender<Input>,
}

impl Clerk {
    pub(super) fn start(
        journal: Journal,
        data: PathBuf,
        reader: Reader,
        core: Sender<Input>,
    ) -> anyhow::Result<Clerk> {
        let (errands, todo) = unbounded();
        let desk = Desk {
            journal,
            data,
            reader,
            core,
        };
        let thread = thread::Builder::new()
            .name("ledger-clerk".into())
            .spawn(move || desk.work(&todo))
            .context("no thread for the clerk")?;
        Ok(Clerk {
            errands: Some(errands),
            thread: Some(thread),
        })
    }

    pub(super) fn send(&self, errand: Errand) {
        if let Some(errands) = &self.errands {
            let sent = errands.send(errand);
            debug_assert!(sent.is_ok(), "the thread lives as long as its sender");
        }
    }

    /// Sends a snapshot when it is called.
    pub(super) fn keeper(&self, snapshot: Snapshot) -> impl FnOnce() + Send + use<> {
        let errands = self.errands.clone();
        move || {
            if let Some(errands) = errands {
                let _ = errands.send(Errand::Keep(snapshot));
            }
        }
    }

    /// Lets the thread do what it was sent, and waits for it.
    pub(super) fn finish(&mut self) {
        self.errands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the clerk's thread panicked");
        }
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Desk {
    fn work(&self, todo: &Receiver<Errand>) {
        for errand in todo {
            match errand {
                Errand::Load { partition, offset } => self.load(partition, offset),
                // Whoever reads it tells that a topic cannot be reached.
                Errand::Survey { partition } => {
                    if let Ok(ends) = self.journal.offsets(TRANSACTIONS, partition) {
                        let start = ends.start;
                        let _ = self.core.send(Input::Surveyed { partition, start });
                    }
                }
                Errand::Keep(snapshot) => match snapshot.0.write(&self.data) {
                    Ok(()) => tracing::debug!("snapshot written"),
                    // The next start takes longer, that is all.
                    Err(error) => tracing::warn!(
                        "the snapshot in {} cannot be written: {error}",
                        self.data.display()
                    ),
                },
                Errand::Commit { applied_offset } => {
                    if let Err(error) = self.journal.commit_position(
                        GROUP,
                        BLOCKCHAIN,
                        BLOCKCHAIN_PARTITION,
                        applied_offset,
                    ) {
                        tracing::debug!("position not left for display: {error}");
                    }
                }
            }
        }
    }

    fn load(&self, partition: u32, offset: u64) {
        let subject = self
            .reader
            .view()
            .map(|view| view.subject(partition, offset));
        let subject = match subject.transpose() {
            Ok(subject) => subject.flatten(),
            Err(error) => {
                // The audit stands still, and what is served is not touched by it.
                tracing::error!("a block cannot be read back for the audit: {error}");
                return;
            }
        };
        let _ = self.core.send(Input::Loaded { partition, subject });
    }
}
