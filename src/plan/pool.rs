//! The threads that compute parts of steps, in pools of the crate's own: the host program's pool is never used.
//!
//! Plans with the same number of threads share a pool, which ends with the last of them. Waking a thread up takes as long as
//! its part of a small step, so the helpers of a run look for work until 200 µs after it, as the threads of OpenMP do for
//! longer, and then go to sleep.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long helpers stay awake after a run: longer than it takes to gather the next batch.
const AWAKE: Duration = Duration::from_micros(200);

/// All pools, to be shared by plans.
static POOLS: Mutex<Vec<Weak<Workers>>> = Mutex::new(Vec::new());

/// The pool of a plan, started by the first run that needs it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlanPool(Arc<OnceLock<Option<Arc<Workers>>>>);

impl PlanPool {
    /// Calls `f` in a thread of the pool.
    pub(crate) fn enter<R: Send>(&self, threads: usize, f: impl FnOnce() -> R + Send) -> R {
        match self.workers(threads) {
            Some(workers) if !workers.are_here() => workers.pool.install(f),
            _ => f(),
        }
    }

    /// Calls `f` in a thread of the pool, with the other threads awake meanwhile and for a moment after it.
    pub(crate) fn run<R: Send>(&self, threads: usize, f: impl FnOnce() -> R + Send) -> R {
        // Where the system starts no thread, all parts are computed in this one.
        let Some(workers) = self.workers(threads) else { return f() };
        self.enter(threads, || {
            let _busy = Busy::begin();
            workers.wake();
            let done = f();
            workers.wake();
            done
        })
    }

    /// Whether this is a thread of the pool.
    pub(crate) fn is_here(&self) -> bool {
        self.0.get().is_some_and(|workers| workers.as_ref().is_some_and(|workers| workers.are_here()))
    }

    fn workers(&self, threads: usize) -> Option<&Workers> {
        self.0.get_or_init(|| Workers::of(threads)).as_deref()
    }
}

/// The threads of a pool.
#[derive(Debug)]
struct Workers {
    pool: ThreadPool,
    /// How many threads the pool was asked for.
    threads: usize,
    helpers: Arc<Helpers>,
}

impl Workers {
    /// The pool for so many threads, but no more than there are processors; `None` if the system starts no thread.
    fn of(threads: usize) -> Option<Arc<Self>> {
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        if let Some(found) = pools.iter().filter_map(Weak::upgrade).find(|pool| pool.threads == threads) {
            return Some(found);
        }
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let builder = ThreadPoolBuilder::new().num_threads(threads.min(processors));
        let pool = builder.thread_name(|i| format!("chainrule {i}")).build().ok()?;
        let helpers = Helpers { start: Instant::now(), until: AtomicU64::new(0), awake: AtomicUsize::new(0) };
        let workers = Arc::new(Self { pool, threads, helpers: Arc::new(helpers) });
        pools.push(Arc::downgrade(&workers));
        Some(workers)
    }

    /// Whether this thread is one of them.
    fn are_here(&self) -> bool {
        self.pool.current_thread_index().is_some()
    }

    /// Keeps all threads but this one awake for a while.
    fn wake(&self) {
        let helpers = &self.helpers;
        helpers.until.store(helpers.now() + AWAKE.as_nanos() as u64, Ordering::Relaxed);
        let most = self.pool.current_num_threads() - 1;
        let one_more = |awake| (awake < most).then_some(awake + 1);
        while helpers.awake.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok() {
            let helpers = helpers.clone();
            self.pool.spawn(move || helpers.stay_awake());
        }
    }
}

thread_local! {
    /// Whether this thread is in a run, or looks for parts of steps already.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as busy until it is dropped. A run that waits for a part may take up any job of the pool: it must not
/// stay awake for another run before it goes on.
struct Busy {
    before: bool,
}

impl Busy {
    fn begin() -> Self {
        Self { before: BUSY.replace(true) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.set(self.before);
    }
}

/// The threads of a pool that look for parts of steps.
#[derive(Debug)]
struct Helpers {
    start: Instant,
    /// Until when to stay awake, in nanoseconds from the start.
    until: AtomicU64,
    /// How many threads do.
    awake: AtomicUsize,
}

impl Helpers {
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Computes whatever parts there are until it is time to sleep.
    fn stay_awake(&self) {
        let busy = Busy::begin();
        while !busy.before && self.now() < self.until.load(Ordering::Relaxed) {
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                std::hint::spin_loop();
            }
        }
        self.awake.fetch_sub(1, Ordering::AcqRel);
    }
}
