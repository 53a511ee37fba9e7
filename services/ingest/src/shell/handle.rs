//! The core's inputs, for calls and tasks.

use std::time::Duration;

use crossbeam_channel::Sender;
use engine::{Clock, Now};

use super::Ticket;
use crate::core::{Frontier, Input, Submission};

/// Sends inputs to the core. Clones share it.
#[derive(Clone, Debug)]
pub struct Handle {
    inputs: Sender<Input<Ticket>>,
    clock: Clock,
}

impl Handle {
    pub(super) fn new(inputs: Sender<Input<Ticket>>, clock: Clock) -> Handle {
        Handle { inputs, clock }
    }

    /// Submits in this order. Every submission is answered, at the latest at the end of the service.
    pub fn submit(&self, submissions: Vec<Submission<Ticket>>) {
        self.send(Input::Submit(submissions));
    }

    /// Reports the cursors and ends of partitions.
    pub fn cursors(&self, frontiers: Vec<Frontier>) {
        self.send(Input::Cursors(frontiers));
    }

    /// Reports that the stream has ended: nothing more comes, and its answers are not read.
    pub fn close(&self, stream: u64) {
        self.send(Input::Closed(stream));
    }

    /// The time on the core's clocks.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// The deadline of an answer that may take this long, on the core's clock.
    pub fn deadline_ms(&self, within: Duration) -> u64 {
        self.clock.deadline_ms(within)
    }

    fn send(&self, input: Input<Ticket>) {
        // The core is gone only when the service is: dropped tickets report that.
        let _ = self.inputs.send(input);
    }
}
