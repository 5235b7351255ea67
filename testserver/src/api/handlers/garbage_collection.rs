//! The preparation of garbage collection runs.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::presign;
use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created, json, ok};
use crate::http::format_rfc3339;
use crate::model::{PreparedCommits, TaskKind};

#[derive(Debug, Serialize)]
struct Prepared<'a> {
    gc_addresses_location: &'a str,
    gc_commits_location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gc_commits_presigned_url: Option<String>,
    run_id: &'a str,
}

impl<'a> Prepared<'a> {
    fn new(call: &Call<'_>, prepared: &'a PreparedCommits) -> Self {
        let presigned = presign::presign_text(call, &prepared.commits, &prepared.list, "text/csv");
        Self {
            gc_addresses_location: &prepared.addresses,
            gc_commits_location: &prepared.commits,
            gc_commits_presigned_url: presigned.map(|presigned| presigned.url),
            run_id: &prepared.run_id,
        }
    }
}

/// Fails if the server does not pre-sign URLs. A real server then writes a second JSON document after the
/// error, which is not imitated.
pub(crate) fn prepare_commits(call: &Call<'_>) -> ApiResult {
    let prepared = call.catalog().prepare_commits(call.repository())?;
    let prepared = Prepared::new(call, &prepared);
    if prepared.gc_commits_presigned_url.is_none() {
        return Err(presign::unsupported().into());
    }
    created(&prepared)
}

pub(crate) fn submit_prepare_commits(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct Submitted {
        id: String,
    }
    let id = call.catalog_mut().submit_prepare_commits(call.repository())?;
    json(StatusCode::ACCEPTED, &Submitted { id })
}

pub(crate) fn commits_status(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct Message<'a> {
        message: &'a str,
    }
    #[derive(Serialize)]
    struct Status<'a> {
        completed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Message<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Prepared<'a>>,
        task_id: &'a str,
        update_time: String,
    }
    let id = call.text("id");
    let catalog = call.catalog();
    let task = catalog.task(call.repository(), &id, TaskKind::PrepareCommits)?;
    ok(&Status {
        completed: true,
        error: task.error.as_deref().map(|message| Message { message }),
        result: task.prepared.as_ref().map(|prepared| Prepared::new(call, prepared)),
        task_id: &id,
        update_time: format_rfc3339(task.finished),
    })
}

/// Prepares everything in one request, and so accepts no continuation token.
pub(crate) fn prepare_uncommitted(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        continuation_token: Option<String>,
    }
    #[derive(Serialize)]
    struct Created {
        gc_uncommitted_location: String,
        run_id: String,
    }
    let body: Body = call.body("PrepareGarbageCollectionUncommitted")?;
    if body.continuation_token.is_some_and(|token| !token.is_empty()) {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid continuation token"));
    }
    let prepared = call.catalog().prepare_uncommitted(call.repository())?;
    created(&Created {
        gc_uncommitted_location: prepared.location.unwrap_or_default(),
        run_id: prepared.run_id,
    })
}
