//! Repositories.

use serde::Deserialize;

use super::call::Call;
use super::reply::{Outcome, created, no_content, ok};
use super::samples;
use super::wire;
use crate::model::{Metadata, NewRepository};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Creation {
    name: String,
    storage_id: String,
    storage_namespace: String,
    default_branch: String,
    sample_data: bool,
    read_only: bool,
}

pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let lake = call.lake();
    let (prefix, search, after) = (call.text("prefix"), call.text("search"), call.text("after"));
    let page = lake.list_repositories(&prefix, &search, &after, call.amount());
    ok(&wire::List::new(page.map(wire::Repository::from), |repository| repository.id))
}

pub(crate) fn create(call: &Call<'_>) -> Outcome {
    let body: Creation = call.body("CreateRepository")?;
    let bare = call.is_set("bare");
    let mut lake = call.lake_mut();
    let repository = lake.create_repository(NewRepository {
        id: body.name.clone(),
        storage_id: body.storage_id,
        namespace: body.storage_namespace,
        default_branch: body.default_branch,
        read_only: body.read_only,
        bare,
    })?;
    if bare {
        return created(&wire::Repository { read_only: None, ..repository.into() });
    }
    if body.sample_data {
        let branch = repository.default_branch.clone();
        samples::add(call, &mut lake, &body.name, &branch)?;
    }
    created(&wire::Repository::from(lake.repository(&body.name)?))
}

pub(crate) fn get(call: &Call<'_>) -> Outcome {
    ok(&wire::Repository::from(call.lake().repository(call.repository())?))
}

pub(crate) fn delete(call: &Call<'_>) -> Outcome {
    call.lake_mut().delete_repository(call.repository(), call.is_set("force"))?;
    no_content()
}

pub(crate) fn metadata(call: &Call<'_>) -> Outcome {
    ok(&call.lake().repository(call.repository())?.metadata)
}

pub(crate) fn set_metadata(call: &Call<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    struct Body {
        metadata: Metadata,
    }
    let body: Body = call.body("SetRepositoryMetadata")?;
    call.lake_mut().set_repository_metadata(call.repository(), body.metadata)?;
    no_content()
}

pub(crate) fn delete_metadata(call: &Call<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    struct Body {
        keys: Vec<String>,
    }
    let body: Body = call.body("DeleteRepositoryMetadata")?;
    call.lake_mut().delete_repository_metadata(call.repository(), &body.keys)?;
    no_content()
}
