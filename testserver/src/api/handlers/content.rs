//! Reading the content of objects.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};

use super::presign;
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult};
use crate::http::{ByteRange, RangeError};
use crate::http::{Response, empty, format_http_date, set_header};
use crate::model::{Entry, Error, ErrorKind};

/// The content types that a browser may display.
const INLINE_TYPES: [&str; 22] = [
    "image/jpeg",
    "image/jpg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/svg+xml",
    "application/pdf",
    "text/plain",
    "text/markdown",
    "text/x-markdown",
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/xml",
    "text/xml",
    "video/mp4",
    "video/webm",
    "audio/mpeg",
    "audio/wav",
    "audio/webm",
];

pub(crate) fn get(call: &Call<'_>) -> ApiResult {
    let (namespace, entry) = {
        let catalog = call.catalog();
        let namespace = catalog.repository(call.repository())?.namespace.clone();
        (namespace, catalog.entry(call.repository(), call.path_parameter("ref"), &call.path("path"))?)
    };
    let etag = etag(&entry);
    if call.header("if-none-match").is_some_and(|value| value == etag) {
        return Ok(empty(StatusCode::NOT_MODIFIED));
    }
    if let Some(storage) = presign::requested_storage(call)? {
        return presign::redirect(storage, &namespace, &entry);
    }
    let mut headers = object_headers(&entry, &etag);
    let disposition =
        if INLINE_TYPES.contains(&entry.content_type.as_str()) { "inline" } else { "attachment" };
    headers.extend([
        (CONTENT_DISPOSITION, disposition.to_owned()),
        (CONTENT_SECURITY_POLICY, "default-src 'none'".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (X_FRAME_OPTIONS, "SAMEORIGIN".to_owned()),
    ]);
    let range = match range(call, &entry) {
        Ok(range) => range,
        Err(error) => {
            if error == RangeError::Unsatisfiable {
                headers.push((CONTENT_RANGE, format!("bytes */{}", entry.size)));
            }
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok(with_headers(
                headers,
                ApiError::new(status, "Requested Range Not Satisfiable").into_response(),
            ));
        }
    };
    let Some(content) = &entry.content else {
        return Ok(with_headers(headers, ApiError::from(Error::from(ErrorKind::NoData)).into_response()));
    };
    let (status, content) = match range {
        None => (StatusCode::OK, content.clone()),
        Some(range) => {
            headers.push((CONTENT_RANGE, range.content_range(entry.size)));
            (StatusCode::PARTIAL_CONTENT, range.slice(content))
        }
    };
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    Ok(with_headers(headers, response))
}

/// Errors have a status but no body.
#[expect(clippy::unnecessary_wraps, reason = "handlers return a result")]
pub(crate) fn head(call: &Call<'_>) -> ApiResult {
    let entry = call.catalog().entry(call.repository(), call.path_parameter("ref"), &call.path("path"));
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Ok(empty(ApiError::from(error).status())),
    };
    let mut headers = object_headers(&entry, &etag(&entry));
    headers.push((ACCEPT_RANGES, "bytes".to_owned()));
    let (status, length) = match range(call, &entry) {
        Err(_) => return Ok(with_headers(headers, empty(StatusCode::RANGE_NOT_SATISFIABLE))),
        Ok(None) => (StatusCode::OK, entry.size),
        Ok(Some(range)) => {
            headers.push((CONTENT_RANGE, range.content_range(entry.size)));
            (StatusCode::PARTIAL_CONTENT, range.len())
        }
    };
    headers.push((CONTENT_LENGTH, length.to_string()));
    Ok(with_headers(headers, empty(status)))
}

fn etag(entry: &Entry) -> String {
    format!("\"{}\"", entry.checksum.trim_matches([' ', '"']))
}

/// Returns the headers of every response about an object.
fn object_headers(entry: &Entry, etag: &str) -> Vec<(HeaderName, String)> {
    vec![
        (ETAG, etag.to_owned()),
        (LAST_MODIFIED, format_http_date(entry.modified)),
        (CONTENT_TYPE, entry.content_type.clone()),
        (CACHE_CONTROL, "no-store, must-revalidate".to_owned()),
        (EXPIRES, "0".to_owned()),
    ]
}

/// Adds the headers that a response does not have yet.
fn with_headers(headers: Vec<(HeaderName, String)>, mut response: Response) -> Response {
    for (name, value) in headers {
        if !response.headers().contains_key(&name) {
            set_header(&mut response, name, &value);
        }
    }
    response
}

fn range(call: &Call<'_>, entry: &Entry) -> Result<Option<ByteRange>, RangeError> {
    call.header("range").map(|header| ByteRange::parse(&header, entry.size)).transpose()
}
