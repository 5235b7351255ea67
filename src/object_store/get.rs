//! Reads, with preconditions that hold for the bytes that are returned.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, GetRange, GetResult, GetResultPayload, OBJECT_STORE_COALESCE_DEFAULT,
    ObjectMeta, Result, coalesce_ranges, collect_bytes,
};

use tokio::time::Instant;

use super::error::{generic, read_error};
use super::location::{StoreObject, object_meta};
use crate::models::ObjectStats;
use crate::scope::SignedObject;
use crate::transfer::read::reader::ObjectReader;
use crate::transfer::read::requests::ReaderRequest;
use crate::transfer::read::storage_source::StorageSource;

/// How often a read starts again because the object was overwritten between two requests.
const MAX_ATTEMPTS: usize = 5;

/// How many bytes are allocated at most before the first byte arrives.
const MAX_PREALLOCATED: u64 = 8 * 1024 * 1024;

/// Reads an object.
///
/// The preconditions are evaluated here, because lakeFS has only one of them. A range needs one request: its response
/// has what the preconditions need. A whole object needs two, because its reader expects the user metadata, which no
/// response to a read has. They are sent at the same time, unless a precondition may make the data superfluous.
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
    let is_conditional = options.if_match.is_some()
        || options.if_none_match.is_some()
        || options.if_modified_since.is_some()
        || options.if_unmodified_since.is_some();
    let is_required = source.options.presign == Some(true);
    if !options.head && options.range.is_none() && !is_conditional && !is_required {
        return get_whole(source).await;
    }
    stat_and_get(source, options).await
}

/// Reads a whole object: its metadata and its bytes at the same time, until both are of the same version.
async fn get_whole(source: &StoreObject) -> Result<GetResult> {
    for _ in 0..MAX_ATTEMPTS {
        let storage = Arc::new(StorageSource::new(false));
        let request = source.reader().source(&storage);
        let presign = request.is_presigned().await;
        let read_metadata = Snapshot::read(source, presign);
        let open = async { request.await.map_err(|error| read_error(&source.location, error)) };
        let (snapshot, reader) = Box::pin(future::try_join(read_metadata, open)).await?;
        if reader.etag() != snapshot.meta.e_tag.as_deref() {
            continue;
        }
        let Snapshot { meta, stats, signed, .. } = snapshot;
        if let Some(signed) = signed {
            storage.provide(signed).await;
        }
        let (payload, range) = (payload(reader, &source.location), 0..meta.size);
        return Ok(GetResult { payload, meta, range, attributes: attributes(stats) });
    }
    Err(overwritten(&source.location))
}

/// Returns the request for a range, or `None` if the range is empty whatever the size of the object is.
fn range_request(source: &StoreObject, range: &GetRange) -> Option<ReaderRequest> {
    let request = source.reader();
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
        let presign = !options.head && source.reader().is_presigned().await;
        let mut snapshot = Snapshot::read(source, presign).await?;
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
        let storage = Arc::new(StorageSource::new(source.options.presign == Some(true)));
        let (version, storage) = (&OnceLock::new(), &storage);
        let read = |bytes| read_coalesced(source, storage, version, bytes, ranges);
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
    storage: &Arc<StorageSource>,
    version: &OnceLock<String>,
    bytes: Range<u64>,
    ranges: &[Range<u64>],
) -> Result<Bytes, ReadFailure> {
    let location = &source.location;
    let request = source.reader().range(bytes.clone()).source(storage);
    let reader = request.await.map_err(|error| read_error(location, error))?;
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
    /// The object with its pre-signed URL, if that was requested.
    signed: Option<SignedObject>,
}

impl<'a> Snapshot<'a> {
    /// `presign` is whether the metadata are requested with a pre-signed URL.
    async fn read(source: &'a StoreObject, presign: bool) -> Result<Self> {
        let StoreObject { object, location, options } = source;
        let requested = Instant::now();
        let stats = match object.stat().presign(presign).await {
            // The server does not sign URLs although it reports that it does.
            Err(error) if options.presign.is_none() && matches!(error.status(), Some(400 | 500 | 501)) => {
                object.get().await
            }
            stats => stats,
        };
        let stats = stats.map_err(|error| read_error(location, error))?;
        let signed = presign.then(|| SignedObject::new(&stats, requested)).flatten();
        Ok(Self { source, meta: object_meta(location.clone(), &stats)?, stats, signed })
    }

    /// Opens a range, or the whole object. Returns `None` if the object has been overwritten.
    async fn open(&mut self, range: Option<Range<u64>>) -> Result<Option<ObjectReader>> {
        let storage = Arc::new(StorageSource::new(self.source.options.presign == Some(true)));
        if let Some(signed) = self.signed.take() {
            storage.provide(signed).await;
        }
        let request = self.source.reader().source(&storage).size_hint(self.meta.size);
        let request = if let Some(range) = range { request.range(range) } else { request };
        let reader = request.await.map_err(|error| read_error(&self.source.location, error))?;
        Ok(Some(reader).filter(|reader| reader.etag() == self.meta.e_tag.as_deref()))
    }
}

/// Returns the content type and the user metadata. lakeFS stores no other attribute.
fn attributes(stats: ObjectStats) -> Attributes {
    let content_type = stats.content_type.map(|value| (Attribute::ContentType, value));
    let metadata = stats.metadata.map(|metadata| metadata.0).unwrap_or_default();
    let metadata = metadata.into_iter().map(|(key, value)| (Attribute::Metadata(key.into()), value));
    content_type.into_iter().chain(metadata).collect()
}
