//! How the rules use several cores without having threads of their own.

use std::sync::OnceLock;

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

/// Items that one part of a job takes: as many signatures as a batch needs to be worth it.
const PART: usize = 128;

/// Maps pieces of `items`, each with its number, and gives the results in order.
pub(crate) fn map_parts<T: Sync, R: Send + Sync>(
    items: &[T],
    parallel: &dyn Parallel,
    job: impl Fn(usize, &[T]) -> R + Sync,
) -> Vec<R> {
    // Few items are shared out evenly, so that no core waits for another.
    let length = items.len().div_ceil(parallel.width().max(1)).clamp(1, PART);
    let pieces: Vec<&[T]> = items.chunks(length).collect();
    let results: Vec<OnceLock<R>> = pieces.iter().map(|_| OnceLock::new()).collect();
    parallel.each(pieces.len(), &|part| {
        let _ = results[part].set(job(part, pieces[part]));
    });
    let results = results.into_iter().map(OnceLock::into_inner);
    results
        .map(|result| result.expect("every part is called once"))
        .collect()
}
