//! The headers of a response that describe an object.

use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use crate::api::Response;
use crate::models::time::from_unix_seconds;
use crate::scope::SignedObject;
use crate::transfer::etag;

/// The headers of a response that describe an object.
#[derive(Debug)]
pub(crate) struct ObjectHeaders {
    pub(crate) content_type: Option<String>,
    /// The ETag, as `If-None-Match` takes it.
    pub(crate) etag: Option<String>,
    /// The storage that wrote the response encrypts the object, so that its ETag is no MD5.
    pub(crate) is_encrypted: bool,
    pub(crate) last_modified: Option<SystemTime>,
    pub(crate) content_length: Option<u64>,
    /// The size of the whole object, in bytes.
    pub(crate) size: Option<u64>,
}

impl ObjectHeaders {
    /// The headers that a response of lakeFS would have with `length` bytes of the object.
    pub(crate) fn of_signed(signed: &SignedObject, length: u64) -> Self {
        Self {
            content_type: signed.content_type.clone(),
            etag: Some(etag::of_checksum(&signed.checksum)),
            last_modified: from_unix_seconds(signed.mtime),
            content_length: Some(length),
            size: Some(signed.size),
            is_encrypted: signed.is_encrypted.load(Relaxed),
        }
    }

    pub(crate) fn of<T>(response: &Response<T>) -> Self {
        let text = |name: &str| response.header(name).map(str::to_owned);
        let last_modified = response.header("last-modified");
        let content_length = response.header("content-length").and_then(|length| length.parse().ok());
        Self {
            content_type: text("content-type"),
            etag: response.header("etag").map(|etag| etag::strong(etag).to_owned()),
            is_encrypted: etag::is_of_encrypted(response),
            last_modified: last_modified.and_then(|date| httpdate::parse_http_date(date).ok()),
            content_length,
            size: match response.header("content-range") {
                Some(range) => range.rsplit_once('/').and_then(|(_, size)| size.parse().ok()),
                None => content_length,
            },
        }
    }
}
