//! Deletes the local files that have no object.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, Result};
use crate::transfer::blocking;
use crate::transfer::dir::listing::ListedObject;
use crate::transfer::dir::local_files::local_path;
use crate::transfer::dir::merge::{Merged, Pair, merge};
use crate::transfer::dir::outcomes::Outcomes;
use crate::transfer::dir::report::SyncAction;
use crate::transfer::dir::walk::{EntryKind, LocalEntry, walk};

/// Deletes the entries below a directory that are not in the list. In a dry run, only records them.
///
/// Must run before files are downloaded to the directory: temporary files are not in the list either.
///
/// # Errors
/// Returns errors of the list, and errors of reading the directory, which `read_error` converts.
pub(crate) async fn delete_extraneous_files(
    root: &Path,
    listed: BoxStream<'_, Result<ListedObject>>,
    dry_run: bool,
    outcomes: &mut Outcomes<'_>,
    read_error: &(dyn Fn(io::Error) -> Error + Sync),
) -> Result<()> {
    let directory = root.to_owned();
    if !blocking(move || directory.try_exists()).await.map_err(read_error)? {
        return Ok(());
    }
    let entries = walk(root.to_owned(), false).map_err(read_error).boxed();
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
            remove_directory(local_path(root, &directory), dry_run).await;
        }
        match kind {
            EntryKind::Directory if !has_objects => unused.push(name),
            EntryKind::Directory | EntryKind::Unsupported(_) => {}
            EntryKind::File { .. } | EntryKind::Symlink | EntryKind::Special if is_object => {}
            EntryKind::File { .. } | EntryKind::Symlink | EntryKind::Special => {
                let path = local_path(root, &name);
                let removed = if dry_run { Ok(()) } else { blocking(move || fs::remove_file(path)).await };
                let removed = removed.map_err(|error| Error::io("", "the file cannot be deleted", error));
                outcomes.record(&name, removed.map(|()| SyncAction::Deleted));
            }
        }
    }
    while let Some(directory) = unused.pop() {
        remove_directory(local_path(root, &directory), dry_run).await;
    }
    Ok(())
}

/// Removes a directory if it is empty. What is left in it has been recorded as a failure, or has a name that is not
/// Unicode.
async fn remove_directory(path: PathBuf, dry_run: bool) {
    if !dry_run {
        _ = blocking(move || fs::remove_dir(path)).await;
    }
}
