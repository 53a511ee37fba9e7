//! What the engine and a simulation know of a core.

use crate::Now;

/// What every core is told beside its own inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The first input, and the only one of its kind.
    Start,
    /// Time has passed: [`Core::wake_ms`] has come, or nothing else happened for a while.
    Wake,
    /// Take on nothing new, finish what is under way within limits of the core's own, and say so by an output. Given once.
    Stop,
}

/// A state machine that decides and does nothing else. The same inputs at the same times give the same outputs.
pub trait Core {
    /// What it is told. One of its variants is a [`Signal`].
    type Input: From<Signal>;
    /// What it wants done, or reports.
    type Output;

    /// Takes one input; appends what follows from it to `out`.
    fn step(&mut self, now: Now, input: Self::Input, out: &mut Vec<Self::Output>);

    /// When the core must be given [`Signal::Wake`] at the latest, on the clock of [`Now::elapsed_ms`]. `None`: not before
    /// something else happens.
    fn wake_ms(&self) -> Option<u64>;

    /// Whether inputs of the second queue of [`Engine::with_second_queue`](crate::Engine::with_second_queue) have to wait where they are.
    fn is_full(&self) -> bool {
        false
    }
}
