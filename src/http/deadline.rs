//! The time limit of a call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, ErrorKind, Result};

/// The end of a call that has the option `timeout`, and what the call has done so far.
///
/// All requests of the call share it, so that an error at its end names the last request, and says whether a change may
/// have taken effect.
#[derive(Clone, Debug)]
pub struct Deadline(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    end: Instant,
    timeout: Duration,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// The operation of the recorded request, and what it does.
    request: Option<(&'static str, String)>,
    /// The number of attempts of the recorded request.
    attempts: u32,
    /// The number of requests that may take effect although no success was reported: those in flight, and those whose
    /// response was lost.
    unknown: usize,
}

impl Deadline {
    /// Starts a time limit. Returns `None` for a time that has no end, such as `Duration::MAX`.
    pub(crate) fn start(timeout: Duration) -> Option<Self> {
        let end = Instant::now().checked_add(timeout)?;
        Some(Self(Arc::new(Shared { end, timeout, progress: Mutex::default() })))
    }

    /// Returns the time at which the call ends.
    pub(crate) fn end(&self) -> Instant {
        self.0.end
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.0.end
    }

    /// Whether something can start after this time.
    pub(crate) fn allows(&self, delay: Duration) -> bool {
        Instant::now().checked_add(delay).is_some_and(|start| start < self.0.end)
    }

    /// Records a request of the call, and returns `true`. A request whose outcome is unknown stays recorded, and not those
    /// that check it.
    pub(crate) fn begin_request(&self, operation: &'static str, action: String) -> bool {
        self.with(|progress| {
            let is_recorded = progress.unknown == 0;
            if is_recorded {
                (progress.request, progress.attempts) = (Some((operation, action)), 0);
            }
            is_recorded
        })
    }

    /// Records an attempt of the recorded request.
    pub(crate) fn begin_attempt(&self) {
        self.with(|progress| progress.attempts += 1);
    }

    /// Records that a request may take effect although no success was reported, or with `false` that this is settled.
    pub(crate) fn count_unknown(&self, yes: bool) {
        self.with(|progress| {
            progress.unknown = if yes { progress.unknown + 1 } else { progress.unknown.saturating_sub(1) };
        });
    }

    /// Returns the error of the call at its end.
    pub(crate) fn error(&self) -> Error {
        self.with(|progress| {
            let message = format!("not completed within the timeout of {:?}", self.0.timeout);
            let error = Error::transport(ErrorKind::Timeout, message, progress.unknown == 0);
            let error = error.after(progress.attempts, progress.unknown > 0);
            match &progress.request {
                Some((operation, action)) => error.during(operation, || action.clone()),
                None => error,
            }
        })
    }

    fn with<T>(&self, use_progress: impl FnOnce(&mut Progress) -> T) -> T {
        use_progress(&mut self.0.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs a call until its deadline.
pub(crate) async fn bound<T>(deadline: Option<Deadline>, call: impl Future<Output = Result<T>>) -> Result<T> {
    match deadline {
        None => call.await,
        Some(deadline) => match timeout_at(deadline.end(), call).await {
            // The outcome could not be checked in time.
            Ok(Err(error)) if error.is_outcome_unknown() && error.kind() != ErrorKind::Timeout => {
                Err(if deadline.is_over() { deadline.error().with_source(error) } else { error })
            }
            Ok(outcome) => outcome,
            Err(_) => Err(deadline.error()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn call_ends_at_its_deadline() {
        let start = Instant::now();
        let deadline = Deadline::start(Duration::from_secs(5));
        let error = bound(deadline, std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(!error.is_outcome_unknown());
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn error_names_the_request_and_its_unknown_outcome() {
        let deadline = Deadline::start(Duration::from_secs(5)).unwrap();
        deadline.begin_request("commit", "commit to branch \"b\"".to_owned());
        deadline.begin_attempt();
        deadline.count_unknown(true);
        // A request that checks the outcome.
        assert!(!deadline.begin_request("get_branch", "get branch".to_owned()));
        let error = deadline.error();
        assert_eq!((error.operation(), error.attempts()), (Some("commit"), 1));
        assert!(error.is_outcome_unknown());
        assert!(error.to_string().starts_with("commit to branch \"b\": "), "{error}");
        deadline.count_unknown(false);
        assert!(!deadline.error().is_outcome_unknown());
    }

    #[test]
    fn longest_duration_is_no_limit() {
        assert!(Deadline::start(Duration::MAX).is_none());
    }
}
