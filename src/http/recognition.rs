//! Recognises the successes that lakeFS wrote.
//!
//! The web interface of lakeFS responds to every path and method outside the API with status 200 and a page, and a proxy
//! may redirect to a page of its own. Neither is the success of an operation.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::http::call::Call;
use crate::http::operation::{Operation, SuccessBody};
use crate::http::response::REQUEST_ID;

/// Whether a response that has the status of a success was written by lakeFS, as far as its head shows.
pub(super) fn is_success(call: &Call, response: &Response) -> bool {
    let (status, headers) = (response.status().as_u16(), response.headers());
    is_success_head(call.operation(), status, headers, call.is_head(), call.accepts_unidentified())
}

/// The same for the parts of a call and of a response.
pub(crate) fn is_success_head(
    operation: &Operation,
    status: u16,
    headers: &HeaderMap,
    is_head: bool,
    accepts_unidentified: bool,
) -> bool {
    if !operation.succeeds_with(status) {
        return false;
    }
    match operation.body {
        SuccessBody::Json => media_type(headers).is_none_or(is_json),
        // The body decides: the contract declares another media type than the server sends.
        SuccessBody::Text => true,
        // The bytes and the media type of an object are any, so only a header tells lakeFS from a web server.
        SuccessBody::Stream => accepts_unidentified || headers.contains_key(REQUEST_ID),
        SuccessBody::Empty if is_head => accepts_unidentified || headers.contains_key(REQUEST_ID),
        SuccessBody::Empty => media_type(headers).is_none_or(|media_type| !is_html(media_type)),
    }
}

/// Whether a text can be the id of a commit.
pub(crate) fn is_commit_id(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The media type without parameters.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split_once(';').map_or(value, |(media_type, _)| media_type).trim())
}

fn is_json(media_type: &str) -> bool {
    let is = |expected: &str| media_type.eq_ignore_ascii_case(expected);
    // The contract declares the second one for a usage report.
    is("application/json") || is("application/text")
}

fn is_html(media_type: &str) -> bool {
    media_type.to_ascii_lowercase().contains("html")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OPERATIONS;

    #[test]
    fn media_type_of_a_page_is_recognised_in_any_case() {
        let operation = OPERATIONS.iter().find(|operation| operation.id == "delete_branch").unwrap();
        for (media_type, expected) in
            [("text/html", false), ("Text/HTML; charset=UTF-8", false), ("application/json", true)]
        {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type.parse().unwrap())]);
            assert_eq!(is_success_head(operation, 204, &headers, false, false), expected, "{media_type}");
        }
    }
}
