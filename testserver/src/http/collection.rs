//! What garbage collection asks.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::dates;
use super::presign;
use super::reply::{Failure, Outcome, created, json, ok};
use crate::model::{COLLECTION_TASK, PreparedCommits};

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
        let signed = presign::signed_text(call, &prepared.commits, &prepared.list, "text/csv");
        Self {
            gc_addresses_location: &prepared.addresses,
            gc_commits_location: &prepared.commits,
            gc_commits_presigned_url: signed.map(|signed| signed.url),
            run_id: &prepared.run_id,
        }
    }
}

/// Ends in the address that a storage without signatures cannot sign. A real server goes on from there, and writes a
/// second answer behind the first, which makes no JSON.
pub(crate) fn prepare_commits(call: &Call<'_>) -> Outcome {
    let prepared = call.lake().prepare_commits(call.repository())?;
    let prepared = Prepared::new(call, &prepared);
    if prepared.gc_commits_presigned_url.is_none() {
        return Err(presign::unsupported().into());
    }
    created(&prepared)
}

pub(crate) fn start_preparing_commits(call: &Call<'_>) -> Outcome {
    #[derive(Serialize)]
    struct Started {
        id: String,
    }
    let id = call.lake_mut().submit_commits_preparation(call.repository())?;
    json(StatusCode::ACCEPTED, &Started { id })
}

pub(crate) fn commits_preparation(call: &Call<'_>) -> Outcome {
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
    let lake = call.lake();
    let task = lake.task(call.repository(), &id, COLLECTION_TASK)?;
    ok(&Status {
        completed: true,
        error: task.error.as_deref().map(|message| Message { message }),
        result: task.prepared.as_ref().map(|prepared| Prepared::new(call, prepared)),
        task_id: &id,
        update_time: dates::format(task.finished),
    })
}

/// All of it is prepared at once, so that there is nowhere to continue from.
pub(crate) fn prepare_uncommitted(call: &Call<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        continuation_token: Option<String>,
    }
    #[derive(Serialize)]
    struct Part {
        gc_uncommitted_location: String,
        run_id: String,
    }
    let body: Body = call.body("PrepareGarbageCollectionUncommitted")?;
    if body.continuation_token.is_some_and(|token| !token.is_empty()) {
        return Err(Failure::new(StatusCode::BAD_REQUEST, "invalid continuation token"));
    }
    let prepared = call.lake().prepare_uncommitted(call.repository())?;
    created(&Part { gc_uncommitted_location: prepared.location.unwrap_or_default(), run_id: prepared.run_id })
}
