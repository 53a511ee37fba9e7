//! The loop.

use std::ops::ControlFlow;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, never, select_biased};

use crate::{Clock, Core, Signal};

/// Longest sleep, and so the longest delay before the loop notices a stop.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// Shortest sleep while something is overdue that the core cannot do yet.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// The cadence of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// After each step, so that no output waits for later inputs. At most this many steps before [`Shell::after_burst`].
    EachStep(usize),
    /// In batches, after at most this many steps.
    Batch(usize),
}

/// Performs the outputs of a core.
pub trait Shell<C: Core> {
    /// The result of the loop.
    type End;

    /// Sees each input before the core does: metrics and traces.
    fn observe(&mut self, _input: &C::Input) {}

    /// Performs the outputs and leaves `out` empty. Immediate results (an append that was refused) go into `back`, which the
    /// core receives before any other input.
    fn perform(
        &mut self,
        out: &mut Vec<C::Output>,
        back: &mut Vec<C::Input>,
    ) -> ControlFlow<Self::End>;

    /// Runs after each burst of steps, once all outputs are performed, to publish status, progress and metrics of `core`.
    fn after_burst(&mut self, _core: &C) -> ControlFlow<Self::End> {
        ControlFlow::Continue(())
    }
}

/// A core with the queues of its inputs.
pub struct Engine<C: Core> {
    core: C,
    clock: Clock,
    inputs: Receiver<C::Input>,
    second: Option<Receiver<C::Input>>,
    cadence: Cadence,
    out: Vec<C::Output>,
}

impl<C: Core> Engine<C> {
    /// Creates an engine that has not started.
    pub fn new(core: C, clock: Clock, inputs: Receiver<C::Input>, cadence: Cadence) -> Engine<C> {
        Engine {
            core,
            clock,
            inputs,
            second: None,
            cadence,
            out: Vec::new(),
        }
    }

    /// Adds a queue whose inputs are taken when the first one is empty, and stay queued while the core
    /// [is full](Core::is_full).
    pub fn with_second_queue(mut self, inputs: Receiver<C::Input>) -> Engine<C> {
        self.second = Some(inputs);
        self
    }

    /// Steps the core until the shell breaks, which it does when the core reports its end. `stopped` is polled between bursts;
    /// once it holds, the core receives [`Signal::Stop`].
    pub fn run<S: Shell<C>>(mut self, shell: &mut S, stopped: &dyn Fn() -> bool) -> S::End {
        let mut stopping = false;
        let mut first = Signal::Start.into();
        loop {
            if let ControlFlow::Break(end) = self.burst(first, shell) {
                return end;
            }
            let stop = !stopping && stopped();
            stopping |= stop;
            first = if stop {
                Signal::Stop.into()
            } else {
                self.wait()
            };
        }
    }

    /// Steps with one input and those queued behind it.
    fn burst<S: Shell<C>>(&mut self, first: C::Input, shell: &mut S) -> ControlFlow<S::End> {
        let (limit, each) = match self.cadence {
            Cadence::EachStep(limit) => (limit, true),
            Cadence::Batch(limit) => (limit, false),
        };
        let mut next = Some(first);
        for _ in 0..limit {
            let Some(input) = next.take() else { break };
            self.step(input, shell);
            if each {
                self.perform(shell)?;
            }
            next = self.waiting();
        }
        if let Some(input) = next {
            // Taken already: it must reach the core.
            self.step(input, shell);
        }
        self.perform(shell)?;
        shell.after_burst(&self.core)
    }

    fn step<S: Shell<C>>(&mut self, input: C::Input, shell: &mut S) {
        shell.observe(&input);
        self.core.step(self.clock.now(), input, &mut self.out);
    }

    fn perform<S: Shell<C>>(&mut self, shell: &mut S) -> ControlFlow<S::End> {
        let mut back = Vec::new();
        while !self.out.is_empty() {
            shell.perform(&mut self.out, &mut back)?;
            for input in back.drain(..) {
                self.step(input, shell);
            }
        }
        ControlFlow::Continue(())
    }

    /// The next queued input, without waiting.
    fn waiting(&self) -> Option<C::Input> {
        if let Ok(input) = self.inputs.try_recv() {
            return Some(input);
        }
        let second = self.second.as_ref().filter(|_| !self.core.is_full())?;
        second.try_recv().ok()
    }

    /// The next input, or [`Signal::Wake`] when it is due.
    fn wait(&self) -> C::Input {
        let wait = self.core.wake_ms().map_or(LONGEST_WAIT, |at_ms| {
            Duration::from_millis(at_ms.saturating_sub(self.clock.now().elapsed_ms))
        });
        let wait = wait.clamp(SHORTEST_WAIT, LONGEST_WAIT);
        let Some(second) = &self.second else {
            return match self.inputs.recv_timeout(wait) {
                Ok(input) => input,
                Err(RecvTimeoutError::Timeout) => Signal::Wake.into(),
                Err(RecvTimeoutError::Disconnected) => disconnected(wait),
            };
        };
        let quiet = never();
        let second = if self.core.is_full() { &quiet } else { second };
        select_biased! {
            recv(self.inputs) -> input => input.unwrap_or_else(|_| disconnected(wait)),
            recv(second) -> input => input.unwrap_or_else(|_| disconnected(wait)),
            default(wait) => Signal::Wake.into(),
        }
    }
}

/// All senders are gone, so only time passes.
fn disconnected<I: From<Signal>>(wait: Duration) -> I {
    std::thread::sleep(wait);
    Signal::Wake.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Now;
    use crossbeam_channel::unbounded;

    #[derive(Debug, PartialEq)]
    enum Input {
        Signal(Signal),
        Number(u32),
    }

    impl From<Signal> for Input {
        fn from(signal: Signal) -> Input {
            Input::Signal(signal)
        }
    }

    /// Records its inputs, and is full at three numbers.
    #[derive(Default)]
    struct Recorder {
        numbers: Vec<u32>,
        full_at: usize,
    }

    impl Core for Recorder {
        type Input = Input;
        type Output = String;

        fn step(&mut self, _: Now, input: Input, out: &mut Vec<String>) {
            match input {
                Input::Number(number) => {
                    self.numbers.push(number);
                    out.push(number.to_string());
                }
                Input::Signal(Signal::Wake) => {}
                Input::Signal(signal) => out.push(format!("{signal:?}")),
            }
        }

        fn wake_ms(&self) -> Option<u64> {
            None
        }

        fn is_full(&self) -> bool {
            self.numbers.len() >= self.full_at
        }
    }

    /// Keeps the batches that it was given; gives one number back at once.
    #[derive(Default)]
    struct Batches {
        seen: Vec<Vec<String>>,
        give_back: Option<u32>,
    }

    impl Shell<Recorder> for Batches {
        type End = ();

        fn perform(&mut self, out: &mut Vec<String>, back: &mut Vec<Input>) -> ControlFlow<()> {
            let batch = std::mem::take(out);
            let ended = batch.iter().any(|output| output == "Stop");
            self.seen.push(batch);
            back.extend(self.give_back.take().map(Input::Number));
            if ended {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    }

    fn run(cadence: Cadence, full_at: usize, give_back: Option<u32>) -> Vec<Vec<String>> {
        let (first, inputs) = unbounded();
        let (second, later) = unbounded();
        for number in [1, 2] {
            first.send(Input::Number(number)).unwrap();
            second.send(Input::Number(number + 10)).unwrap();
        }
        let core = Recorder {
            full_at,
            ..Recorder::default()
        };
        let mut shell = Batches {
            give_back,
            ..Batches::default()
        };
        let engine = Engine::new(core, Clock::start(), inputs, cadence).with_second_queue(later);
        engine.run(&mut shell, &|| true);
        shell.seen
    }

    #[test]
    fn outputs_are_performed_step_by_step_or_in_batches() {
        assert_eq!(
            run(Cadence::EachStep(9), 9, None),
            [["Start"], ["1"], ["2"], ["11"], ["12"], ["Stop"]]
        );
        assert_eq!(
            run(Cadence::Batch(9), 9, None),
            [vec!["Start", "1", "2", "11", "12"], vec!["Stop"]]
        );
    }

    #[test]
    fn what_comes_back_at_once_is_stepped_before_anything_else() {
        let seen = run(Cadence::EachStep(9), 9, Some(7));
        assert_eq!(seen[..3], [["Start"], ["7"], ["1"]]);
    }

    #[test]
    fn a_full_core_leaves_the_second_queue_alone() {
        assert_eq!(
            run(Cadence::Batch(9), 3, None),
            [vec!["Start", "1", "2", "11"], vec!["Stop"]]
        );
    }

    #[test]
    fn what_was_taken_when_the_burst_ended_is_not_lost() {
        let seen = run(Cadence::Batch(2), 9, None);
        assert_eq!(seen, [["Start", "1", "2"], ["Stop", "11", "12"]]);
    }
}
