//! How the rules use several cores without having threads of their own.

/// Runs the parts of a job, at once or one after the other. Given as an argument, so that the rules
/// stay free of threads.
pub trait Parallel: Sync {
    /// Calls `job` once with every number below `parts`, and returns when all calls have.
    fn each(&self, parts: usize, job: &(dyn Fn(usize) + Sync));

    /// How many parts run at once.
    fn width(&self) -> usize;
}

/// One part after the other, on the caller's thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequential;

impl Parallel for Sequential {
    fn each(&self, parts: usize, job: &(dyn Fn(usize) + Sync)) {
        (0..parts).for_each(job);
    }

    fn width(&self) -> usize {
        1
    }
}
