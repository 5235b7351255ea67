//! Deletes the local files that have no object.

use std::io;
use std::path::Path;
use std::pin::pin;

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, ErrorKind, Result};
use crate::transfer::beneath;
use crate::transfer::blocking;
use crate::transfer::dir::filter::PathFilter;
use crate::transfer::dir::listing::ListedObject;
use crate::transfer::dir::local_files::local_path;
use crate::transfer::dir::merge::{Merged, Pair, merge};
use crate::transfer::dir::outcomes::Outcomes;
use crate::transfer::dir::report::SyncAction;
use crate::transfer::dir::walk::{EntryKind, LocalEntry, WalkOptions, walk};

/// Deletes the entries below a directory that the filter keeps and that are not in the list. In a dry run, only records
/// them.
///
/// Must run before files are downloaded to the directory: temporary files are not in the list either.
///
/// # Errors
/// Returns errors of the list, and errors of reading the directory, which `read_error` converts.
pub(crate) async fn delete_extraneous_files(
    root: &Path,
    listed: BoxStream<'_, Result<ListedObject>>,
    filter: PathFilter,
    dry_run: bool,
    outcomes: &mut Outcomes<'_>,
    read_error: &(dyn Fn(io::Error) -> Error + Sync),
) -> Result<()> {
    let directory = root.to_owned();
    if !blocking(move || directory.try_exists()).await.map_err(read_error)? {
        return Ok(());
    }
    let entries =
        walk(root.to_owned(), WalkOptions { filter, ..WalkOptions::default() }).map_err(read_error).boxed();
    let mut merged = pin!(merge(entries, listed));
    // The directories without objects above the current entry. Each is deleted after the entries in it.
    let mut unused: Vec<String> = Vec::new();
    while let Some(Merged { pair, on_right: has_objects }) = merged.try_next().await? {
        let (LocalEntry { name, kind }, is_object) = match pair {
            Pair::Left(entry) => (entry, false),
            Pair::Both(entry, _) => (entry, true),
            Pair::Right(_) => continue,
        };
        if outcomes.stop() {
            break;
        }
        while let Some(directory) = unused.pop_if(|directory| !name.starts_with(&**directory)) {
            remove_directory(root, &directory, dry_run).await;
        }
        match kind {
            EntryKind::Directory if !has_objects => unused.push(name),
            EntryKind::Directory | EntryKind::Unsupported(_) => {}
            EntryKind::Unreadable(why) => outcomes.record(&name, Err(Error::new(ErrorKind::Io, "", why))),
            EntryKind::File(_) | EntryKind::Symlink | EntryKind::Special if is_object => {}
            EntryKind::File(_) | EntryKind::Symlink | EntryKind::Special => {
                let (root, path) = (root.to_owned(), local_path(root, &name));
                let remove = move || beneath::remove_file(&root, &path);
                let removed = if dry_run { Ok(()) } else { blocking(remove).await };
                let removed = removed.map_err(|error| Error::io("", "the file cannot be deleted", error));
                outcomes.record(&name, removed.map(|()| SyncAction::Deleted));
            }
        }
    }
    while let Some(directory) = unused.pop() {
        remove_directory(root, &directory, dry_run).await;
    }
    Ok(())
}

/// Removes a directory if it is empty. What is left in it has been recorded as a failure, or has a name that is not
/// Unicode, or is not kept by the filter.
async fn remove_directory(root: &Path, name: &str, dry_run: bool) {
    if !dry_run {
        let (root, path) = (root.to_owned(), local_path(root, name));
        _ = blocking(move || beneath::remove_dir(&root, &path)).await;
    }
}
