//! Commits, logs and diffs.

use axum::http::StatusCode;
use serde::Deserialize;

use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created, ok};
use crate::api::wire;
use crate::model::{ErrorKind, LogQuery, Metadata, NewCommit, Page};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Creation {
    message: String,
    metadata: Metadata,
    date: Option<i64>,
    allow_empty: bool,
    force: bool,
}

pub(crate) fn create(call: &Call<'_>) -> ApiResult {
    let body: Creation = call.body("Commit")?;
    let (id, commit) = call.catalog_mut().commit(
        call.repository(),
        call.branch(),
        NewCommit {
            committer: call.committer()?,
            message: body.message,
            metadata: body.metadata,
            date: body.date,
            source_meta_range: call.query.text("source_metarange").map(Into::into),
            allow_empty: body.allow_empty,
            force: body.force,
        },
    )?;
    created(&wire::Commit::new(&id, &commit))
}

/// lakeFS maps all errors of this operation to status 404 or 500.
pub(crate) fn get(call: &Call<'_>) -> ApiResult {
    let commit = call.catalog().get_commit(call.repository(), call.path_parameter("commitId"));
    let (id, commit) = commit.map_err(|error| match error.kind() {
        ErrorKind::RepositoryNotFound => ApiError::new(StatusCode::NOT_FOUND, "repository not found"),
        ErrorKind::NotFound | ErrorKind::BranchNotFound | ErrorKind::CommitNotFound => {
            ApiError::new(StatusCode::NOT_FOUND, "commit not found")
        }
        _ => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    ok(&wire::Commit::new(&id, &commit))
}

pub(crate) fn log(call: &Call<'_>) -> ApiResult {
    let query = LogQuery {
        after: call.text("after").into_owned(),
        amount: call.amount(),
        limit: call.is_true("limit"),
        first_parent: call.is_true("first_parent"),
        since: call.date("since"),
        stop_at: call.text("stop_at").into_owned(),
        objects: call.paths("objects"),
        prefixes: call.paths("prefixes"),
    };
    let (commits, has_more) = call.catalog().log(call.repository(), call.path_parameter("ref"), &query)?;
    let results = commits.iter().map(|(id, commit)| wire::Commit::new(id, commit)).collect();
    ok(&wire::List::new(Page { results, has_more }, |commit| commit.id))
}

pub(crate) fn diff(call: &Call<'_>) -> ApiResult {
    let (repository, left, right) =
        (call.repository(), call.path_parameter("leftRef"), call.path_parameter("rightRef"));
    let catalog = call.catalog();
    let page = if call.text("type") == "two_dot" {
        catalog.diff_two_dot(repository, left, right, &call.page_query())?
    } else {
        catalog.diff_three_dot(repository, left, right, &call.page_query())?
    };
    let with_right_stats = call.is_true("include_right_stats");
    ok(&wire::List::new(page.map(|change| wire::Diff::new(&change, with_right_stats)), |diff| &diff.path))
}
