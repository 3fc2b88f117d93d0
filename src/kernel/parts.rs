//! Work in parts, for several threads.

/// The part of the whole that goes to the first half of the threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    threads: usize,
    of: usize,
}

impl Share {
    /// So much of `len`, a multiple of `unit` or all.
    pub(crate) fn of(self, len: usize, unit: usize) -> usize {
        let share = (len as u128 * self.threads as u128 / self.of as u128) as usize;
        share.checked_next_multiple_of(unit).unwrap_or(len).min(len)
    }
}

/// The most parts that work is split into, more than there are processors in one machine: whatever number is asked for,
/// parts and the room for each stay within bounds.
pub(crate) const MOST_THREADS: usize = 1024;

/// Halves some work until there is a part for each thread, up to [`MOST_THREADS`], and runs them; some may be empty.
///
/// Threads help in a pool of rayon's; elsewhere one thread runs all parts, so that the host program's pool is not used.
///
/// The parts depend on the work and on the number of threads that is asked for, and not on who runs them: so do the
/// numbers. And since all work is halved in the same way, a thread mostly finds in its cache what it worked on before.
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
