//! Branches.

use axum::http::StatusCode;
use serde::Deserialize;

use crate::api::call::Call;
use crate::api::response::{ApiResult, no_content, ok, text};
use crate::api::wire;

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

pub(crate) fn list(call: &Call<'_>) -> ApiResult {
    let catalog = call.catalog();
    let (prefix, after) = (call.text("prefix"), call.text("after"));
    let page = catalog.list_branches(
        call.repository(),
        &prefix,
        &after,
        call.amount(),
        call.is_true("show_hidden"),
    )?;
    ok(&wire::List::new(page.map(|(name, head)| wire::Ref::new(name, head)), |branch| branch.id))
}

/// Responds with the commit id in plain text.
pub(crate) fn create(call: &Call<'_>) -> ApiResult {
    let body: Creation = call.body("CreateBranch")?;
    let commit = call.catalog_mut().create_branch(
        call.repository(),
        &body.name,
        &body.source,
        body.hidden,
        body.force,
    )?;
    Ok(text(StatusCode::CREATED, commit.to_string()))
}

pub(crate) fn get(call: &Call<'_>) -> ApiResult {
    let head = call.catalog().branch_head(call.repository(), call.branch())?;
    ok(&wire::Ref::new(call.branch(), &head))
}

pub(crate) fn delete(call: &Call<'_>) -> ApiResult {
    call.catalog_mut().delete_branch(call.repository(), call.branch(), call.is_true("force"))?;
    no_content()
}

pub(crate) fn reset(call: &Call<'_>) -> ApiResult {
    let body: Reset = call.body("ResetBranch")?;
    let (repository, branch, path) = (call.repository(), call.branch(), body.path.as_bytes());
    let mut catalog = call.catalog_mut();
    match body.r#type.as_str() {
        "common_prefix" => catalog.reset_prefix(repository, branch, path, body.force)?,
        "object" => catalog.reset_object(repository, branch, path, body.force)?,
        _ => catalog.reset_branch(repository, branch, body.force)?,
    }
    no_content()
}

pub(crate) fn hard_reset(call: &Call<'_>) -> ApiResult {
    let reference = call.text("ref");
    call.catalog_mut().hard_reset(call.repository(), call.branch(), &reference, call.is_true("force"))?;
    no_content()
}

pub(crate) fn diff(call: &Call<'_>) -> ApiResult {
    let page = call.catalog().diff_branch(call.repository(), call.branch(), &call.page_query())?;
    ok(&wire::List::new(page.map(|change| wire::Diff::new(&change, false)), |diff| &diff.path))
}
