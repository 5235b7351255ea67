//! Responses that do not show whether lakeFS wrote them.
//!
//! lakeFS is recognised by the header `X-Request-Id`, which a proxy may remove. Without it, the bytes could be those of a web
//! page, so the headers of the response are compared with the metadata of the object.

use crate::api::Response;
use crate::error::{Error, ErrorKind, Result};
use crate::models::ObjectStats;
use crate::scope::ObjectScope;
use crate::transfer::etag;
use crate::transfer::read::headers::ObjectHeaders;
use crate::transfer::stat::StatRequest;

/// Returns the metadata of the object if `error` reports a response that may be the object's, and `error` otherwise.
pub(crate) async fn expected(object: &ObjectScope, error: Error) -> Result<(ObjectStats, Error)> {
    let is_candidate = error.kind() == ErrorKind::UnexpectedResponse
        && matches!(error.status(), Some(200 | 206))
        && error.request_id().is_none();
    if !is_candidate {
        return Err(error);
    }
    match StatRequest::new(object.clone()).user_metadata(false).await {
        Ok(stats) => Ok((stats, error)),
        Err(_) => Err(error),
    }
}

/// Returns `response` if it has the size and the checksum of the object, and `error` otherwise.
pub(crate) fn identified<T>(
    response: Response<T>,
    (stats, error): (ObjectStats, Error),
) -> Result<Response<T>> {
    let headers = ObjectHeaders::of(&response);
    let size = stats.size();
    let is_same = size.is_some()
        && headers.size == size
        && headers.etag.is_some_and(|etag| etag::is_same(&etag, &stats.checksum));
    if is_same { Ok(response) } else { Err(error) }
}
