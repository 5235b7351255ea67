//! Tags.

use serde::Deserialize;

use super::call::Call;
use super::reply::{Outcome, created, no_content, ok};
use super::wire;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Creation {
    id: String,
    r#ref: String,
    force: bool,
}

pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let (prefix, after) = (call.text("prefix"), call.text("after"));
    let page = lake.list_tags(call.repository(), &prefix, &after, call.amount())?;
    ok(&wire::List::new(page.map(|(tag, commit)| wire::Ref::new(tag, commit)), |tag| tag.id))
}

pub(crate) fn create(call: &Call<'_>) -> Outcome {
    let body: Creation = call.body("CreateTag")?;
    let commit = call.lake_mut().create_tag(call.repository(), &body.id, &body.r#ref, body.force)?;
    created(&wire::Ref::new(&body.id, &commit))
}

pub(crate) fn get(call: &Call<'_>) -> Outcome {
    let tag = call.segment("tag");
    let commit = call.lake().tag(call.repository(), tag)?;
    ok(&wire::Ref::new(tag, &commit))
}

pub(crate) fn delete(call: &Call<'_>) -> Outcome {
    call.lake_mut().delete_tag(call.repository(), call.segment("tag"), call.is_set("force"))?;
    no_content()
}
