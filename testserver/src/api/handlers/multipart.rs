//! Multipart uploads whose parts clients write directly to the storage.

use axum::http::StatusCode;
use axum::http::header::ETAG;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::objects::branch_not_found;
use super::physical_address::{issued_location, namespace, new_address};
use super::presign;
use crate::api::call::Call;
use crate::api::contract::integer_error;
use crate::api::response::{ApiError, ApiResult, created, no_content, ok};
use crate::api::wire::ObjectStats;
use crate::http::ByteRange;
use crate::http::{empty, set_header};
use crate::model::{Entry, Error, ErrorKind, Location, Metadata, NewEntry, WriteOptions};
use crate::storage::{PresignedAction, Storage, StorageError};

const MAX_PARTS: u32 = 10_000;

/// Returns the storage, or the error of a server without one.
fn require_storage<'a>(call: &Call<'a>) -> Result<&'a Storage, ApiError> {
    call.catalog().repository(call.repository())?;
    call.storage().ok_or_else(|| {
        ApiError::new(StatusCode::NOT_IMPLEMENTED, "presign multipart upload API is not supported")
    })
}

/// The destination of an upload: its location in the repository, and its key in the storage.
struct Destination {
    location: String,
    key: String,
}

impl Destination {
    /// Parses a physical address. Fails unless it was issued for the path of the request.
    fn parse(call: &Call<'_>, address: &str) -> Result<Self, ApiError> {
        let location = issued_location(call, &namespace(call)?, address)?
            .ok_or_else(|| bad_request("physical address must be relative to the storage namespace"))?;
        let key = presign::key_of(address).ok_or_else(presign::unsupported)?.to_owned();
        Ok(Self { location, key })
    }

    fn upload<'a>(&'a self, call: &'a Call<'_>) -> (&'a str, &'a str) {
        (call.path_parameter("uploadId"), &self.key)
    }
}

fn bad_request(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, message)
}

/// Converts an error of the storage as lakeFS does.
fn storage_error(action: &str, error: StorageError) -> ApiError {
    let (status, code, message) = (error.status(), error.code(), error.message());
    let message = format!(
        "operation error S3: {action}, https response error StatusCode: {status}, RequestID: , HostID: , \
         api error {code}: {message}"
    );
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

pub(crate) fn create(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct Created {
        physical_address: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        presigned_urls: Vec<String>,
        upload_id: String,
    }
    let storage = require_storage(call)?;
    if !call.catalog().branch_exists(call.repository(), call.branch())? {
        return Err(branch_not_found(call.branch()));
    }
    let parts = call.text("parts");
    let parts =
        if parts.is_empty() { Some(0) } else { parts.parse().ok().filter(|parts| *parts <= MAX_PARTS) };
    let parts = parts.ok_or_else(|| bad_request("parts can be between 0 and 10000"))?;
    let address = new_address(call, &namespace(call)?);
    let key = presign::key_of(&address).ok_or_else(presign::unsupported)?;
    let upload = storage.create_upload(key.to_owned());
    let presign = |number| storage.presign(key, PresignedAction::PutPart { upload: &upload, number }).url;
    let presigned_urls = (1..=parts).map(presign).collect();
    created(&Created { presigned_urls, physical_address: address.clone(), upload_id: upload })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddressBody {
    physical_address: String,
}

/// Parses the number of a part.
fn part_number(call: &Call<'_>) -> Result<u32, ApiError> {
    let text = call.path_parameter("partNumber");
    let violation = integer_error(text).unwrap_or_else(|| {
        let bound = if text.starts_with('-') || text == "0" { "least 1" } else { "most 10000" };
        format!("number must be at {bound}")
    });
    let number = text.parse().ok().filter(|number| (1..=MAX_PARTS).contains(number));
    number.ok_or_else(|| bad_request(&format!("parameter \"partNumber\" in path has an error: {violation}")))
}

/// Pre-signs the URL of a part. Only the storage checks that the upload exists.
pub(crate) fn upload_part(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct UploadTo {
        presigned_url: String,
    }
    let number = part_number(call)?;
    let AddressBody { physical_address } = call.body("UploadPart")?;
    let destination = Destination::parse(call, &physical_address)?;
    let storage = call.storage();
    let storage = storage.ok_or(ErrorKind::NotSupported).map_err(Error::from);
    let storage = storage.map_err(|error| error.context("get presign upload part url"))?;
    let (upload, key) = destination.upload(call);
    ok(&UploadTo { presigned_url: storage.presign(key, PresignedAction::PutPart { upload, number }).url })
}

/// Copies an object or a range of it to a part.
pub(crate) fn copy_part(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        physical_address: String,
        copy_source: Source,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Source {
        repository: String,
        r#ref: String,
        path: String,
        range: Option<String>,
    }
    let number = part_number(call)?;
    let Body { physical_address, copy_source: source } = call.body("UploadPartCopy")?;
    call.catalog().repository(call.repository())?;
    call.catalog().repository(&source.repository)?;
    let destination = Destination::parse(call, &physical_address)?;
    let content = {
        let entry = call.catalog().entry(&source.repository, &source.r#ref, source.path.as_bytes());
        let context = || format!("{}/{}/{}", source.repository, source.r#ref, source.path);
        let entry = entry.map_err(|error| error.context(context()))?;
        entry.content.clone().ok_or(Error::from(ErrorKind::NoData))?
    };
    let Some(storage) = call.storage() else {
        let message = "multipart ID not found";
        return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message));
    };
    let content = source.range.map_or(Ok(content.clone()), |range| slice(&content, &range))?;
    let etag = storage.put_part(destination.upload(call), number, content);
    let etag = etag.map_err(|error| storage_error("UploadPartCopy", error))?;
    let mut response = empty(StatusCode::NO_CONTENT);
    set_header(&mut response, ETAG, &etag);
    Ok(response)
}

/// Returns the bytes of a range. lakeFS requires both of its ends.
fn slice(content: &Bytes, range: &str) -> Result<Bytes, ApiError> {
    if range.starts_with("bytes=-") || range.ends_with('-') {
        let message = format!("parse range \"{range}\": EOF");
        return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message));
    }
    let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let range = ByteRange::parse(range, size);
    Ok(range.map_err(|_| storage_error("UploadPartCopy", StorageError::InvalidRange))?.slice(content))
}

/// The physical address in the response is relative to the storage namespace, as with lakeFS.
pub(crate) fn complete(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        physical_address: String,
        parts: Vec<Part>,
        user_metadata: Metadata,
        content_type: String,
    }
    #[derive(Deserialize)]
    struct Part {
        part_number: i64,
        etag: String,
    }
    let storage = require_storage(call)?;
    let body: Body = call.body("CompletePresignMultipartUpload")?;
    if body.physical_address.is_empty() {
        return Err(bad_request("physical_address is required"));
    }
    if body.parts.is_empty() {
        return Err(bad_request("parts are required"));
    }
    let destination = Destination::parse(call, &body.physical_address)?;
    let part = |part: Part| Some((u32::try_from(part.part_number).ok()?, part.etag));
    let parts: Option<Vec<_>> = body.parts.into_iter().map(part).collect();
    let object = parts
        .ok_or(StorageError::InvalidPart)
        .and_then(|parts| storage.complete_upload(destination.upload(call), &parts))
        .map_err(|error| storage_error("CompleteMultipartUpload", error))?;
    let entry = Entry::new(NewEntry {
        size: i64::try_from(object.content.len()).unwrap_or(i64::MAX),
        checksum: object.etag,
        content_type: body.content_type,
        metadata: body.user_metadata,
        modified: object.modified,
        location: Location::Relative(destination.location.clone()),
        content: Some(object.content),
    });
    let path = call.path("path");
    let stats = ObjectStats::with_address(destination.location, &path, &entry);
    call.catalog_mut().put_entry(call.repository(), call.branch(), path, entry, WriteOptions::default())?;
    ok(&stats)
}

pub(crate) fn abort(call: &Call<'_>) -> ApiResult {
    let storage = require_storage(call)?;
    let AddressBody { physical_address } = call.body("AbortPresignMultipartUpload")?;
    if physical_address.is_empty() {
        return Err(bad_request("physical_address is required"));
    }
    let destination = Destination::parse(call, &physical_address)?;
    let aborted = storage.abort_upload(destination.upload(call));
    aborted.map_err(|error| storage_error("AbortMultipartUpload", error))?;
    no_content()
}
