//! Merges, reverts and cherry-picks.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::reply::{Failure, Outcome, created, json, no_content, ok};
use super::wire;
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

/// A conflict is answered with the form of a success that names nothing.
pub(crate) fn merge(call: &Call<'_>) -> Outcome {
    let body: Merge = call.body("MergeIntoBranch")?;
    let merged = call.lake_mut().merge(
        call.repository(),
        call.segment("sourceRef"),
        call.segment("destinationBranch"),
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

/// lakeFS takes the source for the destination here, and the other way round.
pub(crate) fn base(call: &Call<'_>) -> Outcome {
    #[derive(Serialize)]
    struct Found<'a> {
        #[serde(rename = "base_commit_id")]
        base: &'a str,
        #[serde(rename = "destination_commit_id")]
        destination: &'a str,
        #[serde(rename = "source_commit_id")]
        source: &'a str,
    }
    let found = call.lake().find_merge_base(
        call.repository(),
        call.segment("destinationBranch"),
        call.segment("sourceRef"),
    )?;
    ok(&Found {
        base: found.base.0.as_str(),
        destination: found.to.0.as_str(),
        source: found.from.0.as_str(),
    })
}

pub(crate) fn revert(call: &Call<'_>) -> Outcome {
    let body: Revert = call.body("RevertBranch")?;
    let revert = model::Revert {
        reference: body.r#ref,
        committer: call.committer()?,
        parent_number: body.parent_number,
        overrides: body.commit_overrides.into(),
        allow_empty: body.allow_empty,
        force: body.force,
    };
    call.lake_mut().revert(call.repository(), call.branch(), revert).map_err(Failure::from)?;
    no_content()
}

pub(crate) fn cherry_pick(call: &Call<'_>) -> Outcome {
    let body: CherryPick = call.body("CherryPick")?;
    let pick = model::CherryPick {
        reference: body.r#ref,
        committer: call.committer()?,
        parent_number: body.parent_number,
        overrides: body.commit_overrides.into(),
        force: body.force,
    };
    let (id, commit) = call.lake_mut().cherry_pick(call.repository(), call.branch(), pick)?;
    created(&wire::Commit::new(&id, &commit))
}
