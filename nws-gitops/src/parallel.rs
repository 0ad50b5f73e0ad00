//! The same work for many things, on all cores.

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
    let threads = threads(items.len());
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

/// The same for work that cannot fail and uses its items up.
pub(crate) fn map<T: Send, R: Send>(mut items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = threads(items.len());
    if threads <= 1 {
        return items.into_iter().map(work).collect();
    }
    let (size, count) = (items.len().div_ceil(threads), items.len());
    thread::scope(|scope| {
        let work = &work;
        let mut running = Vec::new();
        while !items.is_empty() {
            let part = items.split_off(items.len().saturating_sub(size));
            running.push(scope.spawn(move || part.into_iter().map(work).collect::<Vec<_>>()));
        }
        let mut all = Vec::with_capacity(count);
        // The last part was taken first.
        for one in running.into_iter().rev() {
            all.extend(one.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    })
}

fn threads(items: usize) -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(items / WORTH_A_THREAD)
}

fn part_of<T, R, E>(part: &[T], work: impl FnMut(&T) -> Result<R, E>) -> Result<Vec<R>, E> {
    part.iter().map(work).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items_and_the_first_error_counts() {
        for count in [0, 1, 63, 64, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let doubled: Vec<_> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(items.clone(), |item| item * 2), doubled, "{count}");
            let double = || |item: &usize| Ok::<_, usize>(item * 2);
            assert_eq!(try_map(&items, double), Ok(doubled), "{count}");
            let odd = || |item: &usize| if *item > 50 { Err(*item) } else { Ok(()) };
            assert_eq!(try_map(&items, odd).err(), (count > 51).then_some(51), "{count}");
        }
    }
}
