//! Lists of objects.

use std::future::ready;

use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::error::read_error;
use super::location::{Listing, Root, is_directory_marker, object_meta};
use super::version::list_result;
use super::version::object_store::list::{PaginatedListOptions, PaginatedListResult};
use super::version::object_store::path::{DELIMITER, Path};
use super::version::object_store::{ListResult, ObjectMeta, Result};
use crate::transfer::list::{Entry, ListObjects};

/// The largest page of the server.
const MAX_PAGE: u16 = 1000;

/// Lists the objects below a prefix and after an offset, in the order of their locations.
pub(super) fn list(
    root: &Root,
    prefix: Option<&Path>,
    offset: Option<&Path>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let listing = match root.below(prefix) {
        Ok(listing) => listing,
        Err(error) => return stream::once(ready(Err(error))).boxed(),
    };
    let after = offset.map_or(Some(String::new()), |offset| listing.path_after(offset.as_ref()));
    let Some(after) = after else { return stream::empty().boxed() };
    let prefix = prefix.cloned().unwrap_or_default();
    entries(&listing)
        .after(after)
        .map_err(move |error| read_error(&prefix, error))
        .try_filter_map(move |entry| ready(entry_meta(&listing, entry)))
        .boxed()
}

/// Lists the objects and the common prefixes directly below a prefix.
pub(super) async fn list_with_delimiter(root: &Root, prefix: Option<&Path>) -> Result<ListResult> {
    let listing = root.below(prefix)?;
    let mut entries = entries(&listing).delimiter(DELIMITER);
    let mut result = list_result();
    let failed = |error| read_error(&prefix.cloned().unwrap_or_default(), error);
    while let Some(entry) = entries.try_next().await.map_err(failed)? {
        add_entry(&mut result, &listing, entry)?;
    }
    Ok(result)
}

/// Lists one page of the locations that start with a text.
pub(super) async fn list_page(
    root: &Root,
    prefix: Option<&str>,
    options: PaginatedListOptions,
) -> Result<PaginatedListResult> {
    let listing = root.starting_with(prefix.unwrap_or_default())?;
    let mut result = list_result();
    // A page token is the path of an object, an offset is a location.
    let after = match (options.page_token, options.offset) {
        (Some(token), _) => Some(token),
        (None, offset) => offset.map_or(Some(String::new()), |offset| listing.path_after(&offset)),
    };
    let Some(after) = after else { return Ok(PaginatedListResult { result, page_token: None }) };
    let mut entries = entries(&listing).after(after);
    if let Some(delimiter) = options.delimiter {
        entries = entries.delimiter(delimiter);
    }
    if let Some(max_keys) = options.max_keys {
        // A page may be smaller than requested.
        entries = entries.page_size(u16::try_from(max_keys).unwrap_or(u16::MAX).clamp(1, MAX_PAGE));
    }
    let failed = |error| read_error(&Path::from(prefix.unwrap_or_default()), error);
    let Some(page) = entries.pages().try_next().await.map_err(failed)? else {
        return Ok(PaginatedListResult { result, page_token: None });
    };
    for entry in page.items {
        add_entry(&mut result, &listing, entry)?;
    }
    Ok(PaginatedListResult { result, page_token: page.next })
}

fn add_entry(result: &mut ListResult, listing: &Listing, entry: Entry) -> Result<()> {
    match entry {
        Entry::Prefix(path) => {
            let path = path.strip_suffix(DELIMITER).unwrap_or(&path);
            result.common_prefixes.push(listing.location(path)?);
        }
        Entry::Object(_) => result.objects.extend(entry_meta(listing, entry)?),
    }
    Ok(())
}

fn entries(listing: &Listing) -> ListObjects {
    let entries = listing.reference.objects().user_metadata(false);
    if listing.prefix.is_empty() { entries } else { entries.prefix(&listing.prefix) }
}

/// Returns the metadata of an entry, or `None` for a common prefix or a directory marker.
fn entry_meta(listing: &Listing, entry: Entry) -> Result<Option<ObjectMeta>> {
    let Some(stats) = entry.into_object().filter(|stats| !is_directory_marker(stats)) else {
        return Ok(None);
    };
    object_meta(listing.location(&stats.path)?, &stats).map(Some)
}
