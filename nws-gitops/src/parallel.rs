//! The same work for many things, on all cores.

use std::convert::Infallible;
use std::panic::resume_unwind;
use std::thread;

/// Fewer things are not worth a thread: starting one takes as long as reading some ten files.
const WORTH_A_THREAD: usize = 64;

/// Does `work` for every item; each thread makes its own tools first. Results are in the order of the items.
///
/// # Errors
///
/// The first one by order of the items.
pub(crate) fn try_map<T: Sync, R: Send, E: Send, W: FnMut(&T) -> Result<R, E>>(
    items: &[T],
    worker: impl Fn() -> W + Sync,
) -> Result<Vec<R>, E> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(items.len() / WORTH_A_THREAD);
    if threads <= 1 {
        return items.iter().map(worker()).collect();
    }
    thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(threads));
        let worker = &worker;
        let begin = |part| scope.spawn(move || part_of(part, worker()));
        let running: Vec<_> = parts.map(begin).collect();
        let mut all = Vec::with_capacity(items.len());
        for one in running {
            all.extend(one.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(all)
    })
}

/// [`try_map`] for work that cannot fail.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let Ok(all) = try_map(items, || |item: &T| Ok::<_, Infallible>(work(item)));
    all
}

fn part_of<T, R, E>(part: &[T], work: impl FnMut(&T) -> Result<R, E>) -> Result<Vec<R>, E> {
    part.iter().map(work).collect()
}
