//! Reconciliation: what follows when it is unknown whether a request that changes something took effect.
//!
//! The response was lost, a proxy responded instead of the server, or the server failed after one of several writes. A
//! second request could repeat the change, so [`reconcile`] checks whether the first one took effect. It is the only
//! place that decides what to do with an unknown outcome, but for creations under a condition, which
//! [`conditional_create`](crate::http::conditional_create) checks even if the server has responded. How to recognise the effect is up to the caller, because it
//! differs by operation; the table in [`retry_table`](crate::http::retry_table) says what each operation compares.

use std::time::{Duration, Instant, UNIX_EPOCH};

use futures::future::BoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::http::retry::RetryPolicy;

/// The longest time between two checks.
const MAX_INTERVAL: Duration = Duration::from_secs(2);

/// The shortest time between two checks, whatever the policy, so that checks do not overload the server.
const MIN_INTERVAL: Duration = Duration::from_millis(20);

/// The time that every check has, also the last one.
const MIN_CHECK: Duration = Duration::from_secs(5);

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect<T> {
    /// The request took effect, with this result.
    Applied(T),
    /// The request took effect in part: the server is still processing it, or stopped halfway.
    Partial,
    /// The request has not taken effect so far. The server may still be processing it.
    Missing,
    /// Something else has taken the place of what the request would create, so the server refuses the request.
    Taken,
    /// The effect cannot be told from that of another request, and waiting does not change that.
    Ambiguous,
}

impl<T> From<Option<T>> for Effect<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Missing, Self::Applied)
    }
}

/// What to do when the effect of a request is not found.
pub(crate) enum OnMissing<'a, T> {
    /// Sends the request once more with this future, when the time for checks is over. For requests that create
    /// something under a name: the server refuses the second one if the first one still takes effect. The time is
    /// waited for because the server could otherwise run the hooks of two requests.
    Resend(BoxFuture<'a, Result<T>>),
    /// Sends the request once more with this future, at once. For requests with a condition that fails if the first
    /// one took effect.
    ResendAtOnce(BoxFuture<'a, Result<T>>),
    /// Returns the error, whose outcome stays unknown. The server may still be processing the request.
    Unknown,
}

impl<'a, T> OnMissing<'a, T> {
    pub(crate) fn resend(request: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Self::Resend(Box::pin(request))
    }

    pub(crate) fn resend_at_once(request: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Self::ResendAtOnce(Box::pin(request))
    }
}

/// Returns `result`, unless its outcome is unknown: then `find_applied` checks whether the request took effect.
///
/// The check is repeated with a backoff while the effect is missing, for the
/// [time of the policy](RetryPolicy::reconcile_timeout), because the server may still be processing the request. A
/// check that fails is repeated as well. The result is then the value that the check found, the result of a second
/// request where `on_missing` permits one, or the original error, whose outcome stays unknown.
///
/// The failure of a second request does not say what became of the first one: it is checked too. It is certain only
/// if the check finds something that the first request cannot have created.
pub(crate) async fn reconcile<T, E, F>(
    result: Result<T>,
    policy: &RetryPolicy,
    find_applied: impl Fn() -> F + Sync,
    on_missing: OnMissing<'_, T>,
) -> Result<T>
where
    T: Send,
    E: Into<Effect<T>>,
    F: Future<Output = Result<E>> + Send,
{
    let error = match result {
        Err(error) if error.is_outcome_unknown() => error,
        result => return result,
    };
    let waits = !matches!(on_missing, OnMissing::ResendAtOnce(_));
    let effect = check(policy, &find_applied, waits).await;
    let second = match (effect, on_missing) {
        (Some(Effect::Applied(value)), _) => return Ok(value),
        (
            Some(Effect::Missing | Effect::Taken),
            OnMissing::Resend(request) | OnMissing::ResendAtOnce(request),
        ) => match request.await {
            Ok(value) => return Ok(value),
            Err(second) => second,
        },
        _ => return Err(error),
    };
    match check(policy, &find_applied, waits).await {
        Some(Effect::Applied(value)) => Ok(value),
        Some(Effect::Taken) if !second.is_outcome_unknown() => Err(second),
        _ => {
            let attempts = second.attempts();
            Err(second.after(attempts, true))
        }
    }
}

/// Checks until the result is final or the time is over. `None` if the last check failed.
///
/// `waits` is whether a missing effect is checked again.
async fn check<T, E, F>(
    policy: &RetryPolicy,
    find_applied: &(impl Fn() -> F + Sync),
    waits: bool,
) -> Option<Effect<T>>
where
    T: Send,
    E: Into<Effect<T>>,
    F: Future<Output = Result<E>> + Send,
{
    let mut checks = Checks::start(policy);
    loop {
        let effect = match checks.run(find_applied()).await {
            Ok(effect) => Some(effect.into()),
            // The endpoint is not that of a lakeFS, and waiting does not change that.
            Err(Some(error)) if error.kind() == ErrorKind::UnexpectedResponse => return None,
            Err(_) => None,
        };
        match effect {
            Some(Effect::Applied(_) | Effect::Taken | Effect::Ambiguous) => return effect,
            Some(Effect::Missing) if !waits => return effect,
            Some(Effect::Missing | Effect::Partial) | None => {}
        }
        if !checks.wait().await {
            return effect;
        }
    }
}

/// The times at which the outcome of a request is checked.
pub(crate) struct Checks {
    start: tokio::time::Instant,
    limit: Duration,
    interval: Duration,
}

impl Checks {
    pub(crate) fn start(policy: &RetryPolicy) -> Self {
        let interval = policy.get_initial_backoff().clamp(MIN_INTERVAL, MAX_INTERVAL);
        Self { start: tokio::time::Instant::now(), limit: policy.get_reconcile_timeout(), interval }
    }

    /// Begins with short intervals, for an outcome that most often is clear soon.
    pub(crate) fn start_fast(policy: &RetryPolicy) -> Self {
        Self { interval: MIN_INTERVAL, ..Self::start(policy) }
    }

    /// Checks once. `Err(None)`: the check took too long.
    pub(crate) async fn run<T>(&self, check: impl Future<Output = Result<T>>) -> Result<T, Option<Error>> {
        let time = self.limit.saturating_sub(self.start.elapsed()).max(MIN_CHECK);
        match tokio::time::timeout(time, check).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the check of an unknown outcome failed");
                Err(Some(error))
            }
            Err(_) => Err(None),
        }
    }

    /// Waits until the next check. Returns `false` if the time for checks is over.
    pub(crate) async fn wait(&mut self) -> bool {
        let backoff = self.interval.mul_f64(0.5 + fastrand::f64() / 2.0);
        if self.start.elapsed().saturating_add(backoff) > self.limit {
            return false;
        }
        tokio::time::sleep(backoff).await;
        self.interval = self.interval.saturating_mul(2).min(MAX_INTERVAL);
        true
    }
}

/// By how many seconds the clocks of several servers behind one endpoint may differ.
const CLOCK_SKEW: u64 = 1;

/// The time at which a request started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestStart(Instant);

/// When something was created, compared with the start of a request. Dates have the resolution of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Created {
    /// Before the request.
    Before,
    /// Shortly before or after the request started.
    Around,
    /// After the request started.
    After,
}

impl RequestStart {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// When something with this creation date, in Unix seconds, was created.
    ///
    /// Both times are those of the server's clock. `date` is the `Date` header of the response that the creation date
    /// was read from; the request for it was sent at `sent`. The request started as long before it as it did by the
    /// local clock. Without a readable `date`, the result is `Before`.
    pub(crate) fn compare(self, creation_date: i64, date: Option<&str>, sent: Instant) -> Created {
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let Some(now) = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()) else {
            return Created::Before;
        };
        let created = u64::try_from(creation_date).unwrap_or_default();
        let earliest = now.saturating_sub(self.0.elapsed()).as_secs().saturating_sub(CLOCK_SKEW);
        // The header was written after `sent`, within the second that it names.
        let latest = now.saturating_sub(sent.saturating_duration_since(self.0)).as_secs() + 1 + CLOCK_SKEW;
        match created {
            created if created < earliest => Created::Before,
            created if created <= latest => Created::Around,
            _ => Created::After,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    fn lost() -> Error {
        Error::new(ErrorKind::Transport, "", "the connection was closed").after(1, true)
    }

    fn refused() -> Error {
        Error::new(ErrorKind::AlreadyExists, "", "branch already exists: not unique").after(1, false)
    }

    fn failed() -> Result<Effect<u8>> {
        Err(Error::new(ErrorKind::Server, "", "out of order"))
    }

    /// Reconciles with checks that return these results, of which the last one repeats. Returns the kind of the error
    /// and whether its outcome is unknown.
    async fn outcome(
        result: Result<u8>,
        checks: impl IntoIterator<Item = Result<Effect<u8>>>,
        on_missing: OnMissing<'_, u8>,
    ) -> Result<u8, (ErrorKind, bool)> {
        let policy = RetryPolicy::default().reconcile_timeout(Duration::from_secs(3));
        let mut checks: Vec<_> = checks.into_iter().collect();
        checks.reverse();
        let checks = Mutex::new(checks);
        let find = || {
            let mut checks = checks.lock().unwrap();
            let next = if checks.len() > 1 { checks.pop() } else { None };
            std::future::ready(next.unwrap_or_else(|| match &checks[0] {
                Ok(Effect::Applied(value)) => Ok(Effect::Applied(*value)),
                Ok(Effect::Partial) => Ok(Effect::Partial),
                Ok(Effect::Missing) => Ok(Effect::Missing),
                Ok(Effect::Taken) => Ok(Effect::Taken),
                Ok(Effect::Ambiguous) => Ok(Effect::Ambiguous),
                Err(_) => failed(),
            }))
        };
        let outcome = reconcile(result, &policy, find, on_missing).await;
        outcome.map_err(|error| (error.kind(), error.is_outcome_unknown()))
    }

    fn resend(result: Result<u8>) -> OnMissing<'static, u8> {
        OnMissing::resend(std::future::ready(result))
    }

    const LOST: Result<u8, (ErrorKind, bool)> = Err((ErrorKind::Transport, true));

    #[tokio::test(start_paused = true)]
    async fn check_that_reaches_no_lakefs_is_not_repeated() {
        let checks = AtomicUsize::new(0);
        let find = || {
            checks.fetch_add(1, Relaxed);
            let page = Error::new(ErrorKind::UnexpectedResponse, "", "a web page");
            std::future::ready(Err::<Effect<u8>, _>(page))
        };
        let policy = RetryPolicy::default();
        let error = reconcile(Err(lost()), &policy, find, OnMissing::Unknown).await.unwrap_err();
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Transport, true));
        assert_eq!(checks.load(Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_unknown_outcome_is_checked() {
        assert_eq!(outcome(Ok(1), [failed()], OnMissing::Unknown).await, Ok(1));
        let certain = Err((ErrorKind::AlreadyExists, false));
        assert_eq!(outcome(Err(refused()), [Ok(Effect::Applied(2))], OnMissing::Unknown).await, certain);
        assert_eq!(outcome(Err(lost()), [Ok(Effect::Applied(2))], OnMissing::Unknown).await, Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn effect_that_comes_late_is_found() {
        let late = || [Ok(Effect::Missing), Ok(Effect::Partial), failed(), Ok(Effect::Applied(2))];
        assert_eq!(outcome(Err(lost()), late(), OnMissing::Unknown).await, Ok(2));
        assert_eq!(outcome(Err(lost()), late(), resend(Ok(3))).await, Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn missing_effect_is_resent_or_stays_unknown() {
        assert_eq!(outcome(Err(lost()), [Ok(Effect::Missing)], OnMissing::Unknown).await, LOST);
        assert_eq!(outcome(Err(lost()), [Ok(Effect::Missing)], resend(Ok(3))).await, Ok(3));
        assert_eq!(outcome(Err(lost()), [Ok(Effect::Taken)], OnMissing::Unknown).await, LOST);
        // Nothing is sent again if the checks fail, the effect is partial, or it cannot be told from another one.
        for unclear in [failed(), Ok(Effect::Partial), Ok(Effect::Ambiguous)] {
            assert_eq!(outcome(Err(lost()), [unclear], resend(Ok(3))).await, LOST);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failed_resend_is_certain_only_if_something_else_exists() {
        let certain = Err((ErrorKind::AlreadyExists, false));
        assert_eq!(outcome(Err(lost()), [Ok(Effect::Taken)], resend(Err(refused()))).await, certain);
        assert_eq!(outcome(Err(lost()), [Ok(Effect::Taken)], resend(Err(lost()))).await, LOST);
        // The first request took effect only after the checks.
        let at_once = OnMissing::resend_at_once(std::future::ready(Err(refused())));
        let found = [Ok(Effect::Missing), Ok(Effect::Applied(2))];
        assert_eq!(outcome(Err(lost()), found, at_once).await, Ok(2));
        let unknown = Err((ErrorKind::AlreadyExists, true));
        let at_once = OnMissing::resend_at_once(std::future::ready(Err(refused())));
        assert_eq!(outcome(Err(lost()), [Ok(Effect::Missing)], at_once).await, unknown);
    }

    #[tokio::test(start_paused = true)]
    async fn policy_without_retries_checks_once() {
        let checks = AtomicUsize::new(0);
        let find = || {
            checks.fetch_add(1, Relaxed);
            std::future::ready(Ok(Effect::Missing))
        };
        let policy = RetryPolicy::none();
        let error = reconcile::<u8, _, _>(Err(lost()), &policy, find, OnMissing::Unknown).await.unwrap_err();
        assert!(error.is_outcome_unknown());
        assert_eq!(checks.load(Relaxed), 1);
    }

    #[test]
    fn dates_are_compared_by_the_clock_of_the_server() {
        let start = RequestStart::now();
        let compare = |date| start.compare(date, Some("Wed, 21 Oct 2015 07:28:00 GMT"), Instant::now());
        let now = 1_445_412_480;
        assert_eq!(compare(now), Created::Around);
        assert_eq!(
            (compare(now - 3), compare(-1), compare(now + 3)),
            (Created::Before, Created::Before, Created::After)
        );
        assert_eq!(start.compare(now, None, Instant::now()), Created::Before);
        assert_eq!(start.compare(now, Some("now"), Instant::now()), Created::Before);
    }
}
