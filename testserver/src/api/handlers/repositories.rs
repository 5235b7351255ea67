//! Repositories.

use serde::Deserialize;

use super::sample_data;
use crate::api::call::Call;
use crate::api::response::{ApiResult, created, no_content, ok};
use crate::api::wire;
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

pub(crate) fn list(call: &Call<'_>) -> ApiResult {
    let catalog = call.catalog();
    let (prefix, search, after) = (call.text("prefix"), call.text("search"), call.text("after"));
    let page = catalog.list_repositories(&prefix, &search, &after, call.amount());
    ok(&wire::List::new(page.map(wire::Repository::from), |repository| repository.id))
}

pub(crate) fn create(call: &Call<'_>) -> ApiResult {
    let body: Creation = call.body("CreateRepository")?;
    let bare = call.is_true("bare");
    let mut catalog = call.catalog_mut();
    let repository = catalog.create_repository(NewRepository {
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
        sample_data::add(call, &mut catalog, &body.name, &branch)?;
    }
    created(&wire::Repository::from(catalog.repository(&body.name)?))
}

pub(crate) fn get(call: &Call<'_>) -> ApiResult {
    ok(&wire::Repository::from(call.catalog().repository(call.repository())?))
}

pub(crate) fn delete(call: &Call<'_>) -> ApiResult {
    call.catalog_mut().delete_repository(call.repository(), call.is_true("force"))?;
    no_content()
}

pub(crate) fn get_metadata(call: &Call<'_>) -> ApiResult {
    ok(&call.catalog().repository(call.repository())?.metadata)
}

pub(crate) fn set_metadata(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    struct Body {
        metadata: Metadata,
    }
    let body: Body = call.body("SetRepositoryMetadata")?;
    call.catalog_mut().set_repository_metadata(call.repository(), body.metadata)?;
    no_content()
}

pub(crate) fn delete_metadata(call: &Call<'_>) -> ApiResult {
    #[derive(Default, Deserialize)]
    struct Body {
        keys: Vec<String>,
    }
    let body: Body = call.body("DeleteRepositoryMetadata")?;
    call.catalog_mut().delete_repository_metadata(call.repository(), &body.keys)?;
    no_content()
}
