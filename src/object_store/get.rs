//! Reads, with preconditions that hold for the bytes that are returned.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, GetRange, GetResult, GetResultPayload, OBJECT_STORE_COALESCE_DEFAULT,
    ObjectMeta, Result, coalesce_ranges, collect_bytes,
};

use super::error::{generic, read_error};
use super::location::{StoreObject, object_meta};
use crate::models::ObjectStats;
use crate::transfer::read::reader::ObjectReader;
use crate::transfer::read::requests::ReaderRequest;
use crate::transfer::write::create::TOKEN_KEY;

/// How often a read starts again because the object was overwritten between two requests.
const MAX_ATTEMPTS: usize = 5;

/// How many bytes are allocated at most before the first byte arrives.
const MAX_PREALLOCATED: u64 = 8 * 1024 * 1024;

/// Reads an object.
///
/// The preconditions are evaluated here, because lakeFS has only one of them. A range needs one request: its response
/// has what the preconditions need. A whole object needs two, because its reader expects the user metadata, which no
/// response to a read has. The second request costs as much as a small read, and engines read many ranges of one object.
pub(super) async fn get(source: &StoreObject, options: GetOptions) -> Result<GetResult> {
    if options.version.is_some() {
        let reason = "lakeFS has no versions of single objects: read the object at another ref instead";
        return Err(object_store::Error::NotSupported { source: reason.into() });
    }
    if let Some(range) = options.range.as_ref().filter(|_| !options.head)
        && let Some(request) = range_request(source, range)
        && let Some(result) = get_range(request, &source.location, range, &options).await?
    {
        return Ok(result);
    }
    stat_and_get(source, options).await
}

/// Returns the request for a range, or `None` if the range is empty whatever the size of the object is.
fn range_request(source: &StoreObject, range: &GetRange) -> Option<ReaderRequest> {
    let request = source.object.reader();
    match range {
        GetRange::Bounded(range) => (!range.is_empty()).then(|| request.range(range.clone())),
        GetRange::Offset(offset) => Some(request.range(*offset..)),
        GetRange::Suffix(bytes) => (*bytes > 0).then(|| request.suffix(*bytes)),
    }
}

/// Reads a range with one request. Returns `None` if the response does not say enough.
async fn get_range(
    request: ReaderRequest,
    location: &Path,
    range: &GetRange,
    options: &GetOptions,
) -> Result<Option<GetResult>> {
    let reader = match request.await {
        // The range may lie outside the object, which is to be reported after the preconditions. A suffix of an empty
        // object makes the server fail with 500.
        Err(error) if matches!(error.status(), Some(400 | 416 | 500)) => return Ok(None),
        reader => reader.map_err(|error| read_error(location, error))?,
    };
    let (Some(size), Some(last_modified), Some(etag)) =
        (reader.size(), reader.last_modified(), reader.etag())
    else {
        return Ok(None);
    };
    let meta = ObjectMeta {
        location: location.clone(),
        last_modified: last_modified.into(),
        size,
        e_tag: Some(etag.to_owned()),
        version: None,
    };
    options.check_preconditions(&meta)?;
    let range = range.as_range(size).map_err(generic)?;
    if reader.start() != range.start || reader.length() != Some(range.end - range.start) {
        return Ok(None);
    }
    let content_type = reader.content_type().map(str::to_owned);
    let attributes = content_type.into_iter().map(|value| (Attribute::ContentType, value)).collect();
    let payload = payload(reader, location);
    Ok(Some(GetResult { payload, meta, range, attributes }))
}

/// Reads the metadata of the object, evaluates the preconditions, and returns the bytes only if they are of that very
/// object.
async fn stat_and_get(source: &StoreObject, options: GetOptions) -> Result<GetResult> {
    for _ in 0..MAX_ATTEMPTS {
        let snapshot = Snapshot::read(source).await?;
        options.check_preconditions(&snapshot.meta)?;
        let size = snapshot.meta.size;
        let range =
            options.range.as_ref().map_or(Ok(0..size), |range| range.as_range(size)).map_err(generic)?;
        let payload = if options.head || range.is_empty() {
            GetResultPayload::Stream(stream::empty().boxed())
        } else {
            let part = options.range.is_some().then(|| range.clone());
            let Some(reader) = snapshot.open(part).await? else { continue };
            payload(reader, &source.location)
        };
        let attributes = attributes(snapshot.stats);
        return Ok(GetResult { payload, meta: snapshot.meta, range, attributes });
    }
    Err(overwritten(&source.location))
}

fn payload(reader: ObjectReader, location: &Path) -> GetResultPayload {
    let location = location.clone();
    GetResultPayload::Stream(reader.map_err(move |error| read_error(&location, error)).boxed())
}

/// Reads ranges, adjacent ones with one request. All are of the same version of the object, that of the first response.
pub(super) async fn get_ranges(source: &StoreObject, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
    for range in ranges {
        GetRange::from(range.clone()).is_valid().map_err(generic)?;
    }
    for _ in 0..MAX_ATTEMPTS {
        let version = &OnceLock::new();
        let read = |bytes| read_coalesced(source, version, bytes, ranges);
        match coalesce_ranges(ranges, read, OBJECT_STORE_COALESCE_DEFAULT).await {
            Ok(bytes) => return Ok(bytes),
            Err(ReadFailure::Overwritten) => {}
            Err(ReadFailure::Other(error)) => return Err(error),
        }
    }
    Err(overwritten(&source.location))
}

enum ReadFailure {
    /// The bytes are of another version of the object.
    Overwritten,
    Other(object_store::Error),
}

impl From<object_store::Error> for ReadFailure {
    fn from(error: object_store::Error) -> Self {
        Self::Other(error)
    }
}

/// Reads bytes that contain some of the ranges.
async fn read_coalesced(
    source: &StoreObject,
    version: &OnceLock<String>,
    bytes: Range<u64>,
    ranges: &[Range<u64>],
) -> Result<Bytes, ReadFailure> {
    let StoreObject { object, location } = source;
    let reader = object.reader().range(bytes.clone()).await.map_err(|error| read_error(location, error))?;
    let Some(etag) = reader.etag() else {
        let message = format!("the response for {location} has no ETag, so its version is unknown");
        return Err(generic(message).into());
    };
    if version.get_or_init(|| etag.to_owned()) != etag {
        return Err(ReadFailure::Overwritten);
    }
    let expected = reader.length().unwrap_or_default().min(MAX_PREALLOCATED);
    let chunks = reader.map_err(|error| read_error(location, error));
    let read = collect_bytes(chunks.boxed(), Some(expected)).await?;
    let end = bytes.start + read.len() as u64;
    if end < bytes.end {
        // The object ends here. `coalesce_ranges` would not notice a range that lies after the end.
        for range in ranges {
            GetRange::from(range.clone()).as_range(end).map_err(generic)?;
        }
    }
    Ok(read)
}

fn overwritten(location: &Path) -> object_store::Error {
    generic(format!("{location} was overwritten during each of {MAX_ATTEMPTS} attempts to read it"))
}

/// The metadata of an object at one moment.
struct Snapshot<'a> {
    source: &'a StoreObject,
    meta: ObjectMeta,
    stats: ObjectStats,
}

impl<'a> Snapshot<'a> {
    async fn read(source: &'a StoreObject) -> Result<Self> {
        let StoreObject { object, location } = source;
        let stats = object.get().await.map_err(|error| read_error(location, error))?;
        Ok(Self { source, meta: object_meta(location.clone(), &stats)?, stats })
    }

    /// Opens a range, or the whole object. Returns `None` if the object has been overwritten.
    async fn open(&self, range: Option<Range<u64>>) -> Result<Option<ObjectReader>> {
        let request = self.source.object.reader();
        let request = if let Some(range) = range { request.range(range) } else { request };
        let reader = request.await.map_err(|error| read_error(&self.source.location, error))?;
        Ok(Some(reader).filter(|reader| reader.etag() == self.meta.e_tag.as_deref()))
    }
}

/// Returns the content type and the user metadata, without the token of a creation. lakeFS stores no other attribute.
fn attributes(stats: ObjectStats) -> Attributes {
    let content_type = stats.content_type.map(|value| (Attribute::ContentType, value));
    let metadata = stats.metadata.map(|metadata| metadata.0).unwrap_or_default();
    let metadata = metadata
        .into_iter()
        .filter(|(key, _)| key != TOKEN_KEY)
        .map(|(key, value)| (Attribute::Metadata(key.into()), value));
    content_type.into_iter().chain(metadata).collect()
}
