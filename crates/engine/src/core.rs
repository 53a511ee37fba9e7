//! The interface of a core, to the engine and to a simulation.

use crate::Now;

/// The inputs that every core has besides its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The first input, and the only one of its kind.
    Start,
    /// Time has passed: [`Core::wake_ms`] has come, or nothing else happened for a while.
    Wake,
    /// Accept nothing new, finish what is in flight within the core's own limits, and report the end by an output. Given once.
    Stop,
}

/// A state machine that only decides. The same inputs at the same times give the same outputs.
pub trait Core {
    /// Its inputs. One of the variants is a [`Signal`].
    type Input: From<Signal>;
    /// An action to perform, or a report.
    type Output;

    /// Takes one input; appends what follows from it to `out`.
    fn step(&mut self, now: Now, input: Self::Input, out: &mut Vec<Self::Output>);

    /// The latest time for the next [`Signal::Wake`], on the clock of [`Now::elapsed_ms`]. `None`: not before another input.
    fn wake_ms(&self) -> Option<u64>;

    /// True while inputs of the second queue of [`Engine::with_second_queue`](crate::Engine::with_second_queue) must stay queued.
    fn is_full(&self) -> bool {
        false
    }
}
