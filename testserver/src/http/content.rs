//! The bytes of objects, read.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, Response, StatusCode};

use super::call::Call;
use super::dates;
use super::presign;
use super::reply::{Failure, Outcome, Reply, empty, set};
use crate::model::{Entry, Error, ErrorKind};
use crate::range::{ByteRange, WrongRange};

/// What a browser may show instead of saving.
const SHOWN: [&str; 22] = [
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

pub(crate) fn get(call: &Call<'_>) -> Outcome {
    let (namespace, entry) = {
        let lake = call.lake();
        let namespace = lake.repository(call.repository())?.namespace.clone();
        (namespace, lake.entry(call.repository(), call.segment("ref"), &call.path("path"))?)
    };
    let etag = etag(&entry);
    if call.header("if-none-match").is_some_and(|known| known == etag) {
        return Ok(empty(StatusCode::NOT_MODIFIED));
    }
    if let Some(storage) = presign::signer(call)? {
        return presign::redirect(storage, &namespace, &entry);
    }
    let mut headers = described(&entry, &etag);
    let disposition = if SHOWN.contains(&entry.content_type.as_str()) { "inline" } else { "attachment" };
    headers.extend([
        (CONTENT_DISPOSITION, disposition.to_owned()),
        (CONTENT_SECURITY_POLICY, "default-src 'none'".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (X_FRAME_OPTIONS, "SAMEORIGIN".to_owned()),
    ]);
    let range = match range(call, &entry) {
        Ok(range) => range,
        Err(wrong) => {
            if wrong == WrongRange::Unsatisfiable {
                headers.push((CONTENT_RANGE, format!("bytes */{}", entry.size)));
            }
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok(with(headers, Failure::new(status, "Requested Range Not Satisfiable").into_reply()));
        }
    };
    let Some(content) = &entry.content else {
        return Ok(with(headers, Failure::from(Error::from(ErrorKind::NoData)).into_reply()));
    };
    let (status, content) = match range {
        None => (StatusCode::OK, content.clone()),
        Some(range) => {
            headers.push((CONTENT_RANGE, range.header(entry.size)));
            (StatusCode::PARTIAL_CONTENT, range.of(content))
        }
    };
    let mut reply = Response::new(Body::from(content));
    *reply.status_mut() = status;
    Ok(with(headers, reply))
}

/// Failures here have nothing but a status.
#[expect(clippy::unnecessary_wraps, reason = "it is a handler like others")]
pub(crate) fn head(call: &Call<'_>) -> Outcome {
    let found = call.lake().entry(call.repository(), call.segment("ref"), &call.path("path"));
    let entry = match found {
        Ok(entry) => entry,
        Err(error) => return Ok(empty(Failure::from(error).status())),
    };
    let mut headers = described(&entry, &etag(&entry));
    headers.push((ACCEPT_RANGES, "bytes".to_owned()));
    let (status, length) = match range(call, &entry) {
        Err(_) => return Ok(with(headers, empty(StatusCode::RANGE_NOT_SATISFIABLE))),
        Ok(None) => (StatusCode::OK, entry.size),
        Ok(Some(range)) => {
            headers.push((CONTENT_RANGE, range.header(entry.size)));
            (StatusCode::PARTIAL_CONTENT, range.len())
        }
    };
    headers.push((CONTENT_LENGTH, length.to_string()));
    Ok(with(headers, empty(status)))
}

fn etag(entry: &Entry) -> String {
    format!("\"{}\"", entry.checksum.trim_matches([' ', '"']))
}

/// The headers that every reply about an object has.
fn described(entry: &Entry, etag: &str) -> Vec<(HeaderName, String)> {
    vec![
        (ETAG, etag.to_owned()),
        (LAST_MODIFIED, dates::http(entry.modified)),
        (CONTENT_TYPE, entry.content_type.clone()),
        (CACHE_CONTROL, "no-store, must-revalidate".to_owned()),
        (EXPIRES, "0".to_owned()),
    ]
}

/// Sets headers that a reply does not have yet.
fn with(headers: Vec<(HeaderName, String)>, mut reply: Reply) -> Reply {
    for (name, value) in headers {
        if !reply.headers().contains_key(&name) {
            set(&mut reply, name, &value);
        }
    }
    reply
}

fn range(call: &Call<'_>, entry: &Entry) -> Result<Option<ByteRange>, WrongRange> {
    call.header("range").map(|header| ByteRange::parse(&header, entry.size)).transpose()
}
