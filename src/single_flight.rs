//! Work that many callers need and one of them starts.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::error::{Error, ErrorKind, Result};

/// How long the first failure is remembered. Each further one in a row is remembered twice as long.
const MIN_BACKOFF: Duration = Duration::from_secs(1);

/// The longest time that a failure is remembered.
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Runs one piece of work at a time for all callers, which share its result.
///
/// A failure is remembered for a moment: callers get it at once, and no new work starts. The work is a task of its own,
/// so it completes even if the caller that started it is dropped.
pub(crate) struct SingleFlight<T> {
    state: Arc<Mutex<State<T>>>,
}

struct State<T> {
    running: Option<Outcome<T>>,
    failure: Option<Failure>,
}

/// The result of running work, once it has completed.
type Outcome<T> = watch::Receiver<Option<Result<T>>>;

struct Failure {
    error: Error,
    remembered_until: Instant,
    backoff: Duration,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self { state: Arc::new(Mutex::new(State { running: None, failure: None })) }
    }
}

impl<T: Clone + Send + Sync + 'static> SingleFlight<T> {
    /// Returns the value of `ready`. Without one, waits for the running work, or for new work that `start` returns.
    pub(crate) async fn get(
        &self,
        ready: impl Fn() -> Option<T>,
        start: impl Fn() -> BoxFuture<'static, Result<T>>,
    ) -> Result<T> {
        // The work ends without a result if it panics, or if the runtime of the caller that started it is shut down.
        const TRIES: u32 = 2;
        for _ in 0..TRIES {
            let mut outcome = {
                let mut state = self.lock();
                if let Some(value) = ready() {
                    return Ok(value);
                }
                match state.running() {
                    Some(running) => running,
                    None => match state.remembered() {
                        Some(error) => return Err(error),
                        None => self.spawn(&mut state, start())?,
                    },
                }
            };
            if let Ok(result) = outcome.wait_for(Option::is_some).await {
                match &*result {
                    Some(Ok(value)) => return Ok(value.clone()),
                    Some(Err(error)) => return Err(error.duplicate()),
                    None => {}
                }
            }
        }
        Err(Error::new(ErrorKind::Cancelled, "", "a task that other calls wait for ended without a result"))
    }

    /// Starts the work and does not wait for it, unless it is not `needed` any more, is running or has just failed.
    pub(crate) fn start(&self, needed: impl Fn() -> bool, start: impl Fn() -> BoxFuture<'static, Result<T>>) {
        let mut state = self.lock();
        if needed() && state.running().is_none() && state.remembered().is_none() {
            // Without a runtime, the next caller that waits reports it.
            _ = self.spawn(&mut state, start());
        }
    }

    fn spawn(&self, state: &mut State<T>, work: BoxFuture<'static, Result<T>>) -> Result<Outcome<T>> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::new(ErrorKind::Config, "", "there is no tokio runtime").with_source(error)
        })?;
        let (sender, receiver) = watch::channel(None);
        state.running = Some(receiver.clone());
        let shared = Arc::clone(&self.state);
        let task = async move {
            let result = work.await;
            {
                let mut state = lock(&shared);
                state.running = None;
                state.failure =
                    result.as_ref().err().map(|error| Failure::after(state.failure.as_ref(), error));
            }
            // Nobody may be waiting.
            _ = sender.send(Some(result));
        };
        runtime.spawn(task.in_current_span());
        Ok(receiver)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> State<T> {
    /// The running work. Work that ended without a result is not running.
    fn running(&self) -> Option<Outcome<T>> {
        self.running.clone().filter(|running| running.has_changed().is_ok())
    }

    /// The error of the last work, if it has just failed.
    fn remembered(&self) -> Option<Error> {
        let failure = self.failure.as_ref().filter(|failure| Instant::now() < failure.remembered_until)?;
        Some(failure.error.duplicate())
    }
}

impl Failure {
    fn after(previous: Option<&Self>, error: &Error) -> Self {
        let backoff = previous.map_or(MIN_BACKOFF, |previous| (previous.backoff * 2).min(MAX_BACKOFF));
        Self { error: error.duplicate(), remembered_until: Instant::now() + backoff, backoff }
    }
}

impl<T> fmt::Debug for SingleFlight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;

    /// Counts the starts of work that takes 500 ms.
    #[derive(Clone, Default)]
    struct Work(Arc<AtomicU32>);

    impl Work {
        fn starts(&self) -> u32 {
            self.0.load(SeqCst)
        }

        fn start(&self, result: fn(u32) -> Result<u32>) -> BoxFuture<'static, Result<u32>> {
            let number = self.0.fetch_add(1, SeqCst) + 1;
            async move {
                tokio::time::sleep(Duration::from_millis(500)).await;
                result(number)
            }
            .boxed()
        }
    }

    fn failure(number: u32) -> Result<u32> {
        Err(Error::new(ErrorKind::Server, "", format!("failure {number}")))
    }

    fn nothing() -> Option<u32> {
        None
    }

    #[tokio::test(start_paused = true)]
    async fn callers_share_one_failure_which_is_remembered() {
        let (flight, work) = (SingleFlight::default(), Work::default());
        let start = Instant::now();
        let get = || flight.get(nothing, || work.start(failure));
        for result in join_all((0..20).map(|_| get())).await {
            assert_eq!(result.unwrap_err().message(), "failure 1");
        }
        assert_eq!((work.starts(), start.elapsed()), (1, Duration::from_millis(500)));

        assert_eq!(get().await.unwrap_err().message(), "failure 1");
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(get().await.unwrap_err().message(), "failure 1");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(get().await.unwrap_err().message(), "failure 2");
        // The second failure is remembered for 2 seconds.
        tokio::time::advance(Duration::from_millis(1999)).await;
        assert_eq!(get().await.unwrap_err().message(), "failure 2");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(flight.get(nothing, || work.start(Ok)).await.unwrap(), 3);
        // A success resets the time.
        assert_eq!(get().await.unwrap_err().message(), "failure 4");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(get().await.unwrap_err().message(), "failure 5");
    }

    #[tokio::test(start_paused = true)]
    async fn work_completes_without_the_caller_that_started_it() {
        let (flight, work) = (SingleFlight::default(), Work::default());
        let mut first = Box::pin(flight.get(nothing, || work.start(Ok)));
        assert!((&mut first).now_or_never().is_none());
        drop(first);
        assert_eq!(flight.get(nothing, || work.start(Ok)).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn panic_of_the_work_is_an_error() {
        let flight = SingleFlight::<u32>::default();
        let panics = || async { panic!("no result") }.boxed();
        let error = flight.get(nothing, panics).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert_eq!(flight.get(nothing, || Work::default().start(Ok)).await.unwrap(), 1);
    }

    #[test]
    fn caller_outlives_the_runtime_that_started_the_work() {
        let (flight, work) = (SingleFlight::default(), Work::default());
        let runtime = || {
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
        };
        let first = runtime();
        first.block_on(async { flight.start(|| true, || work.start(Ok)) });
        drop(first);
        let result = runtime().block_on(flight.get(nothing, || work.start(Ok)));
        assert_eq!((result.unwrap(), work.starts()), (2, 2));
    }
}
