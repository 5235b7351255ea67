//! Reconciliation of creations and deletions of named resources.

use std::time::Instant;

use futures::{Stream, TryStreamExt as _};

use crate::api::Response;
use crate::error::{ErrorKind, Result};
use crate::http::reconcile::{Created, Effect, OnMissing, RequestStart, reconcile};
use crate::http::retry::RetryPolicy;

/// Returns the result of a deletion. If its outcome is unknown, the resource is read: a deletion that is missing has not
/// taken effect so far, or another one of the same name was created. It is not sent again, because that would delete the new one.
pub(crate) async fn reconcile_deletion<T, F>(
    deleted: Result<()>,
    policy: &RetryPolicy,
    get: impl Fn() -> F + Sync,
) -> Result<()>
where
    F: Future<Output = Result<Option<T>>> + Send,
{
    let find_applied = || async { Ok(get().await?.is_none().then_some(())) };
    reconcile(deleted, policy, find_applied, OnMissing::Unknown).await
}

/// Returns the first item of a list that `is_wanted` accepts.
pub(crate) async fn find<T>(
    mut list: impl Stream<Item = Result<T>> + Unpin,
    is_wanted: impl Fn(&T) -> bool,
) -> Result<Option<T>> {
    while let Some(item) = list.try_next().await? {
        if is_wanted(&item) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// Reads a resource with a creation date, and compares it with the request that creates it.
///
/// A resource that `is_requested` rejects is not that of the request. One that is older than the request is probably not,
/// but the service that creates users, groups and policies may have another clock than lakeFS.
pub(crate) async fn find_created<T>(
    start: RequestStart,
    get: impl Future<Output = Result<Response<T>>>,
    creation_date: impl FnOnce(&T) -> Option<i64>,
    is_requested: impl FnOnce(&T) -> bool,
) -> Result<Effect<T>> {
    let sent = Instant::now();
    let response = match get.await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Effect::Missing),
        response => response?,
    };
    let date = response.header("date").map(str::to_owned);
    let found = response.into_inner();
    let is_new = creation_date(&found)
        .is_none_or(|created| start.compare(created, date.as_deref(), sent) != Created::Before);
    Ok(match (is_requested(&found), is_new) {
        (true, true) => Effect::Applied(found),
        (true, false) => Effect::Ambiguous,
        (false, _) => Effect::Taken,
    })
}
