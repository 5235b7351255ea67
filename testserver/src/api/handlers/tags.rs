//! Tags.

use serde::Deserialize;

use crate::api::call::Call;
use crate::api::response::{ApiResult, created, no_content, ok};
use crate::api::wire;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Creation {
    id: String,
    r#ref: String,
    force: bool,
}

pub(crate) fn list(call: &Call<'_>) -> ApiResult {
    let catalog = call.catalog();
    let (prefix, after) = (call.text("prefix"), call.text("after"));
    let page = catalog.list_tags(call.repository(), &prefix, &after, call.amount())?;
    ok(&wire::List::new(page.map(|(tag, commit)| wire::Ref::new(tag, commit)), |tag| tag.id))
}

pub(crate) fn create(call: &Call<'_>) -> ApiResult {
    let body: Creation = call.body("CreateTag")?;
    let commit = call.catalog_mut().create_tag(call.repository(), &body.id, &body.r#ref, body.force)?;
    created(&wire::Ref::new(&body.id, &commit))
}

pub(crate) fn get(call: &Call<'_>) -> ApiResult {
    let tag = call.path_parameter("tag");
    let commit = call.catalog().tag(call.repository(), tag)?;
    ok(&wire::Ref::new(tag, &commit))
}

pub(crate) fn delete(call: &Call<'_>) -> ApiResult {
    call.catalog_mut().delete_tag(call.repository(), call.path_parameter("tag"), call.is_true("force"))?;
    no_content()
}
