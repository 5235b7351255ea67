//! Requests that create an object only if none exists at its path (`If-None-Match: *`).
//!
//! Neither outcome of such a request can be believed without a check. If the response is lost, the object may exist. If
//! the server refuses the request with 412, the object that exists may be that of the request itself: when a commit
//! seals the staging area during the write, lakeFS repeats the write, and its condition meets the value that it has
//! just written. A proxy that sends a request twice has the same effect.
//!
//! [`create`] checks both. Where nothing was created, it sends the request again: the condition protects the object of
//! another writer, and a further refusal is checked like the first.

use std::time::Instant;

use tokio::time::sleep;

use crate::error::{Error, ErrorKind, Result};
use crate::http::options::CallOptions;
use crate::http::reconcile::Checks;
use crate::http::retry::RetryPolicy;

/// The note of a refusal that may be wrong.
const EQUAL_OBJECT: &str = "the object has the bytes of this request and was created at the same time; with `exclusive`, the \
                            objects of two writers differ";

/// What a check found at the path.
#[derive(Debug)]
pub(crate) enum Found<T> {
    /// There is no object.
    Missing,
    /// The object of the request.
    Own {
        object: T,
        /// It is in the head commit of the branch. Always `false` if the check was not asked for it.
        is_committed: bool,
    },
    /// The object of another request.
    Other,
}

/// How a creation is checked and sent again.
pub(crate) struct Creation<'a> {
    pub(crate) policy: &'a RetryPolicy,
    /// Those of the call that creates the object.
    pub(crate) options: &'a CallOptions,
    /// All writers of the path create objects that can be told apart, so that an object of another request proves that
    /// this one has failed, even if its response was lost.
    pub(crate) is_exclusive: bool,
    /// The object of another request is never taken for that of this one, not even if it has the same bytes.
    pub(crate) is_certain: bool,
}

/// Sends a request until its object exists or that of another request does.
///
/// `send` returns `None` if the data cannot be sent again. `find` checks what exists; its parameter is whether an object
/// of the request has to be looked up in the head commit.
pub(crate) async fn create<T, S, F>(
    creation: Creation<'_>,
    mut send: impl FnMut() -> Option<S> + Send,
    find: impl Fn(bool) -> F + Sync,
) -> Result<T>
where
    T: Send,
    S: Future<Output = Result<T>> + Send,
    F: Future<Output = Result<Found<T>>> + Send,
{
    let Creation { policy, options, is_exclusive, is_certain } = creation;
    let start = Instant::now();
    let mut failures = Failures::default();
    let mut request = send();
    loop {
        let Some(sending) = request else { return Err(failures.into_error()) };
        let error = match sending.await {
            Ok(object) => return Ok(object),
            Err(error) => error,
        };
        let failure = failures.add(error);
        if failure == Failure::Certain {
            return Err(failures.into_error());
        }
        // Until the check has ended, the object may exist.
        let count_unknown =
            |yes| options.deadline().into_iter().for_each(|deadline| deadline.count_unknown(yes));
        count_unknown(true);
        let found = if failure == Failure::Unknown {
            check(policy, &find, false, failures.may_be_in_progress()).await
        } else {
            check(policy, &find, !failures.is_unknown, false).await
        };
        count_unknown(false);
        failures.is_missing = matches!(found, Some(Found::Missing));
        match found {
            // Nothing but a commit explains the refusal of an object that was created.
            Some(Found::Own { is_committed: false, .. })
                if failure == Failure::Refused && !failures.is_unknown && !is_certain =>
            {
                failures.is_unknown = true;
                return Err(failures.into_error().with_note(EQUAL_OBJECT));
            }
            Some(Found::Own { object, .. }) => return Ok(object),
            Some(Found::Other) if failure == Failure::Refused => {
                failures.is_unknown = false;
                return Err(failures.into_error());
            }
            // The requests have been sent again as often as the policy allows.
            Some(_) if failure == Failure::Throttled => return Err(failures.into_error()),
            Some(Found::Missing) => {}
            Some(Found::Other) if is_exclusive => {}
            Some(Found::Other) | None => {
                failures.is_unknown = true;
                return Err(failures.into_error());
            }
        }
        let Some(backoff) = policy.backoff(failures.requests, start.elapsed(), None) else {
            return Err(failures.into_error());
        };
        request = send();
        if request.is_some() {
            tracing::debug!(
                requests = failures.requests,
                ?failure,
                "no object was created, sending it again"
            );
            sleep(backoff).await;
        }
    }
}

/// What a failure of a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// lakeFS reports that an object exists.
    Refused,
    /// lakeFS gave up because commits sealed the staging area again and again, after the last write.
    Throttled,
    /// The request, or an earlier one, may have created the object.
    Unknown,
    /// Nothing was created.
    Certain,
}

/// The failures of the requests so far.
#[derive(Default)]
struct Failures {
    requests: u32,
    /// The attempts of all requests.
    attempts: u32,
    /// A request may have created the object.
    is_unknown: bool,
    /// The last check found no object.
    is_missing: bool,
    last: Option<Error>,
}

impl Failures {
    fn add(&mut self, error: Error) -> Failure {
        self.requests += 1;
        self.attempts += error.attempts();
        self.is_unknown |= error.is_outcome_unknown();
        let failure = if is_refused(&error) {
            Failure::Refused
        } else if self.is_unknown {
            Failure::Unknown
        } else if error.kind() == ErrorKind::RateLimited && error.is_from_lakefs() {
            Failure::Throttled
        } else {
            Failure::Certain
        };
        self.last = Some(error);
        failure
    }

    /// Whether the server may still be processing the last request. It is not if it has responded.
    fn may_be_in_progress(&self) -> bool {
        self.last.as_ref().is_some_and(|error| !error.is_from_lakefs())
    }

    fn into_error(self) -> Error {
        let Some(error) = self.last else {
            return Error::new(ErrorKind::InvalidRequest, "", "there are no data to send");
        };
        if is_refused(&error) && self.is_missing && !self.is_unknown {
            return error.with_lost_race(
                "the server reports that the object exists, but there is none: commits to the branch interfere with the \
                 condition; try again",
                self.attempts,
            );
        }
        error.after(self.attempts, self.is_unknown)
    }
}

fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::PreconditionFailed && error.is_from_lakefs() && !error.is_outcome_unknown()
}

/// Checks until the result is final or the time for checks is over. `None` if the last check failed.
///
/// With `settles`, an object of the request is final once it is committed. The server has refused the request because a
/// commit is in progress, and that commit may have read the staging area before the object was written. Such an object
/// disappears when the commit ends. If the commit fails, or there was none, the object stays, uncommitted.
///
/// `waits` is whether a missing object is checked again.
async fn check<T, F>(
    policy: &RetryPolicy,
    find: &(impl Fn(bool) -> F + Sync),
    settles: bool,
    waits: bool,
) -> Option<Found<T>>
where
    T: Send,
    F: Future<Output = Result<Found<T>>> + Send,
{
    let mut checks = Checks::start_fast(policy);
    loop {
        let found = match checks.run(find(settles)).await {
            Ok(found) => Some(found),
            Err(Some(error)) if !error.is_retryable() => return None,
            Err(_) => None,
        };
        let is_final = match &found {
            Some(Found::Own { is_committed, .. }) => *is_committed || !settles,
            Some(Found::Other) => true,
            Some(Found::Missing) => !waits,
            None => false,
        };
        if is_final || !checks.wait().await {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::error::{ErrorResponse, ResponseOrigin};

    fn refused() -> Error {
        let origin = ResponseOrigin {
            operation: "upload_object",
            is_head: false,
            endpoint: "http://h".to_owned(),
            is_secret: false,
        };
        let response = ErrorResponse {
            status: 412,
            media_type: Some("application/json".to_owned()),
            request_id: Some("7".to_owned()),
            body: "{\"message\":\"path already exists\"}".into(),
        };
        Error::response(&origin, response).after(1, false)
    }

    fn lost() -> Error {
        Error::new(ErrorKind::Transport, "", "the connection was closed").after(1, true)
    }

    const UNCOMMITTED: Found<u8> = Found::Own { object: 1, is_committed: false };
    const COMMITTED: Found<u8> = Found::Own { object: 1, is_committed: true };

    /// Sends requests that fail with these errors, and then one that succeeds with 2. After these checks, there is no object.
    async fn outcome(
        errors: impl IntoIterator<Item = Error, IntoIter: Send>,
        checks: impl IntoIterator<Item = Found<u8>, IntoIter: Send>,
        is_exclusive: bool,
    ) -> Result<u8, (ErrorKind, bool)> {
        outcome_of(errors, checks, is_exclusive, is_exclusive).await
    }

    async fn outcome_of(
        errors: impl IntoIterator<Item = Error, IntoIter: Send>,
        checks: impl IntoIterator<Item = Found<u8>, IntoIter: Send>,
        is_exclusive: bool,
        is_certain: bool,
    ) -> Result<u8, (ErrorKind, bool)> {
        let policy = RetryPolicy::default().reconcile_timeout(Duration::from_secs(3));
        let mut errors = errors.into_iter();
        let checks = Mutex::new(checks.into_iter());
        let send = || Some(ready(errors.next().map_or(Ok(2), Err)));
        let find = |_| ready(Ok(checks.lock().unwrap().next().unwrap_or(Found::Missing)));
        let options = CallOptions::default();
        let creation = Creation { policy: &policy, options: &options, is_exclusive, is_certain };
        let outcome = create(creation, send, find).await;
        outcome.map_err(|error| (error.kind(), error.is_outcome_unknown()))
    }

    const EXISTS: Result<u8, (ErrorKind, bool)> = Err((ErrorKind::PreconditionFailed, false));

    #[tokio::test(start_paused = true)]
    async fn refusal_is_believed_only_if_another_object_exists() {
        assert_eq!(outcome([refused()], [Found::Other], false).await, EXISTS);
        assert_eq!(outcome([refused()], [Found::Missing], false).await, Ok(2));
        assert_eq!(outcome([refused()], [COMMITTED], false).await, Ok(1));
        assert_eq!(outcome([refused(), refused()], [Found::Missing, Found::Other], false).await, EXISTS);
    }

    #[tokio::test(start_paused = true)]
    async fn own_object_has_to_outlast_the_commit() {
        assert_eq!(outcome([refused()], [UNCOMMITTED, UNCOMMITTED, COMMITTED], false).await, Ok(1));
        assert_eq!(outcome([refused()], [UNCOMMITTED, Found::Missing], false).await, Ok(2));
        assert_eq!(outcome([refused()], [UNCOMMITTED, Found::Other], false).await, EXISTS);
        // No commit was in progress, or it failed.
        let always = || std::iter::repeat_with(|| UNCOMMITTED).take(1000);
        let unknown = Err((ErrorKind::PreconditionFailed, true));
        assert_eq!(outcome([refused()], always(), false).await, unknown);
        assert_eq!(outcome_of([refused()], always(), false, true).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn lost_response_is_checked_and_sent_again() {
        assert_eq!(outcome([lost()], [UNCOMMITTED], false).await, Ok(1));
        assert_eq!(outcome([lost()], [Found::Missing, UNCOMMITTED], false).await, Ok(1));
        assert_eq!(outcome([lost()], [], false).await, Ok(2));
        // The object may have replaced that of the request.
        assert_eq!(outcome([lost()], [Found::Other], false).await, Err((ErrorKind::Transport, true)));
        assert_eq!(outcome([lost(), refused()], [Found::Other, Found::Other], true).await, EXISTS);
    }

    #[tokio::test(start_paused = true)]
    async fn certain_failure_is_returned_unless_an_earlier_outcome_is_unknown() {
        let denied = || Error::new(ErrorKind::PermissionDenied, "", "no").after(1, false);
        assert_eq!(outcome([denied()], [], false).await, Err((ErrorKind::PermissionDenied, false)));
        assert_eq!(outcome([lost(), denied()], [], false).await, Ok(2));
        let denials = std::iter::once(lost()).chain(std::iter::repeat_with(denied));
        assert_eq!(outcome(denials, [], false).await, Err((ErrorKind::PermissionDenied, true)));
    }

    #[tokio::test(start_paused = true)]
    async fn number_of_requests_is_limited() {
        let refusals = std::iter::repeat_with(refused);
        assert_eq!(outcome(refusals, [], false).await, Err((ErrorKind::Conflict, false)));
        let losses = std::iter::repeat_with(lost);
        assert_eq!(outcome(losses, [], false).await, Err((ErrorKind::Transport, true)));
    }
}
