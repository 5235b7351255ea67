//! Reads, with preconditions that hold for the bytes that are returned.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, ready};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future;
use futures::stream::{self, BoxStream};
use tokio::time::Instant;

use super::error::{generic, read_error};
use super::location::{StoreObject, object_meta};
use super::version::get_result;
use super::version::object_store::path::Path;
use super::version::object_store::{
    self, Attribute, Attributes, GetOptions, GetRange, GetResult, GetResultPayload,
    OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, Result, coalesce_ranges, collect_bytes,
};
use crate::models::ObjectStats;
use crate::scope::SignedObject;
use crate::transfer::etag;
use crate::transfer::read::reader::ObjectReader;
use crate::transfer::read::requests::ReaderRequest;
use crate::transfer::read::storage_source::StorageSource;
use crate::transfer::write::create::TOKEN_KEY;
use crate::verify::Verify;

/// How often a read starts again because the object was overwritten between two requests.
const MAX_ATTEMPTS: usize = 5;

/// How many bytes are allocated at most before the first byte arrives.
const MAX_PREALLOCATED: u64 = 8 * 1024 * 1024;

/// How a store verifies what it reads.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadSettings {
    /// `None` for the choice of each read.
    pub(super) presign: Option<bool>,
    /// `None` for the setting of the client.
    pub(super) verify: Option<Verify>,
    /// How many whole objects were read whose bytes are not verified.
    pub(super) unverified: Arc<AtomicU64>,
}

impl ReadSettings {
    fn reader(&self, source: &StoreObject) -> ReaderRequest {
        let request = source.object.reader().read_again_on_mismatch();
        let request = if let Some(presign) = self.presign { request.presign(presign) } else { request };
        if let Some(verify) = self.verify { request.verify(verify) } else { request }
    }

    /// The storage as the source of one version of an object.
    fn storage(&self) -> Arc<StorageSource> {
        Arc::new(StorageSource::new(self.presign == Some(true)))
    }
}

/// Reads an object.
///
/// The preconditions are evaluated here, because lakeFS has only one of them. A range needs one request: its response
/// has what the preconditions need. A whole object needs two, because its reader expects the user metadata, which no
/// response to a read has. They are sent at the same time, unless a precondition may make the data superfluous.
pub(super) async fn get(
    source: &StoreObject,
    settings: &ReadSettings,
    mut options: GetOptions,
) -> Result<GetResult> {
    if options.version.is_some() {
        let reason = "lakeFS has no versions of single objects: read the object at another ref instead";
        return Err(object_store::Error::NotSupported { source: reason.into() });
    }
    // The metadata have strong ETags, even if a proxy marks those of lakeFS as weak.
    for condition in [&mut options.if_match, &mut options.if_none_match].into_iter().flatten() {
        *condition = condition.split(',').map(etag::strong).collect::<Vec<_>>().join(",");
    }
    if let Some(range) = options.range.as_ref().filter(|_| !options.head)
        && let Some(request) = range_request(settings.reader(source), range)
        && let Some(result) = get_range(request, source, settings, range, &options).await?
    {
        return Ok(result);
    }
    let is_conditional = options.if_match.is_some()
        || options.if_none_match.is_some()
        || options.if_modified_since.is_some()
        || options.if_unmodified_since.is_some();
    let is_required = settings.presign == Some(true);
    if !options.head && options.range.is_none() && !is_conditional && !is_required {
        return get_whole(source, settings).await;
    }
    stat_and_get(source, settings, options).await
}

/// Reads a whole object: its metadata and its bytes at the same time, until both are of the same version.
async fn get_whole(source: &StoreObject, settings: &ReadSettings) -> Result<GetResult> {
    for _ in 0..MAX_ATTEMPTS {
        let storage = settings.storage();
        let request = settings.reader(source).source(&storage);
        let presign = request.is_presigned().await;
        let read_metadata = Snapshot::read(source, settings, presign);
        let open = async { request.await.map_err(|error| read_error(&source.location, error)) };
        let (snapshot, reader) = Box::pin(future::try_join(read_metadata, open)).await?;
        if !snapshot.is_version_of(&reader) {
            continue;
        }
        let Snapshot { meta, stats, signed, .. } = snapshot;
        if let Some(signed) = signed {
            storage.provide(signed).await;
        }
        let payload = GetResultPayload::Stream(chunks(reader, &source.location, settings));
        let range = 0..meta.size;
        return Ok(get_result(payload, meta, range, attributes(stats)));
    }
    Err(overwritten(&source.location))
}

/// Returns the request for a range, or `None` if the range is empty whatever the size of the object is.
fn range_request(request: ReaderRequest, range: &GetRange) -> Option<ReaderRequest> {
    match range {
        GetRange::Bounded(range) => (!range.is_empty()).then(|| request.range(range.clone())),
        GetRange::Offset(offset) => Some(request.range(*offset..)),
        GetRange::Suffix(bytes) => (*bytes > 0).then(|| request.suffix(*bytes)),
    }
}

/// Reads a range with one request. Returns `None` if the response does not say enough.
async fn get_range(
    request: ReaderRequest,
    source: &StoreObject,
    settings: &ReadSettings,
    range: &GetRange,
    options: &GetOptions,
) -> Result<Option<GetResult>> {
    let location = &source.location;
    let reader = match request.await {
        // The range may lie outside the object, which is to be reported after the preconditions.
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
        e_tag: Some(etag::of_checksum(etag)),
        version: None,
    };
    options.check_preconditions(&meta)?;
    let range = range.as_range(size).map_err(generic)?;
    if reader.start() != range.start || reader.length() != Some(range.end - range.start) {
        return Ok(None);
    }
    let content_type = reader.content_type().map(str::to_owned);
    let attributes = content_type.into_iter().map(|value| (Attribute::ContentType, value)).collect();
    let payload = GetResultPayload::Stream(chunks(reader, location, settings));
    Ok(Some(get_result(payload, meta, range, attributes)))
}

/// Reads the metadata of the object, evaluates the preconditions, and returns the bytes only if they are of that very
/// object.
async fn stat_and_get(
    source: &StoreObject,
    settings: &ReadSettings,
    options: GetOptions,
) -> Result<GetResult> {
    for _ in 0..MAX_ATTEMPTS {
        let presign = !options.head && settings.reader(source).is_presigned().await;
        let mut snapshot = Snapshot::read(source, settings, presign).await?;
        options.check_preconditions(&snapshot.meta)?;
        let size = snapshot.meta.size;
        let range =
            options.range.as_ref().map_or(Ok(0..size), |range| range.as_range(size)).map_err(generic)?;
        let payload = if options.head || range.is_empty() {
            GetResultPayload::Stream(stream::empty().boxed())
        } else {
            let part = options.range.is_some().then(|| range.clone());
            let Some(reader) = snapshot.open(settings, part).await? else { continue };
            GetResultPayload::Stream(chunks(reader, &source.location, settings))
        };
        let attributes = attributes(snapshot.stats);
        return Ok(get_result(payload, snapshot.meta, range, attributes));
    }
    Err(overwritten(&source.location))
}

/// Returns the bytes of a reader, and counts it at its end if it reads a whole object that is not verified.
fn chunks(
    mut reader: ObjectReader,
    location: &Path,
    settings: &ReadSettings,
) -> BoxStream<'static, Result<Bytes>> {
    let location = location.clone();
    let is_whole = reader.start() == 0 && reader.length() == reader.size();
    let mut unverified = is_whole.then(|| settings.unverified.clone());
    let chunks = stream::poll_fn(move |cx| {
        let next = ready!(reader.poll_next_unpin(cx));
        if next.is_none()
            && let Some(unverified) = unverified.take()
            && !reader.checksum_verified()
        {
            unverified.fetch_add(1, Relaxed);
        }
        Poll::Ready(next.map(|chunk| chunk.map_err(|error| read_error(&location, error))))
    });
    chunks.boxed()
}

/// Reads ranges, adjacent ones with one request. All are of the same version of the object, that of the first response.
pub(super) async fn get_ranges(
    source: &StoreObject,
    settings: &ReadSettings,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>> {
    for range in ranges {
        GetRange::from(range.clone()).is_valid().map_err(generic)?;
    }
    for _ in 0..MAX_ATTEMPTS {
        let (version, storage) = (&OnceLock::new(), &settings.storage());
        let read = |bytes| {
            let request = settings.reader(source).source(storage);
            read_coalesced(source, settings, request, version, bytes, ranges)
        };
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
    settings: &ReadSettings,
    request: ReaderRequest,
    version: &OnceLock<String>,
    bytes: Range<u64>,
    ranges: &[Range<u64>],
) -> Result<Bytes, ReadFailure> {
    let location = &source.location;
    let reader = request.range(bytes.clone()).await.map_err(|error| read_error(location, error))?;
    let Some(etag) = reader.etag() else {
        let message = format!("the response for {location} has no ETag, so its version is unknown");
        return Err(generic(message).into());
    };
    if !etag::is_same(version.get_or_init(|| etag.to_owned()), etag) {
        return Err(ReadFailure::Overwritten);
    }
    let expected = reader.length().unwrap_or_default().min(MAX_PREALLOCATED);
    let read = collect_bytes(chunks(reader, location, settings), Some(expected)).await?;
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
    async fn read(source: &'a StoreObject, settings: &ReadSettings, presign: bool) -> Result<Self> {
        let StoreObject { object, location } = source;
        let requested = Instant::now();
        let stats = match object.stat().presign(presign).await {
            // The server does not sign URLs although it reports that it does.
            Err(error) if settings.presign.is_none() && matches!(error.status(), Some(400 | 500 | 501)) => {
                object.get().await
            }
            stats => stats,
        };
        let stats = stats.map_err(|error| read_error(location, error))?;
        let signed = presign.then(|| SignedObject::new(&stats, requested)).flatten();
        Ok(Self { source, meta: object_meta(location.clone(), &stats)?, stats, signed })
    }

    /// Opens a range, or the whole object. Returns `None` if the object has been overwritten.
    async fn open(
        &mut self,
        settings: &ReadSettings,
        range: Option<Range<u64>>,
    ) -> Result<Option<ObjectReader>> {
        let storage = settings.storage();
        if let Some(signed) = self.signed.take() {
            storage.provide(signed).await;
        }
        let request = settings.reader(self.source).source(&storage).size_hint(self.meta.size);
        let request = if let Some(range) = range { request.range(range) } else { request };
        let reader = request.await.map_err(|error| read_error(&self.source.location, error))?;
        Ok(Some(reader).filter(|reader| self.is_version_of(reader)))
    }

    /// Whether a reader reads the version that the metadata describe.
    fn is_version_of(&self, reader: &ObjectReader) -> bool {
        reader.etag().is_some_and(|etag| etag::is_same(etag, &self.stats.checksum))
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
