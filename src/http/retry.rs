//! The retry policy: how often and how long a client retries.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How often, how fast and for how long a client retries failed requests.
///
/// The client retries after status 429 or 503, and after a lost race of two writers on one branch (500
/// `predicate failed`). It retries idempotent operations also after broken connections, timeouts, 502 and 504. The
/// backoff doubles with each attempt and has full jitter; it is added to the time of a `Retry-After` header. The
/// [retry budget](crate::ClientBuilder::retry_budget) of the client limits the retries of all requests together.
///
/// Set it with [`ClientBuilder::retries`](crate::ClientBuilder::retries).
///
/// ```
/// use std::time::Duration;
/// use lakefs::RetryPolicy;
///
/// let policy = RetryPolicy::default().max_attempts(8).max_elapsed(Duration::from_secs(600));
/// assert_eq!(policy.get_max_attempts(), 8);
/// let no_retries = RetryPolicy::none();
/// assert_eq!(no_retries.get_max_attempts(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    max_elapsed: Duration,
    reconcile_timeout: Duration,
}

impl Default for RetryPolicy {
    /// 5 attempts with backoffs between 200 ms and 30 s, within 3 minutes; 10 s for checks of an unknown outcome.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(30),
            max_elapsed: Duration::from_secs(180),
            reconcile_timeout: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// A policy without retries: one attempt, and one check of an unknown outcome.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1).reconcile_timeout(Duration::ZERO)
    }

    /// Sets how many times a request is sent at most, the first attempt included. 0 means 1. Default: 5.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the upper limit of the first backoff. It doubles with each attempt. Default: 200 ms.
    #[must_use]
    pub fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// Sets the upper limit of all backoffs. Default: 30 s.
    ///
    /// A `Retry-After` header of the server can exceed it.
    #[must_use]
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// Sets the time after the start of the first attempt within which retries may start. Default: 3 minutes.
    ///
    /// It does not limit the duration of an attempt.
    #[must_use]
    pub fn max_elapsed(mut self, time: Duration) -> Self {
        self.max_elapsed = time;
        self
    }

    /// Sets for how long the client checks whether a request took effect, if its outcome is unknown. Default: 10 s.
    ///
    /// The server may still be processing such a request, for example because a hook takes longer than a proxy waits.
    /// The check is repeated with a backoff until it finds the effect, or until this time is over. With
    /// [`Duration::ZERO`], it is done once. [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) describes
    /// what follows.
    #[must_use]
    pub fn reconcile_timeout(mut self, time: Duration) -> Self {
        self.reconcile_timeout = time;
        self
    }

    /// Returns how many times a request is sent at most.
    #[must_use]
    pub fn get_max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Returns the upper limit of the first backoff.
    #[must_use]
    pub fn get_initial_backoff(&self) -> Duration {
        self.initial_backoff
    }

    /// Returns the upper limit of all backoffs.
    #[must_use]
    pub fn get_max_backoff(&self) -> Duration {
        self.max_backoff
    }

    /// Returns the time after the start of the first attempt within which retries may start.
    #[must_use]
    pub fn get_max_elapsed(&self) -> Duration {
        self.max_elapsed
    }

    /// Returns for how long the client checks whether a request with an unknown outcome took effect.
    #[must_use]
    pub fn get_reconcile_timeout(&self) -> Duration {
        self.reconcile_timeout
    }

    /// The backoff before the next attempt, or `None` if there is none. `retry_after` is the time that the server
    /// requested: it is never undercut, and the usual backoff is added, so that the requests that the server rejected at
    /// the same time do not return at the same time.
    pub(crate) fn backoff(
        &self,
        attempts: u32,
        elapsed: Duration,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        if attempts >= self.max_attempts {
            return None;
        }
        let requested = retry_after.unwrap_or_default();
        let left = self.max_elapsed.checked_sub(elapsed)?.checked_sub(requested)?;
        let doubled = self.initial_backoff.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        let backoff = scale(doubled.min(self.max_backoff), fastrand::f64());
        match retry_after {
            Some(requested) => Some(requested.saturating_add(backoff.min(left))),
            None => (backoff <= left).then_some(backoff),
        }
    }
}

/// A part of a duration. `Duration::mul_f64` panics for the longest durations.
fn scale(duration: Duration, part: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * part).unwrap_or(duration)
}

/// The time that a server asks to wait, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoffs_grow_are_bounded_and_end() {
        let retries = RetryPolicy::default();
        for attempts in 1..5 {
            let most = Duration::from_millis(200 << (attempts - 1));
            for _ in 0..100 {
                assert!(retries.backoff(attempts, Duration::ZERO, None).unwrap() <= most);
            }
        }
        assert_eq!(retries.backoff(5, Duration::ZERO, None), None);
        assert_eq!(RetryPolicy::none().backoff(1, Duration::ZERO, None), None);
        let long = retries.clone().max_attempts(u32::MAX);
        assert!(long.backoff(1000, Duration::ZERO, None).unwrap() <= Duration::from_secs(30));
    }

    #[test]
    fn retry_after_replaces_the_backoff_within_max_elapsed() {
        let retries = RetryPolicy::default();
        let asked = Duration::from_secs(60);
        let backoff = |elapsed| retries.backoff(1, Duration::from_secs(elapsed), Some(asked));
        for _ in 0..100 {
            let waited = backoff(0).unwrap();
            assert!(waited >= asked && waited <= asked + Duration::from_millis(200), "{waited:?}");
        }
        assert_eq!(backoff(120), Some(asked));
        assert_eq!(backoff(121), None);
        let header = |value: &str| HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(retry_after(&header("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&header("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&header("soon")), None);
    }

    #[test]
    fn clients_that_were_rejected_together_return_apart() {
        let retries = RetryPolicy::default();
        let asked = Some(Duration::from_secs(1));
        let waits: std::collections::BTreeSet<_> =
            (0..20).map(|_| retries.backoff(1, Duration::ZERO, asked)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }

    #[test]
    fn longest_durations_do_not_overflow() {
        let retries = RetryPolicy::default()
            .initial_backoff(Duration::MAX)
            .max_backoff(Duration::MAX)
            .max_elapsed(Duration::MAX);
        for _ in 0..100 {
            assert!(retries.backoff(3, Duration::ZERO, None).is_some());
            assert!(retries.backoff(3, Duration::ZERO, Some(Duration::MAX)).is_some());
            _ = retries.backoff(3, Duration::from_secs(1), Some(Duration::MAX));
        }
    }
}
