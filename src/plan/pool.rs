//! Threads that stay awake between the long steps of a plan, and for a moment after it.
//!
//! A thread that sleeps takes as long to wake up as a part of a step takes to compute. So the threads that are to help look
//! for work until some time after the last call, as those of OpenMP do, and then go to sleep.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long threads stay awake after a call: longer than it takes to gather the next batch.
const AWAKE: Duration = Duration::from_micros(200);

/// Threads of the pool that wait for parts of steps.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Watch>);

#[derive(Debug)]
struct Watch {
    start: Instant,
    /// Until when to stay awake, in nanoseconds from the start.
    until: AtomicU64,
    /// How many threads do.
    awake: AtomicUsize,
}

impl Default for Pool {
    fn default() -> Self {
        let watch = Watch { start: Instant::now(), until: AtomicU64::new(0), awake: AtomicUsize::new(0) };
        Self(Arc::new(watch))
    }
}

impl Pool {
    /// Calls `f` in a thread of the pool, which is this one if it is one, with so many others awake meanwhile and for a
    /// moment after it.
    pub(crate) fn over(&self, threads: usize, f: impl FnOnce() + Send) {
        let watched = || {
            self.call(threads);
            f();
            self.call(threads);
        };
        if rayon::current_thread_index().is_some() { watched() } else { rayon::scope(|_| watched()) }
    }

    /// Keeps so many threads awake for a while from now on.
    fn call(&self, threads: usize) {
        self.0.until.store(self.0.now() + AWAKE.as_nanos() as u64, Ordering::Relaxed);
        let threads = threads.min(rayon::current_num_threads());
        while self
            .0
            .awake
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < threads).then_some(n + 1))
            .is_ok()
        {
            let watch = self.0.clone();
            rayon::spawn(move || watch.keep());
        }
    }
}

impl Watch {
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Runs whatever parts there are until it is time to sleep.
    fn keep(&self) {
        while self.now() < self.until.load(Ordering::Relaxed) {
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                std::hint::spin_loop();
            }
        }
        self.awake.fetch_sub(1, Ordering::AcqRel);
    }
}
