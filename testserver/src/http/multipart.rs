//! Objects that a client writes to the storage by itself, in parts.

use axum::http::StatusCode;
use axum::http::header::ETAG;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::objects::branch_missing;
use super::params::wrong_integer;
use super::presign;
use super::reply::{Failure, Outcome, created, empty, no_content, ok, set};
use super::staging::{namespace, new_address, own_location};
use super::wire::ObjectStats;
use crate::model::{Entry, Error, ErrorKind, Location, Metadata, NewEntry, WriteOptions};
use crate::range::ByteRange;
use crate::storage::{Purpose, Refusal, Storage};

const MAX_PARTS: u32 = 10_000;

/// The storage that takes uploads in parts.
fn storage<'a>(call: &Call<'a>) -> Result<&'a Storage, Failure> {
    call.lake().repository(call.repository())?;
    call.app.storage.as_ref().ok_or_else(|| {
        Failure::new(StatusCode::NOT_IMPLEMENTED, "presign multipart upload API is not supported")
    })
}

/// Where an upload goes to: within the repository, and as a key of the storage.
struct Destination {
    location: String,
    key: String,
}

impl Destination {
    /// The place that an address points to, if it was handed out for this path.
    fn of(call: &Call<'_>, address: &str) -> Result<Self, Failure> {
        let location = own_location(call, &namespace(call)?, address)?
            .ok_or_else(|| bad_request("physical address must be relative to the storage namespace"))?;
        let key = presign::key_of(address).ok_or_else(presign::unsupported)?.to_owned();
        Ok(Self { location, key })
    }

    fn upload<'a>(&'a self, call: &'a Call<'_>) -> (&'a str, &'a str) {
        (call.segment("uploadId"), &self.key)
    }
}

fn bad_request(message: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, message)
}

/// A refusal of the storage, as lakeFS hands it on.
fn refused(action: &str, refusal: Refusal) -> Failure {
    let (status, code, words) = (refusal.status(), refusal.code(), refusal.words());
    let message = format!(
        "operation error S3: {action}, https response error StatusCode: {status}, RequestID: , HostID: , \
         api error {code}: {words}"
    );
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

pub(crate) fn create(call: &Call<'_>) -> Outcome {
    #[derive(Serialize)]
    struct Created {
        physical_address: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        presigned_urls: Vec<String>,
        upload_id: String,
    }
    let storage = storage(call)?;
    if !call.lake().branch_exists(call.repository(), call.branch())? {
        return Err(branch_missing(call.branch()));
    }
    let parts = call.text("parts");
    let parts =
        if parts.is_empty() { Some(0) } else { parts.parse().ok().filter(|parts| *parts <= MAX_PARTS) };
    let parts = parts.ok_or_else(|| bad_request("parts can be between 0 and 10000"))?;
    let address = new_address(call, &namespace(call)?);
    let key = presign::key_of(&address).ok_or_else(presign::unsupported)?;
    let upload = storage.create_upload(key.to_owned());
    let sign = |number| storage.sign(key, Purpose::WritePart { upload: &upload, number }).url;
    let presigned_urls = (1..=parts).map(sign).collect();
    created(&Created { presigned_urls, physical_address: address.clone(), upload_id: upload })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    physical_address: String,
}

/// The number of a part.
fn number(call: &Call<'_>) -> Result<u32, Failure> {
    let text = call.segment("partNumber");
    let wrong = wrong_integer(text).unwrap_or_else(|| {
        let bound = if text.starts_with('-') || text == "0" { "least 1" } else { "most 10000" };
        format!("number must be at {bound}")
    });
    let number = text.parse().ok().filter(|number| (1..=MAX_PARTS).contains(number));
    number.ok_or_else(|| bad_request(&format!("parameter \"partNumber\" in path has an error: {wrong}")))
}

/// Signs an address for a part. Whether there is such an upload only the storage looks at.
pub(crate) fn upload_part(call: &Call<'_>) -> Outcome {
    #[derive(Serialize)]
    struct UploadTo {
        presigned_url: String,
    }
    let number = number(call)?;
    let Address { physical_address } = call.body("UploadPart")?;
    let destination = Destination::of(call, &physical_address)?;
    let storage = call.app.storage.as_ref();
    let storage = storage.ok_or(ErrorKind::NotSupported).map_err(Error::from);
    let storage = storage.map_err(|error| error.context("get presign upload part url"))?;
    let (upload, key) = destination.upload(call);
    ok(&UploadTo { presigned_url: storage.sign(key, Purpose::WritePart { upload, number }).url })
}

/// Makes a part of what is in lakeFS already.
pub(crate) fn copy_part(call: &Call<'_>) -> Outcome {
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
    let number = number(call)?;
    let Body { physical_address, copy_source: source } = call.body("UploadPartCopy")?;
    call.lake().repository(call.repository())?;
    call.lake().repository(&source.repository)?;
    let destination = Destination::of(call, &physical_address)?;
    let content = {
        let entry = call.lake().entry(&source.repository, &source.r#ref, source.path.as_bytes());
        let at = || format!("{}/{}/{}", source.repository, source.r#ref, source.path);
        let entry = entry.map_err(|error| error.context(at()))?;
        entry.content.clone().ok_or(Error::from(ErrorKind::NoData))?
    };
    let Some(storage) = &call.app.storage else {
        let words = "multipart ID not found";
        return Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, words));
    };
    let content = source.range.map_or(Ok(content.clone()), |range| cut(&content, &range))?;
    let etag = storage.put_part(destination.upload(call), number, content);
    let etag = etag.map_err(|refusal| refused("UploadPartCopy", refusal))?;
    let mut reply = empty(StatusCode::NO_CONTENT);
    set(&mut reply, ETAG, &etag);
    Ok(reply)
}

/// The bytes of a range, both of whose ends have to be said.
fn cut(content: &Bytes, range: &str) -> Result<Bytes, Failure> {
    if range.starts_with("bytes=-") || range.ends_with('-') {
        let message = format!("parse range \"{range}\": EOF");
        return Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message));
    }
    let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let range = ByteRange::parse(range, size);
    Ok(range.map_err(|_| refused("UploadPartCopy", Refusal::InvalidRange))?.of(content))
}

/// The answer says where the object is within the repository, not its whole address.
pub(crate) fn complete(call: &Call<'_>) -> Outcome {
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
    let storage = storage(call)?;
    let body: Body = call.body("CompletePresignMultipartUpload")?;
    if body.physical_address.is_empty() {
        return Err(bad_request("physical_address is required"));
    }
    if body.parts.is_empty() {
        return Err(bad_request("parts are required"));
    }
    let destination = Destination::of(call, &body.physical_address)?;
    let part = |part: Part| Some((u32::try_from(part.part_number).ok()?, part.etag));
    let parts: Option<Vec<_>> = body.parts.into_iter().map(part).collect();
    let stored = parts
        .ok_or(Refusal::InvalidPart)
        .and_then(|parts| storage.complete(destination.upload(call), &parts))
        .map_err(|refusal| refused("CompleteMultipartUpload", refusal))?;
    let entry = Entry::new(NewEntry {
        size: i64::try_from(stored.content.len()).unwrap_or(i64::MAX),
        checksum: stored.etag,
        content_type: body.content_type,
        metadata: body.user_metadata,
        modified: stored.modified,
        location: Location::Relative(destination.location.clone()),
        content: Some(stored.content),
    });
    let path = call.path("path");
    let stats = ObjectStats::at(destination.location, &path, &entry);
    call.lake_mut().put_entry(call.repository(), call.branch(), path, entry, WriteOptions::default())?;
    ok(&stats)
}

pub(crate) fn abort(call: &Call<'_>) -> Outcome {
    let storage = storage(call)?;
    let Address { physical_address } = call.body("AbortPresignMultipartUpload")?;
    if physical_address.is_empty() {
        return Err(bad_request("physical_address is required"));
    }
    let destination = Destination::of(call, &physical_address)?;
    let aborted = storage.abort(destination.upload(call));
    aborted.map_err(|refusal| refused("AbortMultipartUpload", refusal))?;
    no_content()
}
