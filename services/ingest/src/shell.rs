//! The thread around the core: it drains whole batches of submissions and completions, and carries out what the
//! core says. One wake-up per stream and batch.

mod pump;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chain::Rules;
use crossbeam_channel::{Receiver, Sender, unbounded};
use journal::{Appender, Journal};
use tokio::sync::oneshot;
use tracing::Span;

use crate::core::{Core, Input, Now, Receipt, Submission};
use crate::outbox::Outbox;
use crate::rejection::{Rejection, Why};
use crate::window::Permit;

use self::pump::Pump;

/// What becomes of a submission.
pub type Outcome = Result<Receipt, Rejection>;

/// Who is to be told, and the room that the submission takes until then.
#[derive(Debug)]
pub struct Ticket {
    /// Who.
    pub waiter: Waiter,
    /// The room.
    pub permit: Permit,
    /// When it was handed in.
    pub since: Instant,
}

/// Who waits for an outcome.
#[derive(Debug)]
pub enum Waiter {
    /// A unary call.
    Call(oneshot::Sender<Outcome>),
    /// A stream.
    Stream(Line),
}

/// One request of a stream. Dropped without an answer it says that the service ends, so that no stream waits for ever.
#[derive(Debug)]
pub struct Line {
    outbox: Option<Arc<Outbox>>,
    tag: u64,
    /// The span of its batch, which ends with the last of them.
    _publish: Span,
}

/// Reads both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The times now.
    pub fn now(&self) -> Now {
        Now {
            clock_us: clock_us(),
            elapsed_ms: millis(self.start.elapsed()),
        }
    }

    /// When an answer that may take this long is due.
    pub fn deadline_ms(&self, within: Duration) -> u64 {
        millis(self.start.elapsed() + within)
    }
}

/// Microseconds since the Unix epoch.
pub fn clock_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| {
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The way to the core, for calls. Clones share it.
#[derive(Clone, Debug)]
pub struct Desk {
    inputs: Sender<Input<Ticket>>,
    /// The clocks that the core goes by.
    pub clock: Clock,
}

/// The core's thread, ready to run.
pub struct Engine {
    core: Core<Ticket>,
    inputs: Receiver<Input<Ticket>>,
    clock: Clock,
    appender: Appender,
    /// Name of the topic as the provider has it; for messages only.
    topic: String,
}

impl Desk {
    /// Hands submissions to the core, in this order. Every one is answered, if only because the service ends.
    pub fn submit(&self, submissions: Vec<Submission<Ticket>>) {
        self.tell(Input::Submit(submissions));
    }

    /// No more comes on this stream, and nobody reads its answers.
    pub fn close(&self, stream: u64) {
        self.tell(Input::Closed(stream));
    }

    /// Tells the core anything else.
    pub fn tell(&self, input: Input<Ticket>) {
        // The core is gone only when the service is: dropped tickets say so.
        let _ = self.inputs.send(input);
    }
}

impl Waiter {
    /// Hands the outcome over; returns a stream that has to be woken.
    fn tell(self, outcome: Outcome) -> Option<Arc<Outbox>> {
        match self {
            Waiter::Call(call) => {
                // The client may have gone away.
                let _ = call.send(outcome);
                None
            }
            Waiter::Stream(line) => line.tell(outcome),
        }
    }
}

impl Line {
    /// The request that the client calls `tag`.
    pub fn new(outbox: Arc<Outbox>, tag: u64, publish: Span) -> Self {
        Self {
            outbox: Some(outbox),
            tag,
            _publish: publish,
        }
    }

    /// Hands the outcome over; returns the stream if it has to be woken.
    pub fn tell(mut self, outcome: Outcome) -> Option<Arc<Outbox>> {
        let outbox = self.outbox.take()?;
        outbox.put(self.tag, outcome).then_some(outbox)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.take()
            && outbox.put(self.tag, Err(Why::ShuttingDown.into()))
        {
            outbox.wake();
        }
    }
}

impl Engine {
    /// An engine over the `transactions` topic, and the way to it.
    pub fn new(journal: &Journal, rules: &Rules) -> Result<(Engine, Desk), journal::Error> {
        let (sender, inputs) = unbounded();
        let completions = sender.clone();
        let sink = move |batch| {
            let _ = completions.send(Input::Completed(batch));
        };
        let appender = journal.appender(topics::TRANSACTIONS, Arc::new(sink))?;
        let clock = Clock::start();
        let core = Core::new(rules.chain_id, rules.genesis.partitions);
        let desk = Desk {
            inputs: sender,
            clock,
        };
        let engine = Engine {
            core,
            inputs,
            clock,
            appender,
            topic: journal.topic_name(topics::TRANSACTIONS),
        };
        Ok((engine, desk))
    }

    /// Runs until `shutdown` has been triggered and everything is answered.
    pub fn run(self, readiness: &kit::Readiness, shutdown: &kit::Shutdown) {
        Pump::new(self, readiness).run(shutdown);
    }
}
