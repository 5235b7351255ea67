//! What carries a repository elsewhere: dumps of references, commit records, imports.

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::dates;
use super::reply::{Failure, Outcome, created, empty, json, ok, set};
use super::wire::StorageUri;
use crate::model::{self, Error, ErrorKind, Metadata, NewCommitRecord};

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

pub(crate) fn dump_now(call: &Call<'_>) -> Outcome {
    created(&RefsDump::from(call.lake_mut().dump_refs(call.repository())?))
}

/// Answers with nothing at all, not even a type.
pub(crate) fn restore_now(call: &Call<'_>) -> Outcome {
    let body: RefsRestore = call.body("RestoreRefs")?;
    let force = body.force;
    let mut lake = call.lake_mut();
    lake.check_bare(call.repository())?;
    lake.restore_refs(call.repository(), &body.into(), force)?;
    Ok(empty(StatusCode::OK))
}

pub(crate) fn dump(call: &Call<'_>) -> Outcome {
    let id = call.lake_mut().submit_dump(call.repository())?;
    json(StatusCode::ACCEPTED, &TaskInfo { id })
}

pub(crate) fn restore(call: &Call<'_>) -> Outcome {
    let body: RefsRestore = call.body("RestoreSubmit")?;
    let force = body.force;
    let id = call.lake_mut().submit_restore(call.repository(), &body.into(), force)?;
    json(StatusCode::ACCEPTED, &TaskInfo { id })
}

pub(crate) fn dump_status(call: &Call<'_>) -> Outcome {
    status(call, model::DUMP_TASK)
}

pub(crate) fn restore_status(call: &Call<'_>) -> Outcome {
    status(call, model::RESTORE_TASK)
}

fn status(call: &Call<'_>, kind: &str) -> Outcome {
    let id = call.text("task_id");
    let lake = call.lake();
    let task = lake.task(call.repository(), &id, kind)?;
    ok(&TaskStatus {
        done: true,
        error: task.error.as_deref(),
        id: &id,
        refs: task.dump.clone().map(RefsDump::from),
        update_time: dates::format(task.finished),
    })
}

pub(crate) fn commit_record(call: &Call<'_>) -> Outcome {
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
    call.lake_mut().create_commit_record(call.repository(), record)?;
    super::reply::no_content()
}

/// The storage is none to import from.
pub(crate) fn start_import(call: &Call<'_>) -> Outcome {
    call.lake().repository(call.repository())?;
    Err(Failure::new(StatusCode::FORBIDDEN, "import is not supported for this storage"))
}

pub(crate) fn import_status(call: &Call<'_>) -> Outcome {
    call.lake().existing(call.repository())?;
    Err(Error::from(ErrorKind::NotFound).into())
}

pub(crate) fn cancel_import(call: &Call<'_>) -> Outcome {
    call.lake().existing(call.repository())?;
    Err(Error::from(ErrorKind::NotFound).into())
}

pub(crate) fn meta_range(call: &Call<'_>) -> Outcome {
    metadata_location(call, "meta_range")
}

pub(crate) fn range(call: &Call<'_>) -> Outcome {
    metadata_location(call, "range")
}

/// What metadata are made of lies where only the storage has it.
pub(crate) fn metadata_object(call: &Call<'_>) -> Outcome {
    let kind = call.segment("type");
    if !["range", "meta_range"].contains(&kind) {
        let message = "parameter \"type\" in path has an error: value is not one of the allowed values \
                       [\"range\",\"meta_range\"]";
        return Err(Failure::new(StatusCode::BAD_REQUEST, message));
    }
    call.lake().repository(call.repository())?;
    super::presign::signer(call)?;
    Err(Error::from(ErrorKind::NoData).into())
}

/// Says where something would be, whether it is there or not.
fn metadata_location(call: &Call<'_>, kind: &str) -> Outcome {
    call.lake().existing(call.repository())?;
    let location = format!("_lakefs/{}", call.segment(kind));
    let mut reply = ok(&StorageUri { location: location.clone() })?;
    if HeaderValue::from_str(&location).is_ok() {
        set(&mut reply, LOCATION, &location);
    }
    Ok(reply)
}
