//! Objects, without their bytes.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::presign;
use super::reply::{Failure, Outcome, created, no_content, ok};
use super::staging::new_location;
use super::wire::{List, ObjectStats, StorageUri};
use crate::model::{DeleteOptions, Error, ErrorKind, Listed, MAX_DELETED, Metadata, Page, PageQuery, Path};

pub(crate) fn stat(call: &Call<'_>) -> Outcome {
    let path = call.path("path");
    let lake = call.lake();
    let repository = lake.repository(call.repository())?;
    let entry = lake.entry(call.repository(), call.segment("ref"), &path)?;
    let signer = presign::signer(call)?;
    let mut stats = ObjectStats::object(&repository.namespace, &path, &entry)?;
    if let Some(storage) = signer {
        presign::sign_stats(storage, &repository.namespace, &entry, &mut stats)?;
    }
    if call.flag("user_metadata") == Some(false) {
        stats.metadata = Some(Metadata::new());
    }
    ok(&stats)
}

pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let namespace = &lake.repository(call.repository())?.namespace;
    let page = lake.list_entries(call.repository(), call.segment("ref"), &call.page())?;
    let with_metadata = call.flag("user_metadata") != Some(false);
    let results = page.results.into_iter().map(|listed| match listed {
        Listed::CommonPrefix(path) => Ok(ObjectStats::common_prefix(&path)),
        Listed::Object(path, entry) => {
            let mut stats = ObjectStats::object(namespace, &path, &entry)?;
            if let Some(storage) = presign::signer(call)? {
                presign::sign_stats(storage, namespace, &entry, &mut stats)?;
            }
            stats.metadata = stats.metadata.filter(|metadata| with_metadata && !metadata.is_empty());
            Ok(stats)
        }
    });
    let page = Page { results: results.collect::<Result<_, Failure>>()?, has_more: page.has_more };
    ok(&List::new(page, |stats| &stats.path))
}

/// Answers where in the storage the addresses are written, of the objects of each directory. Where there are no objects, a real
/// server drops the connection.
pub(crate) fn symlinks(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let location = format!("{}/symlinks", lake.repository(call.repository())?.namespace);
    let query = PageQuery { prefix: call.path("location"), amount: 1, ..PageQuery::default() };
    if lake.list_entries(call.repository(), call.branch(), &query)?.results.is_empty() {
        return Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "there are no objects"));
    }
    created(&StorageUri { location })
}

pub(crate) fn delete(call: &Call<'_>) -> Outcome {
    let options = DeleteOptions { force: call.is_set("force") };
    call.lake_mut().delete_entry(call.repository(), call.branch(), call.path("path"), options)?;
    no_content()
}

#[derive(Debug, Default, Deserialize)]
struct Paths {
    paths: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ObjectErrors {
    errors: Vec<ObjectError>,
}

#[derive(Debug, Serialize)]
struct ObjectError {
    message: String,
    path: String,
    status_code: u16,
}

/// Succeeds even where nothing could be deleted; what went wrong is said path by path, if at all.
pub(crate) fn delete_many(call: &Call<'_>) -> Outcome {
    let Paths { paths } = call.body("DeleteObjects")?;
    if paths.len() > MAX_DELETED {
        let message = format!("request size exceeded, max paths is set to {MAX_DELETED}");
        return Err(Failure::new(StatusCode::BAD_REQUEST, message));
    }
    let options = DeleteOptions { force: call.is_set("force") };
    let keys = paths.iter().map(|path| Path::copy_from_slice(path.as_bytes())).collect();
    let deleted = call.lake_mut().delete_entries(call.repository(), call.branch(), keys, options);
    let status = match deleted.as_ref().map_err(Error::kind) {
        Ok(()) | Err(ErrorKind::MissingPath | ErrorKind::RepositoryNotFound | ErrorKind::BranchNotFound) => {
            None
        }
        Err(ErrorKind::WriteToProtectedBranch | ErrorKind::ReadOnlyRepository) => Some(StatusCode::FORBIDDEN),
        Err(_) => Some(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let errors = match (deleted, status) {
        (Err(error), Some(status)) => paths
            .into_iter()
            .map(|path| ObjectError { message: error.to_string(), path, status_code: status.as_u16() })
            .collect(),
        _ => Vec::new(),
    };
    ok(&ObjectErrors { errors })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Copy {
    src_path: String,
    src_ref: String,
    force: bool,
    shallow: bool,
}

pub(crate) fn copy(call: &Call<'_>) -> Outcome {
    let body: Copy = call.body("CopyObject")?;
    let mut lake = call.lake_mut();
    let namespace = lake.repository(call.repository())?.namespace.clone();
    if !lake.branch_exists(call.repository(), call.branch())? {
        return Err(branch_missing(call.branch()));
    }
    if body.shallow {
        return Err(Failure::not_implemented());
    }
    let source = if body.src_ref.is_empty() { call.branch() } else { &body.src_ref };
    let path = call.path("dest_path");
    let copy = lake.copy_entry(
        call.repository(),
        (source, body.src_path.as_bytes()),
        (call.branch(), path.clone()),
        new_location(),
        body.force,
    )?;
    created(&ObjectStats::object(&namespace, &path, &copy)?)
}

pub(crate) fn branch_missing(branch: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, format!("branch '{branch}' not found"))
}

pub(crate) fn set_user_metadata(call: &Call<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    struct Body {
        set: Metadata,
    }
    let body: Body = call.body("UpdateObjectUserMetadata")?;
    call.lake_mut().set_entry_metadata(call.repository(), call.branch(), call.path("path"), body.set)?;
    no_content()
}

pub(crate) fn properties(call: &Call<'_>) -> Outcome {
    #[derive(Serialize)]
    struct Properties {
        storage_class: Option<String>,
    }
    let lake = call.lake();
    lake.repository(call.repository())?;
    lake.entry(call.repository(), call.segment("ref"), &call.path("path"))?;
    ok(&Properties { storage_class: None })
}

/// Asks whether an upload would be allowed, which it is for everyone who is known.
pub(crate) fn allowed(_: &Call<'_>) -> Outcome {
    no_content()
}
