//! The retry budget: how many retries all calls of a client may make.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::error::{Error, ErrorKind, RetryHint};
use crate::http::retry::RetryPolicy;

/// What a retry costs.
const RETRY: u32 = 5;

/// What a retry after a timeout costs: the failed attempt has occupied the server for a long time.
const RETRY_AFTER_TIMEOUT: u32 = 10;

/// How long a failed name resolution is retried. A temporary failure of a resolver, which is common in clusters, cannot
/// be told apart from a name that does not exist.
const NAME_RESOLUTION: Duration = Duration::from_secs(10);

/// A token bucket, as the standard mode of the AWS SDKs has it.
///
/// Retries take tokens, and successes return them. While most requests succeed, the bucket stays full, and has no
/// effect. When a server is down, the bucket is empty soon, and then each call makes one attempt, so that many clients
/// do not multiply the load of a server that is about to recover.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: AtomicU32,
    capacity: u32,
    is_limited: bool,
    /// How many attempts the server has throttled.
    throttled: AtomicU64,
}

/// A failed attempt, about which the budget decides.
pub(super) struct FailedAttempt<'a> {
    /// How many attempts were made.
    pub(super) attempts: u32,
    /// The time since the first one started.
    pub(super) elapsed: Duration,
    /// The time that the server asks to wait.
    pub(super) retry_after: Option<Duration>,
    pub(super) error: &'a Error,
}

impl RetryBudget {
    /// A budget of so many retries without a success. `None` is no limit.
    pub(super) fn new(retries: Option<u32>) -> Self {
        let capacity = retries.unwrap_or_default().saturating_mul(RETRY);
        Self {
            tokens: AtomicU32::new(capacity),
            capacity,
            is_limited: retries.is_some(),
            throttled: AtomicU64::new(0),
        }
    }

    /// Counts a failed attempt if the server has throttled it.
    pub(super) fn count_throttled(&self, error: &Error) {
        if error.kind() == ErrorKind::RateLimited || error.status() == Some(503) {
            self.throttled.fetch_add(1, Relaxed);
        }
    }

    /// How many attempts the server has throttled.
    #[cfg(feature = "fs")]
    pub(super) fn throttled(&self) -> u64 {
        self.throttled.load(Relaxed)
    }

    /// The backoff before the next attempt, or `None` if `policy` or the budget permit none.
    pub(super) fn backoff(&self, policy: &RetryPolicy, failed: &FailedAttempt<'_>) -> Option<Duration> {
        let backoff = policy.backoff(failed.attempts, failed.elapsed, failed.retry_after)?;
        match failed.error.retry_hint() {
            RetryHint::Never => return None,
            RetryHint::Briefly if failed.elapsed.saturating_add(backoff) > NAME_RESOLUTION => return None,
            RetryHint::Briefly | RetryHint::Policy => {}
        }
        if !self.is_limited {
            return Some(backoff);
        }
        let is_timeout = failed.error.kind() == ErrorKind::Timeout;
        let cost = if is_timeout { RETRY_AFTER_TIMEOUT } else { RETRY };
        let taken = self.tokens.fetch_update(Relaxed, Relaxed, |tokens| tokens.checked_sub(cost));
        if taken.is_err() {
            tracing::debug!("the retry budget of the client is exhausted, the request is not retried");
            return None;
        }
        Some(backoff)
    }

    /// Returns tokens after a success: those of the last retry, or one for a success with the first attempt.
    pub(super) fn succeed(&self, attempts: u32) {
        let returned = if attempts > 1 { RETRY } else { 1 };
        if self.is_limited && self.tokens.load(Relaxed) < self.capacity {
            let add = |tokens: u32| Some(tokens.saturating_add(returned).min(self.capacity));
            _ = self.tokens.fetch_update(Relaxed, Relaxed, add);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(budget: &RetryBudget, error: &Error, elapsed: Duration) -> bool {
        let failed = FailedAttempt { attempts: 1, elapsed, retry_after: None, error };
        budget.backoff(&RetryPolicy::default(), &failed).is_some()
    }

    #[test]
    fn exhausted_budget_ends_retries_until_requests_succeed() {
        let budget = RetryBudget::new(Some(3));
        let error = Error::transport(ErrorKind::Transport, "", true);
        let retry = || retries(&budget, &error, Duration::ZERO);
        assert!(retry() && retry() && retry() && !retry());
        // The retry of one call succeeds, and five calls succeed with their first attempt.
        budget.succeed(2);
        assert!(retry() && !retry());
        for _ in 0..5 {
            assert!(!retry());
            budget.succeed(1);
        }
        assert!(retry() && !retry());
    }

    #[test]
    fn timeout_costs_two_retries() {
        let budget = RetryBudget::new(Some(4));
        let error = Error::transport(ErrorKind::Timeout, "", false);
        let retry = || retries(&budget, &error, Duration::ZERO);
        assert!(retry() && retry() && !retry());
        let unlimited = RetryBudget::new(None);
        assert!((0..10_000).all(|_| retries(&unlimited, &error, Duration::ZERO)));
    }

    #[test]
    fn throttled_attempts_are_counted() {
        let budget = RetryBudget::new(None);
        budget.count_throttled(&Error::new(ErrorKind::RateLimited, "", ""));
        budget.count_throttled(&Error::new(ErrorKind::Server, "", ""));
        budget.count_throttled(&Error::new(ErrorKind::Transport, "", ""));
        assert_eq!(budget.throttled.load(Relaxed), 1);
    }

    #[test]
    fn hints_limit_retries() {
        let budget = RetryBudget::new(None);
        let error = |hint| Error::transport(ErrorKind::Transport, "", true).with_retry_hint(hint);
        assert!(!retries(&budget, &error(RetryHint::Never), Duration::ZERO));
        let late = Duration::from_secs(11);
        assert!(retries(&budget, &error(RetryHint::Briefly), Duration::from_secs(5)));
        assert!(!retries(&budget, &error(RetryHint::Briefly), late));
        assert!(retries(&budget, &error(RetryHint::Policy), late));
    }
}
