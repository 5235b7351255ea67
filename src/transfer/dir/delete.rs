//! Files that are no objects.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};

use crate::transfer::blocking;
use crate::transfer::dir::SyncAction;
use crate::transfer::dir::files::place;
use crate::transfer::dir::join::{Joined, Pair, join};
use crate::transfer::dir::listing::Listed;
use crate::transfer::dir::report::Outcomes;
use crate::transfer::dir::walk::{Found, Kind, walk};
use crate::{Error, Result};

/// Deletes what is below a directory and not in the list; in a dry run, only tells of it.
///
/// Nothing else may work in the directory: there, temporary files are not in the list either.
pub(crate) async fn delete_extraneous(
    root: &Path,
    listed: BoxStream<'_, Result<Listed>>,
    dry_run: bool,
    outcomes: &mut Outcomes<'_>,
    failed: &(dyn Fn(io::Error) -> Error + Sync),
) -> Result<()> {
    let place_of_root = root.to_owned();
    if !blocking(move || place_of_root.try_exists()).await.map_err(failed)? {
        return Ok(());
    }
    let found = walk(root.to_owned(), false).map_err(failed).boxed();
    let mut joined = pin!(join(found, listed));
    // Those that nothing is in, as soon as the files in them are gone; each is in the one before.
    let mut directories: Vec<String> = Vec::new();
    while let Some(Joined { pair, needed }) = joined.try_next().await? {
        let (Found { name, kind }, object) = match pair {
            Pair::Left(found) => (found, false),
            Pair::Both(found, _) => (found, true),
            Pair::Right(_) => continue,
        };
        if outcomes.leaves_rest() {
            break;
        }
        while let Some(done) = directories.pop_if(|directory| !name.starts_with(&**directory)) {
            remove_directory(place(root, &done), dry_run).await;
        }
        match kind {
            Kind::Directory if !needed => directories.push(name),
            Kind::Directory | Kind::Refused(_) => {}
            Kind::File { .. } | Kind::Link | Kind::Special if object => {}
            Kind::File { .. } | Kind::Link | Kind::Special => {
                let path = place(root, &name);
                let removed = if dry_run { Ok(()) } else { blocking(move || fs::remove_file(path)).await };
                let removed =
                    removed.map_err(|error| Error::invalid("", "it cannot be deleted").with_source(error));
                outcomes.take(&name, removed.map(|()| SyncAction::Deleted));
            }
        }
    }
    while let Some(done) = directories.pop() {
        remove_directory(place(root, &done), dry_run).await;
    }
    Ok(())
}

/// What is not empty stays: there is a file in it that could not be deleted, which was told, or has no Unicode name.
async fn remove_directory(path: PathBuf, dry_run: bool) {
    if !dry_run {
        _ = blocking(move || fs::remove_dir(path)).await;
    }
}
