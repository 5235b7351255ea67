//! Commits.

use std::collections::BTreeMap;

use crate::Result;
use crate::branch::Branch;
use crate::models::{self, CommitCreation};
use crate::request::{When as _, awaits, flags};

/// Commits what is staged on a branch; see [`Branch::commit`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Commit {
    branch: Branch,
    source_metarange: Option<String>,
    body: CommitCreation,
}

impl Commit {
    pub(crate) fn new(branch: Branch, message: String) -> Self {
        let body =
            CommitCreation { message, metadata: BTreeMap::new(), date: None, allow_empty: None, force: None };
        Self { branch, source_metarange: None, body }
    }

    /// Adds a pair to the metadata of the commit.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.metadata.insert(key.into(), value.into());
        self
    }

    /// The date of the commit, in seconds since 1970, in place of now.
    pub fn date(mut self, seconds: i64) -> Self {
        self.body.date = Some(seconds);
        self
    }

    /// Commits this metarange in place of what is staged; nothing may be staged.
    ///
    /// The server does not look whether it exists: an id that names none makes the branch unreadable.
    pub fn source_metarange(mut self, id: impl Into<String>) -> Self {
        self.source_metarange = Some(id.into());
        self
    }

    flags! {
        /// Commits even if there is nothing to commit.
        allow_empty => body.allow_empty;
        /// Commits even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<models::Commit> {
        let repository = self.branch.repository();
        let request =
            repository.client.api().commit().repository(repository.name()).branch(self.branch.name());
        let request = request.when(self.source_metarange, |request, id| request.source_metarange(id));
        Ok(request.body(self.body).send().await?.into_inner())
    }
}

awaits!(Commit => models::Commit);
