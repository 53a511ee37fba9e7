//! Lets the rules use several cores without threads of their own.

use std::sync::OnceLock;

/// Runs the parts of a job, concurrently or one after the other. It is passed as an argument, so that the rules
/// stay free of threads.
pub trait Parallel: Sync {
    /// Calls `job` once with every number below `parts`, and returns when all calls have.
    fn each(&self, parts: usize, job: &(dyn Fn(usize) + Sync));

    /// Number of parts that run at once.
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

/// Items per part of a job: as many signatures as make a batch worthwhile.
const PART: usize = 128;

/// Maps parts of `items`, each with its number, and returns the results in order.
pub(crate) fn map_parts<T: Sync, R: Send + Sync>(
    items: &[T],
    parallel: &dyn Parallel,
    job: impl Fn(usize, &[T]) -> R + Sync,
) -> Vec<R> {
    // Few items are divided evenly, so that no core waits for another.
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
