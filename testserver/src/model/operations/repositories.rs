//! Operations on repositories.

use std::ops::Bound;

use crate::model::catalog::Catalog;
use crate::model::entry::Metadata;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::listing::Page;
use crate::model::repository::Repository;

/// A repository to create.
#[derive(Debug)]
pub(crate) struct NewRepository {
    pub(crate) id: String,
    pub(crate) storage_id: String,
    pub(crate) namespace: String,
    pub(crate) default_branch: String,
    pub(crate) read_only: bool,
    pub(crate) bare: bool,
}

impl Catalog {
    pub(crate) fn create_repository(&mut self, new: NewRepository) -> Result<&Repository> {
        if self.repositories.contains_key(&new.id) {
            return Err(Error::from(ErrorKind::NotUnique).context("error creating repository"));
        }
        if !new.storage_id.is_empty() {
            return Err(ErrorKind::InvalidStorageId.into());
        }
        let namespace = new.namespace;
        let required = format!("{}://", self.scheme);
        if !namespace.starts_with(&required) {
            return Err(Error::from(ErrorKind::InvalidNamespace)
                .context(format_args!("failed to match required regex ^{required}")));
        }
        if !new.bare && !new.read_only && !self.namespaces.insert(namespace.clone()) {
            return Err(Error::from(ErrorKind::NamespaceInUse)
                .context(format_args!(
                    "found lakeFS objects in the storage (:{namespace}) key(_lakefs/dummy)"
                ))
                .context("failed to create repository"));
        }
        let default_branch = match new.default_branch.as_str() {
            "" => "main".to_owned(),
            _ => new.default_branch,
        };
        let create = if new.bare { Repository::bare } else { Repository::new };
        let repository = create(new.id.clone(), namespace, default_branch, new.read_only);
        Ok(self.repositories.entry(new.id).or_insert(repository))
    }

    pub(crate) fn delete_repository(&mut self, id: &str, force: bool) -> Result<()> {
        self.repository(id)?.check_writable(force)?;
        self.repositories.remove(id);
        Ok(())
    }

    pub(crate) fn list_repositories(
        &self,
        prefix: &str,
        search: &str,
        after: &str,
        amount: usize,
    ) -> Page<&Repository> {
        let start = after.max(prefix);
        let found = self
            .repositories
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .map(|(_, repository)| repository)
            .take_while(|repository| repository.id.starts_with(prefix))
            .filter(|repository| repository.id != after && repository.id.contains(search));
        Page::take(found, amount)
    }

    pub(crate) fn set_repository_metadata(&mut self, id: &str, metadata: Metadata) -> Result<()> {
        if metadata.is_empty() {
            return Ok(());
        }
        self.find_repository_mut(id)?.metadata.extend(metadata);
        Ok(())
    }

    pub(crate) fn delete_repository_metadata(&mut self, id: &str, keys: &[String]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let repository = self.find_repository_mut(id)?;
        repository.metadata.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}
