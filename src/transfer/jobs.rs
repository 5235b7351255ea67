//! Short jobs on the blocking thread pool, of which few run at once.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// How many jobs a thread runs before other users of the pool get their turn. The pool may have a single thread.
const JOBS_IN_A_ROW: usize = 64;

type Work = Box<dyn FnOnce() + Send>;

/// Runs jobs in the order in which they are started, and a limited number of them at once.
///
/// A thread that has finished a job takes the next one itself. If each job went to the pool on its own, the pool would
/// start further threads whenever the finished ones have not been scheduled to go idle, hundreds on a busy machine.
#[derive(Clone)]
pub(crate) struct Jobs(Arc<Shared>);

struct Shared {
    max_threads: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    /// The number of threads that run jobs or will do so.
    threads: usize,
}

impl Jobs {
    pub(crate) fn new(max_threads: usize) -> Self {
        Self(Arc::new(Shared { max_threads: max_threads.max(1), state: Mutex::default() }))
    }

    /// Starts a job. It must be short and wait for nothing but the disk.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Job<T> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.0.lock();
        // Nobody receives the result of a transfer that was dropped.
        state.waiting.push_back(Box::new(move || _ = sender.send(work())));
        if state.threads < self.0.max_threads {
            state.threads += 1;
            self.0.clone().spawn();
        }
        Job(receiver)
    }

    /// Runs a job, like [`Self::start`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.start(work).finish().await
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs jobs on a thread of the pool, which is counted already.
    fn spawn(self: Arc<Self>) {
        spawn_blocking(move || {
            for _ in 0..JOBS_IN_A_ROW {
                let Some(work) = self.next_job() else { return };
                // The transfer notices a job that has panicked, because it gets no result.
                _ = panic::catch_unwind(AssertUnwindSafe(work));
            }
            self.spawn();
        });
    }

    /// Returns the next job. If there is none, the thread is no longer counted.
    fn next_job(&self) -> Option<Work> {
        let mut state = self.lock();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.threads -= 1;
        }
        next
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Jobs")
            .field("waiting", &state.waiting.len())
            .field("threads", &state.threads)
            .finish_non_exhaustive()
    }
}

/// A job that was started.
#[derive(Debug)]
pub(crate) struct Job<T>(oneshot::Receiver<io::Result<T>>);

impl<T> Job<T> {
    pub(crate) async fn finish(self) -> io::Result<T> {
        self.0.await.map_err(io::Error::other)?
    }

    /// Returns the result if the job has ended.
    #[cfg(feature = "fs")]
    pub(crate) fn try_finish(&mut self) -> Option<io::Result<T>> {
        match self.0.try_recv() {
            Ok(result) => Some(result),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(error @ oneshot::error::TryRecvError::Closed) => Some(Err(io::Error::other(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use futures::future;

    use super::*;

    #[tokio::test]
    async fn jobs_return_their_results() {
        let jobs = Jobs::new(0);
        assert_eq!(jobs.run(|| Ok(7)).await.unwrap(), 7);
        let error = jobs.run(|| Err::<(), _>(io::Error::other("full"))).await.unwrap_err();
        assert_eq!(error.to_string(), "full");
    }

    #[tokio::test]
    async fn job_that_panics_fails_and_the_next_one_runs() {
        let jobs = Jobs::new(1);
        assert!(jobs.run(|| -> io::Result<()> { panic!("expected") }).await.is_err());
        assert_eq!(jobs.run(|| Ok(1)).await.unwrap(), 1);
    }

    #[test]
    fn few_jobs_run_at_once_and_others_get_a_thread_between_them() {
        for (pool, max) in [(1, 1), (8, 2)] {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().max_blocking_threads(pool).build().unwrap();
            let (jobs, running, most) = (Jobs::new(max), AtomicUsize::new(0), AtomicUsize::new(0));
            let counters = Arc::new((running, most));
            // The first job ends when all others wait.
            let (all_started, first) = mpsc::channel::<()>();
            let first = Mutex::new(Some(first));
            let work = async {
                let started: Vec<_> = (0..10 * JOBS_IN_A_ROW)
                    .map(|number| {
                        let counters = counters.clone();
                        let gate = first.lock().unwrap().take();
                        jobs.start(move || {
                            if let Some(gate) = gate {
                                _ = gate.recv_timeout(Duration::from_secs(10));
                            }
                            let (running, most) = &*counters;
                            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            running.fetch_sub(1, Ordering::SeqCst);
                            Ok(number)
                        })
                    })
                    .collect();
                // Runs before all jobs are done, although they have the only thread.
                let waiting = jobs.clone();
                let other = spawn_blocking(move || waiting.0.lock().waiting.len());
                all_started.send(()).unwrap();
                assert!(pool > 1 || other.await.unwrap() > 0);
                let results = future::join_all(started.into_iter().map(Job::finish)).await;
                for (number, result) in results.into_iter().enumerate() {
                    assert_eq!(result.unwrap(), number);
                }
            };
            runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), work).await }).unwrap();
            assert!((1..=max).contains(&counters.1.load(Ordering::SeqCst)));
        }
    }
}
