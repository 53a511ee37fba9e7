//! The threads around the core: they perform its outputs, and turn events into inputs.

mod log;
mod sealer;
mod traces;
mod worker;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use chain::{Genesis, Secret};
use crossbeam_channel::{Receiver, Sender, unbounded};
use follow::Feed;
use journal::{Appender, Completion, Entry, Journal, LONG_GAP, Tail, TailEvent};
use parallel::{Rayon, ThreadPool};
use topics::{BLOCKCHAIN, BLOCKCHAIN_PARTITION, TRANSACTIONS};

use crate::core::{Check, Core, Input, Note, Output};
use crate::publication::Publication;
use sealer::Sealer;
use traces::{Headers, Traces};
use worker::{Task, Worker};

/// Records read ahead of a partition's cursor, in full blocks.
const WINDOW_BLOCKS: usize = 4;
/// Records read ahead of a partition's cursor, in bytes at most.
const WINDOW_BYTES: usize = 32 << 20;

/// The parts of a shell.
pub(crate) struct Parts {
    pub(crate) journal: Journal,
    pub(crate) secret: Option<Secret>,
    pub(crate) threads: usize,
    pub(crate) window_bytes: usize,
    pub(crate) data: Option<PathBuf>,
    pub(crate) publication: Publication,
}

/// The shell; dropping it stops all its parts.
pub(crate) struct Shell {
    journal: Journal,
    sender: Sender<Input>,
    feed: Feed,
    tails: BTreeMap<u32, Tail>,
    sealer: Sealer,
    checks: ThreadPool,
    appender: Appender,
    worker: Worker,
    window_bytes: usize,
    publication: Publication,
    traces: Traces,
}

/// Bytes of records of one partition that are read ahead: enough for the next blocks.
pub(crate) fn window_bytes(genesis: &Genesis) -> usize {
    (WINDOW_BLOCKS * genesis.max_block_bytes as usize).min(WINDOW_BYTES)
}

impl Shell {
    /// Starts the threads, and returns the receiver of their inputs.
    pub(crate) fn start(parts: Parts) -> anyhow::Result<(Shell, Receiver<Input>)> {
        let (sender, inputs) = unbounded();
        let to_core = sender.clone();
        let appended = move |completions: Vec<Completion>| {
            for Completion { token, result } in completions {
                // Sending fails only when the core's thread is gone.
                let _ = to_core.send(Input::Appended {
                    attempt: token,
                    result,
                });
            }
        };
        let appender = parts.journal.appender(BLOCKCHAIN, Arc::new(appended))?;
        let to_core = sender.clone();
        let feed = Feed::start(&parts.journal, move |input| {
            let _ = to_core.send(Input::Follow(input));
        });
        let checks = parallel::pool("miner-check")?;
        let shell = Shell {
            sealer: Sealer::start(parts.threads, parts.secret, sender.clone())?,
            worker: Worker::start(parts.journal.clone(), parts.data, sender.clone())?,
            traces: Traces::new(&parts.journal),
            journal: parts.journal,
            sender,
            feed,
            tails: BTreeMap::new(),
            checks,
            appender,
            window_bytes: parts.window_bytes,
            publication: parts.publication,
        };
        Ok((shell, inputs))
    }

    fn perform(
        &mut self,
        output: Output,
        back: &mut Vec<Input>,
    ) -> ControlFlow<anyhow::Result<()>> {
        match output {
            Output::Follow(task) => self.feed.perform(task),
            Output::Read {
                partition,
                generation,
                from,
            } => {
                let tail = self.tail(partition, generation, from);
                let before = self.tails.insert(partition, tail);
                self.worker.send(Task::Stop(before));
            }
            Output::Stop { partition } => {
                let before = self.tails.remove(&partition);
                self.worker.send(Task::Stop(before));
            }
            Output::Check(check) => self.check(check),
            Output::Look(question) => self.worker.send(Task::Look(question)),
            Output::Seal {
                attempt,
                template,
                traces,
            } => {
                let records = template.verdicts.len();
                self.traces.sealing(&template.header, records, &traces);
                self.sealer.seal(attempt, template);
            }
            Output::CancelSeal => self.sealer.cancel(),
            Output::Append {
                attempt,
                value,
                headers,
            } => back.extend(self.append(attempt, value, headers)),
            Output::Commit { partition, offset } => {
                self.worker.send(Task::Commit { partition, offset });
            }
            Output::Keep(snapshot) => self.worker.send(Task::Keep(snapshot)),
            Output::Note(note) => self.note(&note),
            Output::End(end) => return ControlFlow::Break(end.map_err(Into::into)),
        }
        ControlFlow::Continue(())
    }

    /// Appends a block to the journal; returns the outcome if it is not taken.
    fn append(&mut self, attempt: u64, value: Bytes, headers: Headers) -> Option<Input> {
        let entry = Entry {
            partition: BLOCKCHAIN_PARTITION,
            key: None,
            value,
            headers: self.traces.proposing(headers),
        };
        let (_, error) = self.appender.append(attempt, entry).err()?;
        Some(Input::Appended {
            attempt,
            result: Err(error),
        })
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::Won { offset, .. } => self.traces.won(*offset),
            Note::Lost { .. } => self.traces.lost(),
            _ => {}
        }
        log::note(note);
    }

    fn tail(&self, partition: u32, generation: u64, from: u64) -> Tail {
        let to_core = self.sender.clone();
        let topic = self.traces.transactions().clone();
        Tail::spawn(
            self.journal.clone(),
            TRANSACTIONS,
            partition,
            from,
            self.window_bytes,
            LONG_GAP,
            move |event| {
                if let TailEvent::Batch(batch) = &event {
                    traces::polled(&topic, partition, batch);
                }
                let _ = to_core.send(Input::Transactions {
                    partition,
                    generation,
                    event,
                });
            },
        )
    }

    /// Checks signatures while other blocks are being sealed: see `core/queue.rs`.
    fn check(&self, check: Check) {
        let to_core = self.sender.clone();
        self.checks.spawn_fifo(move || {
            let span = traces::evaluating(&check);
            let seed = rand::random();
            let records = chain::record::check_all(check.values, &check.rules, seed, &Rayon);
            traces::evaluated(span, &records);
            let _ = to_core.send(Input::Checked {
                partition: check.partition,
                generation: check.generation,
                offsets: check.offsets,
                records,
            });
        });
    }
}

impl engine::Shell<Core> for Shell {
    type End = anyhow::Result<()>;

    fn observe(&mut self, input: &Input) {
        match input {
            Input::Sealed(sealed) => {
                self.publication.metrics.sealed(sealed);
                if sealed.block.is_some() {
                    self.traces.sealed(sealed.tries);
                }
            }
            Input::Appended { result, .. } => {
                self.publication.metrics.appended(result);
                self.traces.appended(result);
            }
            _ => {}
        }
    }

    fn perform(
        &mut self,
        out: &mut Vec<Output>,
        back: &mut Vec<Input>,
    ) -> ControlFlow<anyhow::Result<()>> {
        out.drain(..)
            .try_for_each(|output| self.perform(output, back))
    }

    fn after_burst(&mut self, core: &Core) -> ControlFlow<anyhow::Result<()>> {
        self.publication.update(core);
        if !core.is_making() {
            self.traces.clear();
        }
        ControlFlow::Continue(())
    }
}
