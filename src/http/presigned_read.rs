//! The redirect of a read to a pre-signed URL, the only redirect that is followed.

use reqwest::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LOCATION, RANGE,
};
use reqwest::{Request, Response, StatusCode};

use crate::http::call::Call;

/// The headers that the storage gets. It gets no others, because they may be secrets.
const FORWARDED: [HeaderName; 6] =
    [RANGE, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE];

/// The request to the pre-signed URL that `response` redirects a read to, with the range and the conditions of the
/// read. `None` for all other calls and responses.
pub(super) fn follow(call: &Call, headers: &HeaderMap, response: &Response) -> Option<Request> {
    let is_presigned = call.operation().id == "get_object"
        && call.url().query_pairs().any(|(name, value)| name == "presign" && value == "true");
    let is_redirect = matches!(
        response.status(),
        StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::TEMPORARY_REDIRECT
    );
    if !is_presigned || !is_redirect {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let target = call.url().join(location).ok()?;
    if !matches!(target.scheme(), "http" | "https") {
        return None;
    }
    let mut request = Request::new(reqwest::Method::GET, target);
    for name in FORWARDED {
        if let Some(value) = headers.get(&name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    Some(request)
}
