//! Reads, with conditions that hold for the bytes that are given.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, GetRange, GetResult, GetResultPayload, OBJECT_STORE_COALESCE_DEFAULT,
    ObjectMeta, Result, coalesce_ranges, collect_bytes,
};

use super::error::{failure, generic};
use super::location::meta;
use crate::handles::branch_object::BranchObject;
use crate::models::ObjectStats;
use crate::transfer::read::reader::ObjectReader;
use crate::transfer::read::requests::ReaderRequest;

/// How often a read begins anew because the object was overwritten between the look at it and its first byte.
const TRIES: usize = 5;

/// The most memory that is asked for before any byte has come.
const FORESIGHT: u64 = 8 * 1024 * 1024;

/// Reads as the options say, with conditions that are held here: lakeFS knows one, and none by time.
///
/// A range is read with one request, whose reply says what the conditions need. All of an object is not: its reader is owed
/// the metadata of users, which no reply to a read has. That look costs as much as a small read, and engines read many
/// ranges of one object.
pub(super) async fn get(object: &BranchObject, location: &Path, options: GetOptions) -> Result<GetResult> {
    if options.version.is_some() {
        let why = "objects have no versions but those of the references that they are read at";
        return Err(object_store::Error::NotSupported { source: why.into() });
    }
    if let Some(range) = options.range.as_ref().filter(|_| !options.head)
        && let Some(open) = ranged(object, range)
        && let Some(result) = at_once(open, location, range, &options).await?
    {
        return Ok(result);
    }
    look_and_get(object, location, options).await
}

/// The read of a range of which it can be said without the size of the object that there is something in it.
fn ranged(object: &BranchObject, range: &GetRange) -> Option<ReaderRequest> {
    let open = object.reader();
    match range {
        GetRange::Bounded(range) => (!range.is_empty()).then(|| open.range(range.clone())),
        GetRange::Offset(offset) => Some(open.range(*offset..)),
        GetRange::Suffix(bytes) => (*bytes > 0).then(|| open.suffix(*bytes)),
    }
}

/// Reads a range with one request. Nothing, if the reply does not say what has to be known.
async fn at_once(
    open: ReaderRequest,
    location: &Path,
    range: &GetRange,
    options: &GetOptions,
) -> Result<Option<GetResult>> {
    let reader = match open.await {
        // The range is none, which is said only after the conditions were held; the last bytes of nothing are a failure of
        // the server.
        Err(error) if matches!(error.status(), Some(400 | 416 | 500)) => return Ok(None),
        reader => reader.map_err(|error| failure(location, error))?,
    };
    let (Some(size), Some(last_modified), Some(tag)) = (reader.size(), reader.last_modified(), reader.etag())
    else {
        return Ok(None);
    };
    let meta = ObjectMeta {
        location: location.clone(),
        last_modified: last_modified.into(),
        size,
        e_tag: Some(tag.to_owned()),
        version: None,
    };
    options.check_preconditions(&meta)?;
    let range = range.as_range(size).map_err(generic)?;
    if reader.start() != range.start || reader.length() != Some(range.end - range.start) {
        return Ok(None);
    }
    let media_type = reader.content_type().map(str::to_owned);
    let attributes = media_type.into_iter().map(|media_type| (Attribute::ContentType, media_type)).collect();
    let payload = payload(reader, location);
    Ok(Some(GetResult { payload, meta, range, attributes }))
}

/// Looks at the object, holds the conditions against what was seen, and gives its bytes only if they are still of that
/// object.
async fn look_and_get(object: &BranchObject, location: &Path, options: GetOptions) -> Result<GetResult> {
    for _ in 0..TRIES {
        let seen = Seen::look(object, location).await?;
        options.check_preconditions(&seen.meta)?;
        let size = seen.meta.size;
        let range =
            options.range.as_ref().map_or(Ok(0..size), |range| range.as_range(size)).map_err(generic)?;
        let payload = if options.head || range.is_empty() {
            GetResultPayload::Stream(stream::empty().boxed())
        } else {
            let part = options.range.is_some().then(|| range.clone());
            let Some(reader) = seen.open(part).await? else { continue };
            payload(reader, location)
        };
        let attributes = attributes(seen.stats);
        return Ok(GetResult { payload, meta: seen.meta, range, attributes });
    }
    Err(changing(location))
}

fn payload(reader: ObjectReader, location: &Path) -> GetResultPayload {
    let location = location.clone();
    GetResultPayload::Stream(reader.map_err(move |error| failure(&location, error)).boxed())
}

/// Reads ranges, near ones together, all of one version of the object: the one that the first reply is of.
pub(super) async fn get_ranges(
    object: &BranchObject,
    location: &Path,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>> {
    for range in ranges {
        GetRange::from(range.clone()).is_valid().map_err(generic)?;
    }
    for _ in 0..TRIES {
        let version = &OnceLock::new();
        let read = |bytes| read(object, location, version, bytes, ranges);
        match coalesce_ranges(ranges, read, OBJECT_STORE_COALESCE_DEFAULT).await {
            Ok(bytes) => return Ok(bytes),
            Err(Unread::Changed) => {}
            Err(Unread::Failed(error)) => return Err(error),
        }
    }
    Err(changing(location))
}

/// Why bytes were not read.
enum Unread {
    /// They are of another version.
    Changed,
    Failed(object_store::Error),
}

impl From<object_store::Error> for Unread {
    fn from(error: object_store::Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads bytes that some of the ranges lie in.
async fn read(
    object: &BranchObject,
    location: &Path,
    version: &OnceLock<String>,
    bytes: Range<u64>,
    ranges: &[Range<u64>],
) -> Result<Bytes, Unread> {
    let reader = object.reader().range(bytes.clone()).await.map_err(|error| failure(location, error))?;
    let Some(tag) = reader.etag() else {
        return Err(generic(format!("{location} came without an entity tag to know it by again")).into());
    };
    if version.get_or_init(|| tag.to_owned()) != tag {
        return Err(Unread::Changed);
    }
    let expected = reader.length().unwrap_or_default().min(FORESIGHT);
    let chunks = reader.map_err(|error| failure(location, error));
    let read = collect_bytes(chunks.boxed(), Some(expected)).await?;
    let end = bytes.start + read.len() as u64;
    if end < bytes.end {
        // It is the end of the object. A range behind it would go unnoticed beside one that is not.
        for range in ranges {
            GetRange::from(range.clone()).as_range(end).map_err(generic)?;
        }
    }
    Ok(read)
}

fn changing(location: &Path) -> object_store::Error {
    generic(format!("{location} is overwritten again and again while it is read"))
}

/// An object as it was when it was looked at.
struct Seen<'a> {
    object: &'a BranchObject,
    meta: ObjectMeta,
    stats: ObjectStats,
}

impl<'a> Seen<'a> {
    async fn look(object: &'a BranchObject, location: &Path) -> Result<Self> {
        let stats = object.get().await.map_err(|error| failure(location, error))?;
        Ok(Self { object, meta: meta(location.clone(), &stats)?, stats })
    }

    /// Opens these bytes, or all; `None` if the object is another one now.
    async fn open(&self, range: Option<Range<u64>>) -> Result<Option<ObjectReader>> {
        let open = self.object.reader();
        let open = if let Some(range) = range { open.range(range) } else { open };
        let reader = open.await.map_err(|error| failure(&self.meta.location, error))?;
        Ok(Some(reader).filter(|reader| reader.etag() == self.meta.e_tag.as_deref()))
    }
}

/// The media type and the metadata of users, which is all that lakeFS keeps.
fn attributes(stats: ObjectStats) -> Attributes {
    let media_type = stats.content_type.map(|media_type| (Attribute::ContentType, media_type));
    let metadata = stats.metadata.map(|metadata| metadata.0).unwrap_or_default();
    let metadata = metadata.into_iter().map(|(key, value)| (Attribute::Metadata(key.into()), value));
    media_type.into_iter().chain(metadata).collect()
}
