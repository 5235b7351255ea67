//! Copies and renames within a repository.

use super::error::{generic, read_error, write_error};
use super::location::StoreObject;
use super::version::object_store::path::Path;
use super::version::object_store::{self, CopyMode, Result};
use crate::error::{Error, ErrorKind};
use crate::transfer::etag;
use crate::transfer::write::body::Body;
use crate::transfer::write::create::TOKEN_KEY;

/// Copies an object. With `CopyMode::Create`, only if there is no object at the destination.
pub(super) async fn copy(from: &StoreObject, to: &StoreObject, mode: CopyMode) -> Result<()> {
    match mode {
        CopyMode::Overwrite => match from.object.copy_to(to.object.branch().name(), to.object.path()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(copy_error(from, to, error).await),
        },
        CopyMode::Create => copy_if_not_exists(from, to).await,
    }
}

/// Copies an object and deletes the source. For a moment it exists at both locations; if the deletion fails, it stays at
/// both.
pub(super) async fn rename(from: &StoreObject, to: &StoreObject, mode: CopyMode) -> Result<()> {
    if from.object.reference().expression() == to.object.reference().expression() {
        if from.location == to.location {
            // A copy to itself and a deletion would lose the object.
            from.object.get().await.map_err(|error| read_error(&from.location, error))?;
            return match mode {
                CopyMode::Overwrite => Ok(()),
                CopyMode::Create => Err(already_exists(&to.location)),
            };
        }
    } else {
        // If the source is not on a branch, the deletion would fail after the copy.
        from.object.branch().get().await.map_err(|error| write_error(&from.location, error))?;
    }
    copy(from, to, mode).await?;
    from.object.delete().await.map_err(|error| write_error(&from.location, error))
}

/// Reads the source and uploads it with the precondition that there is no object at the destination.
///
/// The server has no precondition for its own copies, and a check before one would leave time for another writer.
async fn copy_if_not_exists(from: &StoreObject, to: &StoreObject) -> Result<()> {
    let stats = from.object.get().await.map_err(|error| read_error(&from.location, error))?;
    // This check only avoids a useless transfer.
    if to.object.exists().await.map_err(|error| read_error(&to.location, error))? {
        return Err(already_exists(&to.location));
    }
    let reader = from
        .object
        .reader()
        .read_again_on_mismatch()
        .await
        .map_err(|error| read_error(&from.location, error))?;
    if !reader.etag().is_some_and(|etag| etag::is_same(etag, &stats.checksum)) {
        return Err(generic(format!("{} was overwritten during the copy: try again", from.location)));
    }
    let length = reader.length();
    let body = Body::stream(reader);
    let body = if let Some(length) = length { body.with_length(length) } else { body };
    let mut upload = to.object.upload(body).exclusive(true);
    if let Some(content_type) = stats.content_type {
        upload = upload.content_type(content_type);
    }
    let metadata = stats.metadata.map(|metadata| metadata.0).unwrap_or_default();
    // The token of the source says nothing about the copy.
    for (key, value) in metadata.into_iter().filter(|(key, _)| key != TOKEN_KEY) {
        upload = upload.metadata(key, value);
    }
    upload.await.map_err(|error| write_error(&to.location, error))?;
    Ok(())
}

fn already_exists(location: &Path) -> object_store::Error {
    let source = "an object exists at the destination".into();
    object_store::Error::AlreadyExists { path: location.to_string(), source }
}

/// Converts the error of a copy by the server, whose `NotFound` can mean the source or the destination branch.
async fn copy_error(from: &StoreObject, to: &StoreObject, error: Error) -> object_store::Error {
    if error.kind() == ErrorKind::NotFound && !from.object.exists().await.unwrap_or(true) {
        return read_error(&from.location, error);
    }
    write_error(&to.location, error)
}
