//! Lists.

use std::future::ready;

use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::list::{PaginatedListOptions, PaginatedListResult};
use object_store::path::{DELIMITER, Path};
use object_store::{ListResult, ObjectMeta, Result};

use super::error::failure;
use super::location::{Listed, Root, is_directory_marker, meta};
use crate::transfer::list::{Entry, ListObjects};

/// The objects below a prefix and behind an offset, in the order of their locations.
pub(super) fn list(
    root: &Root,
    prefix: Option<&Path>,
    offset: Option<&Path>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let listed = match root.below(prefix) {
        Ok(listed) => listed,
        Err(error) => return stream::once(ready(Err(error))).boxed(),
    };
    let Some(after) = offset.map_or(Some(String::new()), |offset| listed.behind(offset.as_ref())) else {
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
    let listed = root.below(prefix)?;
    let mut entries = entries(&listed).delimiter(DELIMITER);
    let mut result = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
    let failed = |error| failure(&prefix.cloned().unwrap_or_default(), error);
    while let Some(entry) = entries.try_next().await.map_err(failed)? {
        put_down(&mut result, &listed, entry)?;
    }
    Ok(result)
}

/// A page of what begins with a text.
pub(super) async fn page(
    root: &Root,
    prefix: Option<&str>,
    options: PaginatedListOptions,
) -> Result<PaginatedListResult> {
    let listed = root.listed(prefix.unwrap_or_default())?;
    let mut result = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
    // A token is a name, an offset a location.
    let after = match (options.page_token, options.offset) {
        (Some(token), _) => Some(token),
        (None, offset) => offset.map_or(Some(String::new()), |offset| listed.behind(&offset)),
    };
    let Some(after) = after else { return Ok(PaginatedListResult { result, page_token: None }) };
    let mut entries = entries(&listed).after(after);
    if let Some(delimiter) = options.delimiter {
        entries = entries.delimiter(delimiter);
    }
    if let Some(most) = options.max_keys {
        entries = entries.page_size(u16::try_from(most).unwrap_or(u16::MAX));
    }
    let failed = |error| failure(&Path::from(prefix.unwrap_or_default()), error);
    let Some(page) = entries.pages().try_next().await.map_err(failed)? else {
        return Ok(PaginatedListResult { result, page_token: None });
    };
    for entry in page.items {
        put_down(&mut result, &listed, entry)?;
    }
    Ok(PaginatedListResult { result, page_token: page.next })
}

fn put_down(result: &mut ListResult, listed: &Listed, entry: Entry) -> Result<()> {
    match entry {
        Entry::Prefix(name) => {
            let name = name.strip_suffix(DELIMITER).unwrap_or(&name);
            result.common_prefixes.push(listed.location(name)?);
        }
        Entry::Object(_) => result.objects.extend(found(listed, entry)?),
    }
    Ok(())
}

fn entries(listed: &Listed) -> ListObjects {
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
