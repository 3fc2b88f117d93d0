//! Work split for several threads by recursive halving.

use std::ops::Range;

/// The share of the work for the first half of the threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    threads: usize,
    of: usize,
}

impl Share {
    /// This share of `len`, rounded up to a multiple of `unit` and at most `len`.
    pub(crate) fn of(self, len: usize, unit: usize) -> usize {
        let share = (len as u128 * self.threads as u128 / self.of as u128) as usize;
        share.checked_next_multiple_of(unit).unwrap_or(len).min(len)
    }
}

/// The most parts that work is split into, more than a machine has processors: it bounds the buffers per part, whatever
/// number of threads is asked for.
pub(crate) const MOST_THREADS: usize = 1024;

/// Halves work until there is a part for each thread, up to [`MOST_THREADS`], and runs the parts; some may be empty.
///
/// Threads help in a pool of rayon's; elsewhere one thread runs all parts, so that the host program's pool is not used.
///
/// The parts, and so the results, depend only on the work and the requested number of threads, not on which thread runs
/// what. Since all work is split in the same way, a thread mostly finds its earlier data in its cache.
pub(crate) fn in_parts<W: Send>(
    work: W,
    threads: usize,
    split: &(impl Fn(W, Share) -> (W, W) + Sync),
    run: &(impl Fn(W) + Sync),
) {
    let threads = threads.min(MOST_THREADS);
    if threads <= 1 {
        return run(work);
    }
    let few = threads / 2;
    let (a, b) = split(work, Share { threads: few, of: threads });
    let (first, second) = (|| in_parts(a, few, split, run), || in_parts(b, threads - few, split, run));
    if rayon::current_thread_index().is_some() {
        rayon::join(first, second);
    } else {
        first();
        second();
    }
}

/// Calls `f(first, part)` for parts of a buffer that are whole chunks of `len` elements, as many parts as threads; `first`
/// counts the chunks in front of a part. A rest that is no whole chunk is left out.
pub(crate) fn chunks_in_parts<T: Send>(
    y: &mut [T],
    len: usize,
    threads: usize,
    f: &(impl Fn(usize, &mut [T]) + Sync),
) {
    if len == 0 {
        return;
    }
    let count = y.len() / len;
    let all = Chunks { count: 0..count, y: &mut y[..count * len], len };
    in_parts(all, threads.min(count), &Chunks::halve, &|part| f(part.count.start, part.y));
}

/// Some chunks of a buffer, counted from its start.
struct Chunks<'a, T> {
    count: Range<usize>,
    y: &'a mut [T],
    len: usize,
}

impl<T> Chunks<'_, T> {
    fn halve(self, share: Share) -> (Self, Self) {
        let Self { count, y, len } = self;
        let done = share.of(count.len(), 1);
        let (y, rest) = y.split_at_mut(done * len);
        let middle = count.start + done;
        (Self { count: count.start..middle, y, len }, Self { count: middle..count.end, y: rest, len })
    }
}
