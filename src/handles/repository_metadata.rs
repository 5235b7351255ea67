//! The metadata of a repository.

use std::collections::BTreeMap;
use std::fmt;

use crate::request::Request;
use crate::requests::repository_metadata;
use crate::scope::RepositoryScope;
use crate::uri::Uri;

/// The metadata of a repository: a map of keys to values.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryMetadata(RepositoryScope);

impl RepositoryMetadata {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self(repository)
    }

    /// Reads all pairs.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub fn get(&self) -> Request<BTreeMap<String, String>> {
        Request::new(&self.0, |scope| async move { repository_metadata::get(&scope).await })
    }

    /// Sets the given pairs, and keeps all other keys.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the repository is read-only.
    pub fn set<K, V>(&self, pairs: impl IntoIterator<Item = (K, V)>) -> Request<()>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Request::new(&self.0, |repository| async move { repository_metadata::set(&repository, pairs).await })
    }

    /// Deletes the given keys. Missing keys are ignored.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the repository is read-only.
    pub fn delete(&self, keys: impl IntoIterator<Item = impl Into<String>>) -> Request<()> {
        let keys: Vec<_> = keys.into_iter().map(Into::into).collect();
        Request::new(&self.0, |scope| async move { repository_metadata::delete(&scope, keys).await })
    }
}

/// Writes the URI of the repository.
impl fmt::Display for RepositoryMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata of {}", Uri::of_repository(self.0.name()))
    }
}
