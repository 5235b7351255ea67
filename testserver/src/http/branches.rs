//! Branches.

use axum::http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use super::reply::{Outcome, no_content, ok, text};
use super::wire;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Creation {
    name: String,
    source: String,
    force: bool,
    hidden: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reset {
    r#type: String,
    path: String,
    force: bool,
}

pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let (prefix, after) = (call.text("prefix"), call.text("after"));
    let page =
        lake.list_branches(call.repository(), &prefix, &after, call.amount(), call.is_set("show_hidden"))?;
    ok(&wire::List::new(page.map(|(name, head)| wire::Ref::new(name, head)), |branch| branch.id))
}

/// Answers with nothing but the id of the commit.
pub(crate) fn create(call: &Call<'_>) -> Outcome {
    let body: Creation = call.body("CreateBranch")?;
    let commit = call.lake_mut().create_branch(
        call.repository(),
        &body.name,
        &body.source,
        body.hidden,
        body.force,
    )?;
    Ok(text(StatusCode::CREATED, commit.to_string()))
}

pub(crate) fn get(call: &Call<'_>) -> Outcome {
    let head = call.lake().branch_head(call.repository(), call.branch())?;
    ok(&wire::Ref::new(call.branch(), &head))
}

pub(crate) fn delete(call: &Call<'_>) -> Outcome {
    call.lake_mut().delete_branch(call.repository(), call.branch(), call.is_set("force"))?;
    no_content()
}

pub(crate) fn reset(call: &Call<'_>) -> Outcome {
    let body: Reset = call.body("ResetBranch")?;
    let (repository, branch, path) = (call.repository(), call.branch(), body.path.as_bytes());
    let mut lake = call.lake_mut();
    match body.r#type.as_str() {
        "common_prefix" => lake.reset_prefix(repository, branch, path, body.force)?,
        "object" => lake.reset_object(repository, branch, path, body.force)?,
        _ => lake.reset_branch(repository, branch, body.force)?,
    }
    no_content()
}

pub(crate) fn hard_reset(call: &Call<'_>) -> Outcome {
    let reference = call.text("ref");
    call.lake_mut().hard_reset(call.repository(), call.branch(), &reference, call.is_set("force"))?;
    no_content()
}

pub(crate) fn diff(call: &Call<'_>) -> Outcome {
    let page = call.lake().diff_branch(call.repository(), call.branch(), &call.page())?;
    ok(&wire::List::new(page.map(|change| wire::Diff::new(&change, false)), |diff| &diff.path))
}
