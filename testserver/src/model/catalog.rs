//! The catalog: all repositories of a server.

use std::collections::{BTreeMap, HashSet};

use super::error::{ErrorKind, Result};
use super::refs_dump::DumpStore;
use super::repository::{Repository, check_id};

/// All data of a lakeFS server. Its methods are lakeFS's operations, in [`operations`](super::operations).
#[derive(Debug)]
pub(crate) struct Catalog {
    /// The scheme of storage namespaces, such as `mem`.
    pub(super) scheme: String,
    pub(super) repositories: BTreeMap<String, Repository>,
    /// The namespaces that are in use. They remain in use when the repository is deleted, as its objects
    /// remain.
    pub(super) namespaces: HashSet<String>,
    pub(super) dumps: DumpStore,
}

impl Catalog {
    pub(crate) fn new(scheme: String) -> Self {
        Self {
            scheme,
            repositories: BTreeMap::new(),
            namespaces: HashSet::new(),
            dumps: DumpStore::default(),
        }
    }

    /// Validates the id and returns the repository.
    pub(crate) fn repository(&self, id: &str) -> Result<&Repository> {
        check_id(id, "repository")?;
        self.find_repository(id)
    }

    /// Returns the repository without validating its id.
    pub(crate) fn find_repository(&self, id: &str) -> Result<&Repository> {
        self.repositories.get(id).ok_or_else(|| ErrorKind::RepositoryNotFound.into())
    }

    pub(super) fn find_repository_mut(&mut self, id: &str) -> Result<&mut Repository> {
        self.repositories.get_mut(id).ok_or_else(|| ErrorKind::RepositoryNotFound.into())
    }
}
