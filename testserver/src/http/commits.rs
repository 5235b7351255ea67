//! Commits, logs and differences.

use axum::http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use super::reply::{Failure, Outcome, created, ok};
use super::wire;
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

pub(crate) fn create(call: &Call<'_>) -> Outcome {
    let body: Creation = call.body("Commit")?;
    let (id, commit) = call.lake_mut().commit(
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

/// Here lakeFS knows but two errors: what is not found, and the rest.
pub(crate) fn get(call: &Call<'_>) -> Outcome {
    let found = call.lake().get_commit(call.repository(), call.segment("commitId"));
    let (id, commit) = found.map_err(|error| match error.kind() {
        ErrorKind::RepositoryNotFound => Failure::new(StatusCode::NOT_FOUND, "repository not found"),
        ErrorKind::NotFound | ErrorKind::BranchNotFound | ErrorKind::CommitNotFound => {
            Failure::new(StatusCode::NOT_FOUND, "commit not found")
        }
        _ => Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    ok(&wire::Commit::new(&id, &commit))
}

pub(crate) fn log(call: &Call<'_>) -> Outcome {
    let query = LogQuery {
        after: call.text("after").into_owned(),
        amount: call.amount(),
        limit: call.is_set("limit"),
        first_parent: call.is_set("first_parent"),
        since: call.date("since"),
        stop_at: call.text("stop_at").into_owned(),
        objects: call.paths("objects"),
        prefixes: call.paths("prefixes"),
    };
    let (commits, has_more) = call.lake().log(call.repository(), call.segment("ref"), &query)?;
    let results = commits.iter().map(|(id, commit)| wire::Commit::new(id, commit)).collect();
    ok(&wire::List::new(Page { results, has_more }, |commit| commit.id))
}

pub(crate) fn diff(call: &Call<'_>) -> Outcome {
    let (repository, left, right) = (call.repository(), call.segment("leftRef"), call.segment("rightRef"));
    let lake = call.lake();
    let page = if call.text("type") == "two_dot" {
        lake.diff_two_dot(repository, left, right, &call.page())?
    } else {
        lake.diff_three_dot(repository, left, right, &call.page())?
    };
    let with_right_stats = call.is_set("include_right_stats");
    ok(&wire::List::new(page.map(|change| wire::Diff::new(&change, with_right_stats)), |diff| &diff.path))
}
