//! The metadata of a repository: read, set and delete.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::models::{RepositoryMetadataKeys, RepositoryMetadataSet};
use crate::scope::RepositoryScope;

pub(crate) async fn get(repository: &RepositoryScope) -> Result<BTreeMap<String, String>> {
    let request = repository.api().get_repository_metadata().repository(repository.name());
    Ok(request.send().await?.into_inner().into())
}

pub(crate) async fn set(repository: &RepositoryScope, metadata: BTreeMap<String, String>) -> Result<()> {
    let request = repository.api().set_repository_metadata().repository(repository.name());
    request.body(RepositoryMetadataSet { metadata }).send().await?;
    Ok(())
}

pub(crate) async fn delete(repository: &RepositoryScope, keys: Vec<String>) -> Result<()> {
    let request = repository.api().delete_repository_metadata().repository(repository.name());
    request.body(RepositoryMetadataKeys { keys }).send().await?;
    Ok(())
}
