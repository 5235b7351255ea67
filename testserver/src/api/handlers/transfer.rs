//! Moving repositories and data: dumps of refs, commit records, imports, metadata objects.

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::presign;
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created, json, no_content, ok};
use crate::api::wire::StorageUri;
use crate::http::{empty, format_rfc3339, set_header};
use crate::model::{self, Error, ErrorKind, Metadata, NewCommitRecord, TaskKind};

#[derive(Debug, Serialize)]
struct RefsDump {
    #[serde(rename = "branches_meta_range_id")]
    branches: String,
    #[serde(rename = "commits_meta_range_id")]
    commits: String,
    #[serde(rename = "tags_meta_range_id")]
    tags: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RefsRestore {
    #[serde(rename = "branches_meta_range_id")]
    branches: String,
    #[serde(rename = "commits_meta_range_id")]
    commits: String,
    #[serde(rename = "tags_meta_range_id")]
    tags: String,
    force: bool,
}

#[derive(Debug, Serialize)]
struct TaskInfo {
    id: String,
}

#[derive(Debug, Serialize)]
struct TaskStatus<'a> {
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refs: Option<RefsDump>,
    update_time: String,
}

impl From<model::RefsDump> for RefsDump {
    fn from(dump: model::RefsDump) -> Self {
        Self { branches: dump.branches, commits: dump.commits, tags: dump.tags }
    }
}

impl From<RefsRestore> for model::RefsDump {
    fn from(restore: RefsRestore) -> Self {
        Self { branches: restore.branches, commits: restore.commits, tags: restore.tags }
    }
}

pub(crate) fn dump_refs(call: &Call<'_>) -> ApiResult {
    created(&RefsDump::from(call.catalog_mut().dump_refs(call.repository())?))
}

/// Responds without a body and without a content type.
pub(crate) fn restore_refs(call: &Call<'_>) -> ApiResult {
    let body: RefsRestore = call.body("RestoreRefs")?;
    let force = body.force;
    let mut catalog = call.catalog_mut();
    catalog.check_bare(call.repository())?;
    catalog.restore_refs(call.repository(), &body.into(), force)?;
    Ok(empty(StatusCode::OK))
}

pub(crate) fn submit_dump(call: &Call<'_>) -> ApiResult {
    let id = call.catalog_mut().submit_dump(call.repository())?;
    json(StatusCode::ACCEPTED, &TaskInfo { id })
}

pub(crate) fn submit_restore(call: &Call<'_>) -> ApiResult {
    let body: RefsRestore = call.body("RestoreSubmit")?;
    let force = body.force;
    let id = call.catalog_mut().submit_restore(call.repository(), &body.into(), force)?;
    json(StatusCode::ACCEPTED, &TaskInfo { id })
}

pub(crate) fn dump_status(call: &Call<'_>) -> ApiResult {
    task_status(call, TaskKind::Dump)
}

pub(crate) fn restore_status(call: &Call<'_>) -> ApiResult {
    task_status(call, TaskKind::Restore)
}

fn task_status(call: &Call<'_>, kind: TaskKind) -> ApiResult {
    let id = call.text("task_id");
    let catalog = call.catalog();
    let task = catalog.task(call.repository(), &id, kind)?;
    ok(&TaskStatus {
        done: true,
        error: task.error.as_deref(),
        id: &id,
        refs: task.dump.clone().map(RefsDump::from),
        update_time: format_rfc3339(task.finished),
    })
}

pub(crate) fn create_commit_record(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        commit_id: String,
        version: i32,
        committer: String,
        message: String,
        metarange_id: String,
        creation_date: i64,
        parents: Vec<String>,
        metadata: Metadata,
        generation: i64,
        force: bool,
    }
    let body: Body = call.body("CreateCommitRecord")?;
    let record = NewCommitRecord {
        id: body.commit_id,
        version: body.version,
        committer: body.committer,
        message: body.message,
        meta_range_id: body.metarange_id,
        created: model::Timestamp::from_seconds(body.creation_date),
        parents: body.parents,
        metadata: body.metadata,
        generation: body.generation,
        force: body.force,
    };
    call.catalog_mut().create_commit_record(call.repository(), record)?;
    no_content()
}

/// Fails, because storage in memory does not support imports.
pub(crate) fn start_import(call: &Call<'_>) -> ApiResult {
    call.catalog().repository(call.repository())?;
    Err(ApiError::new(StatusCode::FORBIDDEN, "import is not supported for this storage"))
}

pub(crate) fn import_status(call: &Call<'_>) -> ApiResult {
    call.catalog().find_repository(call.repository())?;
    Err(Error::from(ErrorKind::NotFound).into())
}

pub(crate) fn cancel_import(call: &Call<'_>) -> ApiResult {
    call.catalog().find_repository(call.repository())?;
    Err(Error::from(ErrorKind::NotFound).into())
}

pub(crate) fn meta_range(call: &Call<'_>) -> ApiResult {
    metadata_location(call, "meta_range")
}

pub(crate) fn range(call: &Call<'_>) -> ApiResult {
    metadata_location(call, "range")
}

/// Fails, because this server does not store metaranges and ranges as objects.
pub(crate) fn metadata_object(call: &Call<'_>) -> ApiResult {
    let kind = call.path_parameter("type");
    if !["range", "meta_range"].contains(&kind) {
        let message = "parameter \"type\" in path has an error: value is not one of the allowed values \
                       [\"range\",\"meta_range\"]";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message));
    }
    call.catalog().repository(call.repository())?;
    presign::requested_storage(call)?;
    Err(Error::from(ErrorKind::NoData).into())
}

/// Responds with the location that a metarange or range has, without checking that it exists.
fn metadata_location(call: &Call<'_>, kind: &str) -> ApiResult {
    call.catalog().find_repository(call.repository())?;
    let location = format!("_lakefs/{}", call.path_parameter(kind));
    let mut response = ok(&StorageUri { location: location.clone() })?;
    if HeaderValue::from_str(&location).is_ok() {
        set_header(&mut response, LOCATION, &location);
    }
    Ok(response)
}
