//! Reads, with conditions that hold for the bytes that are given.

use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, GetRange, GetResult, GetResultPayload, OBJECT_STORE_COALESCE_DEFAULT,
    ObjectMeta, Result, coalesce_ranges, collect_bytes,
};

use super::error::{failure, generic};
use super::location::meta;
use crate::models::ObjectStats;
use crate::object::{Object, ObjectReader};

/// How often a read begins anew because the object was overwritten between the look at it and its first byte.
const TRIES: usize = 5;

/// Reads as the options say.
///
/// lakeFS knows no conditions on reads but one. So the object is looked at, the conditions are held against what was seen,
/// and its bytes are given only if they are still of that object.
pub(super) async fn get(object: &Object, location: &Path, options: GetOptions) -> Result<GetResult> {
    if options.version.is_some() {
        let why = "objects have no versions but those of the references that they are read at";
        return Err(object_store::Error::NotSupported { source: why.into() });
    }
    for _ in 0..TRIES {
        let seen = Seen::look(object, location).await?;
        options.check_preconditions(&seen.meta)?;
        let size = seen.meta.size;
        let range =
            options.range.as_ref().map_or(Ok(0..size), |range| range.as_range(size)).map_err(generic)?;
        let payload = if options.head || range.is_empty() {
            stream::empty().boxed()
        } else {
            let part = options.range.is_some().then(|| range.clone());
            let Some(reader) = seen.open(part).await? else { continue };
            let location = location.clone();
            reader.map_err(move |error| failure(&location, error)).boxed()
        };
        let attributes = attributes(seen.stats);
        return Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta: seen.meta,
            range,
            attributes,
        });
    }
    Err(changing(location))
}

/// Reads ranges, near ones together, all of one version of the object.
pub(super) async fn get_ranges(
    object: &Object,
    location: &Path,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>> {
    for _ in 0..TRIES {
        let seen = &Seen::look(object, location).await?;
        // One that lies behind the end would go unnoticed together with one that does not.
        for range in ranges {
            seen.range(&range.clone().into())?;
        }
        let read = |range: Range<u64>| async move { seen.read(range).await };
        match coalesce_ranges(ranges, read, OBJECT_STORE_COALESCE_DEFAULT).await {
            Ok(bytes) => return Ok(bytes),
            Err(Unread::Changed) => {}
            Err(Unread::Failed(error)) => return Err(error),
        }
    }
    Err(changing(location))
}

fn changing(location: &Path) -> object_store::Error {
    generic(format!("{location} is overwritten again and again while it is read"))
}

/// An object as it was when it was looked at.
struct Seen<'a> {
    object: &'a Object,
    meta: ObjectMeta,
    stats: ObjectStats,
}

/// Why a range was not read.
enum Unread {
    /// The object is another one now.
    Changed,
    Failed(object_store::Error),
}

impl<'a> Seen<'a> {
    async fn look(object: &'a Object, location: &Path) -> Result<Self> {
        let stats = object.get().await.map_err(|error| failure(location, error))?;
        Ok(Self { object, meta: meta(location.clone(), &stats)?, stats })
    }

    /// Opens these bytes, or all; `None` if the object is another one now.
    async fn open(&self, range: Option<Range<u64>>) -> Result<Option<ObjectReader>> {
        let open = self.object.reader();
        let open = if let Some(range) = range { open.range(range) } else { open };
        let reader = open.await.map_err(|error| failure(&self.meta.location, error))?;
        Ok(Some(reader).filter(|reader| reader.entity_tag() == self.meta.e_tag.as_deref()))
    }

    /// Which bytes of it a range has.
    fn range(&self, range: &GetRange) -> Result<Range<u64>> {
        range.as_range(self.meta.size).map_err(generic)
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, Unread> {
        let range = self.range(&range.into()).map_err(Unread::Failed)?;
        let length = range.end - range.start;
        let Some(reader) = self.open(Some(range)).await.map_err(Unread::Failed)? else {
            return Err(Unread::Changed);
        };
        let chunks = reader.map_err(|error| failure(&self.meta.location, error));
        collect_bytes(chunks.boxed(), Some(length)).await.map_err(Unread::Failed)
    }
}

/// The media type and the metadata of users, which is all that lakeFS keeps.
fn attributes(stats: ObjectStats) -> Attributes {
    let media_type = stats.content_type.map(|media_type| (Attribute::ContentType, media_type));
    let metadata = stats.metadata.map(|metadata| metadata.0).unwrap_or_default();
    let metadata = metadata.into_iter().map(|(key, value)| (Attribute::Metadata(key.into()), value));
    media_type.into_iter().chain(metadata).collect()
}
