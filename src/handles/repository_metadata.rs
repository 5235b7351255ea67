//! The metadata of a repository.

use std::collections::BTreeMap;

use crate::Result;
use crate::handles::repository::Repository;
use crate::models::{RepositoryMetadataKeys, RepositoryMetadataSet};

/// The metadata of a repository: pairs of keys and values.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let metadata = repository.metadata();
/// metadata.set([("owner", "ada"), ("stage", "test")]).await?;
/// metadata.delete(["stage"]).await?;
/// assert_eq!(metadata.get().await?["owner"], "ada");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RepositoryMetadata {
    repository: Repository,
}

impl RepositoryMetadata {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such repository.
    pub async fn get(&self) -> Result<BTreeMap<String, String>> {
        let api = self.repository.api();
        let request = api.get_repository_metadata().repository(self.repository.name());
        Ok(request.send().await?.into_inner().into())
    }

    /// Sets these keys, and leaves the others as they are.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), or [`WriteProtected`](crate::ErrorKind::WriteProtected) for a repository that is
    /// read-only.
    pub async fn set<K, V>(&self, pairs: impl IntoIterator<Item = (K, V)>) -> Result<()>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let metadata = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let api = self.repository.api();
        let request = api.set_repository_metadata().repository(self.repository.name());
        request.body(RepositoryMetadataSet { metadata }).send().await?;
        Ok(())
    }

    /// Deletes these keys, those that are there.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), or [`WriteProtected`](crate::ErrorKind::WriteProtected) for a repository that is
    /// read-only.
    pub async fn delete(&self, keys: impl IntoIterator<Item = impl Into<String>>) -> Result<()> {
        let keys = keys.into_iter().map(Into::into).collect();
        let api = self.repository.api();
        let request = api.delete_repository_metadata().repository(self.repository.name());
        request.body(RepositoryMetadataKeys { keys }).send().await?;
        Ok(())
    }
}
