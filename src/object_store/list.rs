//! Lists.

use std::future::ready;

use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::{DELIMITER, Path};
use object_store::{ListResult, ObjectMeta, Result};

use super::error::failure;
use super::location::{Listed, Root, is_directory_marker, meta};
use crate::Pager;
use crate::object::{Entry, Objects};

/// The objects below a prefix and behind an offset, in the order of their locations.
pub(super) fn list(
    root: &Root,
    prefix: Option<&Path>,
    offset: Option<&Path>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let listed = match root.listed(prefix) {
        Ok(listed) => listed,
        Err(error) => return stream::once(ready(Err(error))).boxed(),
    };
    let Some(after) = offset.map_or(Some(String::new()), |offset| listed.behind(offset)) else {
        return stream::empty().boxed();
    };
    let prefix = prefix.cloned().unwrap_or_default();
    entries(&listed)
        .after(after)
        .map_err(move |error| failure(&prefix, error))
        .try_filter_map(move |entry| ready(found(&listed, entry)))
        .boxed()
}

/// The objects and the prefixes right below a prefix.
pub(super) async fn list_with_delimiter(root: &Root, prefix: Option<&Path>) -> Result<ListResult> {
    let listed = root.listed(prefix)?;
    let mut entries = entries(&listed).delimiter(DELIMITER);
    let mut result = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
    let failed = |error| failure(&prefix.cloned().unwrap_or_default(), error);
    while let Some(entry) = entries.try_next().await.map_err(failed)? {
        match entry {
            Entry::Prefix(name) => {
                let name = name.strip_suffix(DELIMITER).unwrap_or(&name);
                result.common_prefixes.push(listed.location(name)?);
            }
            Entry::Object(_) => result.objects.extend(found(&listed, entry)?),
        }
    }
    Ok(result)
}

fn entries(listed: &Listed) -> Pager<Entry, Objects> {
    let entries = listed.reference.objects().user_metadata(false);
    if listed.prefix.is_empty() { entries } else { entries.prefix(&listed.prefix) }
}

/// The object of an entry, unless it is none in the eyes of those who list.
fn found(listed: &Listed, entry: Entry) -> Result<Option<ObjectMeta>> {
    let Some(stats) = entry.into_object().filter(|stats| !is_directory_marker(stats)) else {
        return Ok(None);
    };
    meta(listed.location(&stats.path)?, &stats).map(Some)
}
