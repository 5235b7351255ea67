//! Copies, within a repository.

use object_store::path::Path;
use object_store::{CopyMode, Result};

use super::error::{failure, generic, not_written};
use crate::Body;
use crate::handles::branch_object::BranchObject;
use crate::transfer::etag;
use crate::{Error, ErrorKind};

/// An object and its location.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) object: &'a BranchObject,
    pub(super) location: &'a Path,
}

/// Copies; in the mode `Create` only to where nothing is.
pub(super) async fn copy(from: Place<'_>, to: Place<'_>, mode: CopyMode) -> Result<()> {
    match mode {
        CopyMode::Overwrite => {
            let branch = to.object.branch();
            match from.object.copy_to(branch.name(), to.object.path()).await {
                Ok(_) => Ok(()),
                Err(error) => Err(explained(from, to, error).await),
            }
        }
        CopyMode::Create => create(from, to).await,
    }
}

/// Moves an object. It is at both places for a moment, and stays there if it cannot be deleted at the first.
pub(super) async fn rename(from: Place<'_>, to: Place<'_>, mode: CopyMode) -> Result<()> {
    let (source, destination) = (from.object.reference(), to.object.reference());
    if source.expression() == destination.expression() {
        if from.location == to.location {
            // Copied and then deleted, it would be gone.
            from.object.get().await.map_err(|error| failure(from.location, error))?;
            return match mode {
                CopyMode::Overwrite => Ok(()),
                CopyMode::Create => Err(exists(to.location)),
            };
        }
    } else {
        // From what is no branch nothing can be deleted afterwards.
        let branch = source.repository().branch(source.expression());
        branch.get().await.map_err(|error| not_written(from.location, error))?;
    }
    copy(from, to, mode).await?;
    from.object.delete().await.map_err(|error| not_written(from.location, error))
}

/// Writes the data anew, on the condition that there be nothing: the server has none for its copies, and to look first
/// would let another writer in between. So the data pass through this program, as they come.
async fn create(from: Place<'_>, to: Place<'_>) -> Result<()> {
    let stats = from.object.get().await.map_err(|error| failure(from.location, error))?;
    // Only to spare the transfer.
    if to.object.exists().await.map_err(|error| failure(to.location, error))? {
        return Err(exists(to.location));
    }
    let reader = from.object.reader().await.map_err(|error| failure(from.location, error))?;
    if !reader.etag().is_some_and(|etag| etag::is_of_checksum(etag, &stats.checksum)) {
        return Err(generic(format!("{} was overwritten while it was copied", from.location)));
    }
    let length = reader.length();
    let body = Body::stream(reader);
    let body = if let Some(length) = length { body.with_length(length) } else { body };
    let mut upload = to.object.upload(body).if_none_match("*");
    if let Some(media_type) = stats.content_type {
        upload = upload.content_type(media_type);
    }
    for (key, value) in stats.metadata.map(|metadata| metadata.0).unwrap_or_default() {
        upload = upload.metadata(key, value);
    }
    upload.await.map_err(|error| not_written(to.location, error))?;
    Ok(())
}

fn exists(location: &Path) -> object_store::Error {
    let source = "there is an object already".into();
    object_store::Error::AlreadyExists { path: location.to_string(), source }
}

/// The error of a copy. That something was not found can be said of either side.
async fn explained(from: Place<'_>, to: Place<'_>, error: Error) -> object_store::Error {
    if error.kind() == ErrorKind::NotFound && !from.object.exists().await.unwrap_or(true) {
        return failure(from.location, error);
    }
    not_written(to.location, error)
}
