//! The parallelism that the rules take as an argument, on rayon's threads.

use chain::parallel::Parallel;
pub use rayon::ThreadPool;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

/// A pool with a thread per core, named `NAME-0` and so on, separate from other pools.
pub fn pool(name: &'static str) -> Result<ThreadPool, ThreadPoolBuildError> {
    let builder = ThreadPoolBuilder::new();
    builder.thread_name(move |n| format!("{name}-{n}")).build()
}

/// Spreads jobs over the rayon pool that the caller runs in (the global one outside of any).
#[derive(Clone, Copy, Debug, Default)]
pub struct Rayon;

impl Parallel for Rayon {
    fn each(&self, parts: usize, job: &(dyn Fn(usize) + Sync)) {
        if parts == 1 {
            return job(0);
        }
        rayon::scope(|scope| {
            for part in 0..parts {
                scope.spawn(move |_| job(part));
            }
        });
    }

    fn width(&self) -> usize {
        rayon::current_num_threads()
    }
}
