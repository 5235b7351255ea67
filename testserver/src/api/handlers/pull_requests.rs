//! Pull requests.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created, no_content, ok};
use crate::api::wire::{List, MergeResult};
use crate::http::format_rfc3339;
use crate::model::{self, NewPullRequest, PullRequestUpdate, PullStatus};

#[derive(Debug, Serialize)]
struct PullRequest<'a> {
    author: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_date: Option<String>,
    creation_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    destination_branch: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_commit_id: Option<&'a str>,
    source_branch: &'a str,
    status: Status,
    title: &'a str,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Closed,
    Merged,
}

impl<'a> PullRequest<'a> {
    fn new(id: &'a str, pull: &'a model::PullRequest) -> Self {
        Self {
            author: &pull.author,
            closed_date: pull.closed.map(format_rfc3339),
            creation_date: format_rfc3339(pull.created),
            description: Some(&pull.description),
            destination_branch: &pull.destination,
            id,
            merged_commit_id: pull.merged_commit.as_ref().map(model::CommitId::as_str),
            source_branch: &pull.source,
            status: match pull.status {
                PullStatus::Open => Status::Open,
                PullStatus::Closed => Status::Closed,
                PullStatus::Merged => Status::Merged,
            },
            title: &pull.title,
        }
    }
}

/// Lists pull requests without descriptions and merge commits.
pub(crate) fn list(call: &Call<'_>) -> ApiResult {
    let open = match &*call.text("status") {
        "open" => Some(true),
        "closed" => Some(false),
        _ => None,
    };
    let catalog = call.catalog();
    let (prefix, after) = (call.text("prefix"), call.text("after"));
    let page = catalog.list_pull_requests(call.repository(), &prefix, &after, call.amount(), open)?;
    let page = page.map(|(id, pull)| PullRequest {
        description: None,
        merged_commit_id: None,
        ..PullRequest::new(id, pull)
    });
    ok(&List::new(page, |pull| pull.id))
}

pub(crate) fn create(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        title: String,
        description: String,
        source_branch: String,
        destination_branch: String,
    }
    #[derive(Serialize)]
    struct Created {
        id: String,
    }
    let body: Body = call.body("CreatePullRequest")?;
    let new = NewPullRequest {
        title: body.title,
        description: body.description,
        author: call.committer()?,
        source: body.source_branch,
        destination: body.destination_branch,
    };
    created(&Created { id: call.catalog_mut().create_pull_request(call.repository(), new)? })
}

pub(crate) fn get(call: &Call<'_>) -> ApiResult {
    let id = call.path_parameter("pull_request");
    ok(&PullRequest::new(id, call.catalog().pull_request(call.repository(), id)?))
}

pub(crate) fn update(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        status: Option<Status>,
        title: Option<String>,
        description: Option<String>,
    }
    let body: Body = call.body("UpdatePullRequest")?;
    let update = PullRequestUpdate {
        title: body.title,
        description: body.description,
        status: body.status.map(|status| match status {
            Status::Open => PullStatus::Open,
            Status::Closed => PullStatus::Closed,
            Status::Merged => PullStatus::Merged,
        }),
    };
    call.catalog_mut().update_pull_request(call.repository(), call.path_parameter("pull_request"), update)?;
    no_content()
}

pub(crate) fn merge(call: &Call<'_>) -> ApiResult {
    let id = call.path_parameter("pull_request");
    let mut catalog = call.catalog_mut();
    if catalog.pull_request(call.repository(), id)?.status != PullStatus::Open {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad pull request status"));
    }
    let commit = catalog.merge_pull_request(call.repository(), id, call.committer()?)?;
    ok(&MergeResult { reference: commit.as_str() })
}
