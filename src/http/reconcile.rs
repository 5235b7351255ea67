//! Reconciliation: what follows when the response to a request that changes something is lost.
//!
//! The server may or may not have acted, and a second request could repeat the change. [`reconcile`] therefore checks
//! whether the first one took effect. It is the only place that decides what to do with an unknown outcome; how to
//! recognise the effect is up to the caller, because it differs by operation.

use std::time::{Instant, UNIX_EPOCH};

use futures::future::BoxFuture;

use crate::error::Result;

/// What to do when the effect of a request is not found.
pub(crate) enum OnMissing<'a, T> {
    /// Sends the request once more with this future. For requests that create something under a name: the server
    /// refuses the second one if the first one still takes effect.
    Resend(BoxFuture<'a, Result<T>>),
    /// Returns the error, whose outcome stays unknown. The server may still be processing the request.
    Unknown,
}

impl<'a, T> OnMissing<'a, T> {
    pub(crate) fn resend(request: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Self::Resend(Box::pin(request))
    }
}

/// Returns `result`, unless its outcome is unknown: then `find_applied` checks whether the request took effect.
///
/// `find_applied` yields the value of the request if it took effect, and `None` if it did not or if that cannot be
/// determined. Where the check itself fails, the error of the request is returned.
pub(crate) async fn reconcile<T, F>(
    result: Result<T>,
    find_applied: impl Fn() -> F,
    on_missing: OnMissing<'_, T>,
) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let error = match result {
        Err(error) if error.is_outcome_unknown() => error,
        result => return result,
    };
    match (find_applied().await, on_missing) {
        (Ok(Some(value)), _) => Ok(value),
        (Ok(None), OnMissing::Resend(request)) => request.await,
        (Ok(None), OnMissing::Unknown) | (Err(_), _) => Err(error),
    }
}

/// The time at which a request started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestStart(Instant);

impl RequestStart {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// Whether something with this creation date, in Unix seconds, was created after the request started.
    ///
    /// Both times are those of the server's clock. `date` is the `Date` header of the response that the creation date
    /// was read from; the request started as long before it as it did by the local clock. Both dates have the
    /// resolution of a second, and so has the result. Without a readable `date`, the result is `false`.
    pub(crate) fn is_before(self, creation_date: i64, date: Option<&str>) -> bool {
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let Some(now) = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()) else { return false };
        let start = now.saturating_sub(self.0.elapsed()).as_secs();
        u64::try_from(creation_date).unwrap_or_default() >= start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    fn lost() -> Error {
        Error::new(ErrorKind::Transport, "", "the connection was closed").after(1, true)
    }

    async fn outcome(
        result: Result<u8>,
        found: Result<Option<u8>>,
        on_missing: OnMissing<'_, u8>,
    ) -> Result<u8, ErrorKind> {
        let found = std::sync::Mutex::new(Some(found));
        let find = || std::future::ready(found.lock().unwrap().take().unwrap());
        reconcile(result, find, on_missing).await.map_err(|error| error.kind())
    }

    #[tokio::test]
    async fn only_an_unknown_outcome_is_checked() {
        let unread = || Err(Error::new(ErrorKind::Server, "", "not to be read"));
        assert_eq!(outcome(Ok(1), unread(), OnMissing::Unknown).await, Ok(1));
        let refused = Err(Error::new(ErrorKind::NotFound, "", "branch not found"));
        assert_eq!(outcome(refused, Ok(Some(2)), OnMissing::Unknown).await, Err(ErrorKind::NotFound));
        assert_eq!(outcome(Err(lost()), Ok(Some(2)), OnMissing::Unknown).await, Ok(2));
    }

    #[tokio::test]
    async fn missing_effect_is_resent_or_stays_unknown() {
        let resend = || OnMissing::resend(std::future::ready(Ok(3)));
        assert_eq!(outcome(Err(lost()), Ok(None), resend()).await, Ok(3));
        assert_eq!(outcome(Err(lost()), Ok(None), OnMissing::Unknown).await, Err(ErrorKind::Transport));
        // If the check fails, nothing is sent again.
        let failed = Err(Error::new(ErrorKind::Server, "", "out of order"));
        assert_eq!(outcome(Err(lost()), failed, resend()).await, Err(ErrorKind::Transport));
    }

    #[test]
    fn dates_are_compared_by_the_clock_of_the_server() {
        let start = RequestStart::now();
        let date = Some("Wed, 21 Oct 2015 07:28:00 GMT");
        let now = 1_445_412_480;
        assert!(start.is_before(now, date) && start.is_before(now + 1, date));
        assert!(!start.is_before(now - 2, date) && !start.is_before(-1, date));
        assert!(!start.is_before(now, None) && !start.is_before(now, Some("now")));
    }
}
