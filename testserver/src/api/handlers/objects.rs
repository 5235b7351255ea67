//! Objects without their content: stat, list, delete, copy, metadata.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::physical_address::new_location;
use super::presign;
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created, no_content, ok};
use crate::api::wire::{List, ObjectStats, StorageUri};
use crate::model::{
    DeleteOptions, Error, ErrorKind, ListingEntry, MAX_DELETED, Metadata, Page, PageQuery, Path,
};

pub(crate) fn stat(call: &Call<'_>) -> ApiResult {
    let path = call.path("path");
    let catalog = call.catalog();
    let repository = catalog.repository(call.repository())?;
    let entry = catalog.entry(call.repository(), call.path_parameter("ref"), &path)?;
    let storage = presign::requested_storage(call)?;
    let mut stats = ObjectStats::object(&repository.namespace, &path, &entry)?;
    if let Some(storage) = storage {
        presign::presign_stats(storage, &repository.namespace, &entry, &mut stats)?;
    }
    if call.boolean("user_metadata") == Some(false) {
        stats.metadata = Some(Metadata::new());
    }
    ok(&stats)
}

pub(crate) fn list(call: &Call<'_>) -> ApiResult {
    let catalog = call.catalog();
    let namespace = &catalog.repository(call.repository())?.namespace;
    let page = catalog.list_entries(call.repository(), call.path_parameter("ref"), &call.page_query())?;
    let with_metadata = call.boolean("user_metadata") != Some(false);
    let results = page.results.into_iter().map(|entry| match entry {
        ListingEntry::CommonPrefix(path) => Ok(ObjectStats::common_prefix(&path)),
        ListingEntry::Object(path, entry) => {
            let mut stats = ObjectStats::object(namespace, &path, &entry)?;
            if let Some(storage) = presign::requested_storage(call)? {
                presign::presign_stats(storage, namespace, &entry, &mut stats)?;
            }
            stats.metadata = stats.metadata.filter(|metadata| with_metadata && !metadata.is_empty());
            Ok(stats)
        }
    });
    let page = Page { results: results.collect::<Result<_, ApiError>>()?, has_more: page.has_more };
    ok(&List::new(page, |stats| &stats.path))
}

/// Responds with the location where lakeFS writes the symlink files. Where there are no objects, a real
/// server drops the connection.
pub(crate) fn symlinks(call: &Call<'_>) -> ApiResult {
    let catalog = call.catalog();
    let location = format!("{}/symlinks", catalog.repository(call.repository())?.namespace);
    let query = PageQuery { prefix: call.path("location"), amount: 1, ..PageQuery::default() };
    if catalog.list_entries(call.repository(), call.branch(), &query)?.results.is_empty() {
        return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "there are no objects"));
    }
    created(&StorageUri { location })
}

pub(crate) fn delete(call: &Call<'_>) -> ApiResult {
    let options = DeleteOptions { force: call.is_true("force") };
    call.catalog_mut().delete_entry(call.repository(), call.branch(), call.path("path"), options)?;
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

/// Succeeds even if nothing could be deleted. Some errors are reported for each path, others not at all.
pub(crate) fn delete_many(call: &Call<'_>) -> ApiResult {
    let Paths { paths } = call.body("DeleteObjects")?;
    if paths.len() > MAX_DELETED {
        let message = format!("request size exceeded, max paths is set to {MAX_DELETED}");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message));
    }
    let options = DeleteOptions { force: call.is_true("force") };
    let keys = paths.iter().map(|path| Path::copy_from_slice(path.as_bytes())).collect();
    let deleted = call.catalog_mut().delete_entries(call.repository(), call.branch(), keys, options);
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

pub(crate) fn copy(call: &Call<'_>) -> ApiResult {
    let body: Copy = call.body("CopyObject")?;
    let mut catalog = call.catalog_mut();
    let namespace = catalog.repository(call.repository())?.namespace.clone();
    if !catalog.branch_exists(call.repository(), call.branch())? {
        return Err(branch_not_found(call.branch()));
    }
    if body.shallow {
        return Err(ApiError::not_implemented());
    }
    let source = if body.src_ref.is_empty() { call.branch() } else { &body.src_ref };
    let path = call.path("dest_path");
    let copy = catalog.copy_entry(
        call.repository(),
        (source, body.src_path.as_bytes()),
        (call.branch(), path.clone()),
        new_location(),
        body.force,
    )?;
    created(&ObjectStats::object(&namespace, &path, &copy)?)
}

pub(crate) fn branch_not_found(branch: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, format!("branch '{branch}' not found"))
}

pub(crate) fn set_user_metadata(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    struct Body {
        set: Metadata,
    }
    let body: Body = call.body("UpdateObjectUserMetadata")?;
    call.catalog_mut().set_entry_metadata(call.repository(), call.branch(), call.path("path"), body.set)?;
    no_content()
}

pub(crate) fn underlying_properties(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct Properties {
        storage_class: Option<String>,
    }
    let catalog = call.catalog();
    catalog.repository(call.repository())?;
    catalog.entry(call.repository(), call.path_parameter("ref"), &call.path("path"))?;
    ok(&Properties { storage_class: None })
}

/// Allows every authenticated user to upload.
pub(crate) fn upload_preflight(_: &Call<'_>) -> ApiResult {
    no_content()
}
