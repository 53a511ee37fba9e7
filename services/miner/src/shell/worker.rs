//! A thread for slow work: looks at topics, commits of positions, snapshots, stopping readers.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};
use follow::partition::{self, Question};
use follow::snapshot::Encoded;
use journal::{Journal, Tail};
use topics::TRANSACTIONS;

use crate::core::Input;

/// Work for the thread.
pub(super) enum Task {
    /// Look at a partition.
    Look(Question),
    /// Commit a position for Kafka's tools.
    Commit { partition: u32, offset: u64 },
    /// Write a snapshot.
    Keep(Encoded),
    /// Wait until a reader has stopped.
    Stop(Option<Tail>),
}

/// Handle of the thread. Dropping it waits until all tasks are done.
pub(super) struct Worker {
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(
        journal: Journal,
        data: Option<PathBuf>,
        to_core: Sender<Input>,
    ) -> std::io::Result<Worker> {
        let (tasks, todo) = unbounded();
        let thread = thread::Builder::new()
            .name("miner-worker".into())
            .spawn(move || work(&journal, data.as_deref(), &todo, &to_core))?;
        Ok(Worker {
            tasks: Some(tasks),
            thread: Some(thread),
        })
    }

    pub(super) fn send(&self, task: Task) {
        if let Some(tasks) = &self.tasks {
            // Only a panic ends the thread early, and then the drop reports it.
            let _ = tasks.send(task);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the worker's thread panicked");
        }
    }
}

fn work(journal: &Journal, data: Option<&Path>, todo: &Receiver<Task>, to_core: &Sender<Input>) {
    while let Ok(task) = todo.recv() {
        match task {
            Task::Look(question) => {
                let partition = question.partition;
                let seen = partition::look(journal, partition, question.last.as_ref())
                    .inspect_err(|error| tracing::debug!(partition, "{error}"))
                    .ok();
                let _ = to_core.send(Input::Looked { question, seen });
            }
            Task::Commit { partition, offset } => {
                let group = format!("miner-{partition}");
                let left = journal.commit_position(&group, TRANSACTIONS, partition, offset);
                if let Err(error) = left {
                    tracing::debug!(partition, "position not committed for display: {error}");
                }
            }
            Task::Keep(snapshot) => {
                let Some(data) = data else { continue };
                if let Err(error) = snapshot.write(data) {
                    tracing::warn!(
                        "no snapshot could be written to {}: {error}; the next start replays more",
                        data.display()
                    );
                }
            }
            Task::Stop(tail) => drop(tail),
        }
    }
}
