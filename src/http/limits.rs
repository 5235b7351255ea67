//! The time limits of the attempts of a call.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, ErrorKind, Result};
use crate::http::call::Call;
use crate::http::deadline::{self, Deadline};
use crate::http::failure::endpoint_of;

/// The time limits of a request.
#[derive(Debug)]
pub(super) struct Limits {
    deadline: Option<Deadline>,
    attempt_timeout: Option<Duration>,
    /// Whether the request changes something, and a second one could change it again.
    is_change: bool,
    /// Whether an error of the deadline names the request.
    is_recorded: bool,
    /// Whether the deadline counts the request among those that may have taken effect.
    is_outcome_unknown: AtomicBool,
}

impl Limits {
    /// The limits of a call, whose time starts now unless the call is a part of another one.
    pub(super) fn of(call: &Call) -> Self {
        let mut options = call.options().clone();
        _ = options.start();
        let deadline = options.deadline().cloned();
        let is_recorded = deadline
            .as_ref()
            .is_some_and(|deadline| deadline.begin_request(call.operation().id, call.describe()));
        Self {
            deadline,
            attempt_timeout: options.attempt_limit(),
            is_change: !call.class().is_idempotent(),
            is_recorded,
            is_outcome_unknown: AtomicBool::new(false),
        }
    }

    /// Whether a retry after `backoff` starts before the end of the call.
    pub(super) fn allow(&self, backoff: Duration) -> bool {
        self.deadline.as_ref().is_none_or(|deadline| deadline.allows(backoff))
    }

    /// Records whether the request may have taken effect so far.
    pub(super) fn set_outcome_unknown(&self, yes: bool) {
        let Some(deadline) = &self.deadline else { return };
        if self.is_outcome_unknown.swap(yes, Relaxed) != yes {
            deadline.count_unknown(yes);
        }
    }

    /// Waits for what precedes an attempt, until the end of the call.
    pub(super) async fn prepare<T>(&self, preparation: impl Future<Output = Result<T>>) -> Result<T> {
        deadline::bound(self.deadline.clone(), preparation).await
    }

    /// Runs one attempt, within its own time and that of the call.
    pub(super) async fn attempt<T, E: From<Error>>(
        &self,
        call: &Call,
        attempt: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if let Some(deadline) = &self.deadline {
            if self.is_recorded {
                deadline.begin_attempt();
            }
            if self.is_change {
                self.set_outcome_unknown(true);
            }
        }
        let outcome = match self.end_of_attempt() {
            Some(end) => match timeout_at(end, attempt).await {
                Ok(outcome) => outcome,
                Err(_) => return Err(self.elapsed(call, end).into()),
            },
            None => attempt.await,
        };
        if outcome.is_ok() {
            self.set_outcome_unknown(false);
        }
        outcome
    }

    /// The time at which an attempt that starts now must have ended.
    fn end_of_attempt(&self) -> Option<Instant> {
        let own = self.attempt_timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        [own, self.deadline.as_ref().map(Deadline::end)].into_iter().flatten().min()
    }

    /// The error of an attempt that has not ended at `end`.
    fn elapsed(&self, call: &Call, end: Instant) -> Error {
        match (&self.deadline, self.attempt_timeout) {
            (Some(deadline), _) if deadline.end() <= end => deadline.error(),
            (_, timeout) => {
                let (endpoint, timeout) = (endpoint_of(call.url()), timeout.unwrap_or_default());
                let message =
                    format!("no complete response from {endpoint} within the attempt timeout of {timeout:?}");
                Error::transport(ErrorKind::Timeout, message, false)
            }
        }
    }
}
