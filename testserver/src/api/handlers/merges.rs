//! Merges, reverts and cherry-picks.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult, created, json, no_content, ok};
use crate::api::wire;
use crate::model::{self, ErrorKind, MergeRequest, Metadata};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Merge {
    message: String,
    metadata: Metadata,
    strategy: String,
    force: bool,
    allow_empty: bool,
    #[serde(rename = "squash_merge")]
    squash: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Overrides {
    message: String,
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Revert {
    r#ref: String,
    commit_overrides: Overrides,
    parent_number: i64,
    force: bool,
    allow_empty: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CherryPick {
    r#ref: String,
    parent_number: Option<i64>,
    commit_overrides: Overrides,
    force: bool,
}

impl From<Overrides> for model::CommitOverrides {
    fn from(overrides: Overrides) -> Self {
        Self { message: overrides.message, metadata: overrides.metadata }
    }
}

/// Responds to a conflict with a merge result whose reference is empty.
pub(crate) fn merge(call: &Call<'_>) -> ApiResult {
    let body: Merge = call.body("MergeIntoBranch")?;
    let merged = call.catalog_mut().merge(
        call.repository(),
        call.path_parameter("sourceRef"),
        call.path_parameter("destinationBranch"),
        MergeRequest {
            committer: call.committer()?,
            message: body.message,
            metadata: body.metadata,
            strategy: body.strategy,
            squash: body.squash,
            allow_empty: body.allow_empty,
            force: body.force,
        },
    );
    match merged {
        Ok(commit) => ok(&wire::MergeResult { reference: commit.as_str() }),
        Err(error) if error.kind() == ErrorKind::Conflict => {
            json(StatusCode::CONFLICT, &wire::MergeResult { reference: "" })
        }
        Err(error) => Err(error.into()),
    }
}

/// lakeFS swaps source and destination in this operation.
pub(crate) fn find_base(call: &Call<'_>) -> ApiResult {
    #[derive(Serialize)]
    struct Response<'a> {
        #[serde(rename = "base_commit_id")]
        base: &'a str,
        #[serde(rename = "destination_commit_id")]
        destination: &'a str,
        #[serde(rename = "source_commit_id")]
        source: &'a str,
    }
    let found = call.catalog().find_merge_base(
        call.repository(),
        call.path_parameter("destinationBranch"),
        call.path_parameter("sourceRef"),
    )?;
    ok(&Response {
        base: found.base.0.as_str(),
        destination: found.to.0.as_str(),
        source: found.from.0.as_str(),
    })
}

pub(crate) fn revert(call: &Call<'_>) -> ApiResult {
    let body: Revert = call.body("RevertBranch")?;
    let revert = model::Revert {
        reference: body.r#ref,
        committer: call.committer()?,
        parent_number: body.parent_number,
        overrides: body.commit_overrides.into(),
        allow_empty: body.allow_empty,
        force: body.force,
    };
    call.catalog_mut().revert(call.repository(), call.branch(), revert).map_err(ApiError::from)?;
    no_content()
}

pub(crate) fn cherry_pick(call: &Call<'_>) -> ApiResult {
    let body: CherryPick = call.body("CherryPick")?;
    let pick = model::CherryPick {
        reference: body.r#ref,
        committer: call.committer()?,
        parent_number: body.parent_number,
        overrides: body.commit_overrides.into(),
        force: body.force,
    };
    let (id, commit) = call.catalog_mut().cherry_pick(call.repository(), call.branch(), pick)?;
    created(&wire::Commit::new(&id, &commit))
}
