//! Recognises the successes that lakeFS wrote.
//!
//! The web interface of lakeFS responds to every path and method outside the API with status 200 and a page, and a proxy
//! may redirect to a page of its own. Neither is the success of an operation.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::http::call::Call;
use crate::http::operation::SuccessBody;
use crate::http::response::REQUEST_ID;

/// Whether a response that has the status of a success was written by lakeFS, as far as its head shows.
pub(super) fn is_success(call: &Call, response: &Response) -> bool {
    let operation = call.operation();
    let headers = response.headers();
    if !operation.succeeds_with(response.status().as_u16()) {
        return false;
    }
    match operation.body {
        SuccessBody::Json => media_type(headers).is_none_or(is_json),
        // The body decides: the contract declares another media type than the server sends.
        SuccessBody::Text => true,
        // The bytes and the media type of an object are any, so only a header tells lakeFS from a web server.
        SuccessBody::Stream => call.accepts_unidentified() || headers.contains_key(REQUEST_ID),
        SuccessBody::Empty if call.is_head() => {
            call.accepts_unidentified() || headers.contains_key(REQUEST_ID)
        }
        SuccessBody::Empty => media_type(headers).is_none_or(|media_type| !media_type.contains("html")),
    }
}

/// Whether a text can be the id of a commit.
pub(super) fn is_commit_id(text: &str) -> bool {
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
