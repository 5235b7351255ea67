//! Cherry-picks: what one commit changed, done again on a branch.

use crate::Result;
use crate::handles::branch::Branch;
use crate::models::{self, CherryPickCreation};
use crate::requests::support::{awaits, flags};

/// Does on a branch what a commit did elsewhere; see [`Branch::cherry_pick`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CherryPickRequest {
    branch: Branch,
    body: CherryPickCreation,
}

impl CherryPickRequest {
    pub(crate) fn new(branch: Branch, reference: String) -> Self {
        let body =
            CherryPickCreation { ref_: reference, parent_number: None, commit_overrides: None, force: None };
        Self { branch, body }
    }

    /// Which parent of a merge commit to compare it with: 1 is the first, which it was merged into.
    pub fn parent_number(mut self, number: u32) -> Self {
        self.body.parent_number = Some(number.into());
        self
    }

    /// The message, in place of that of the commit.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.commit_overrides.get_or_insert_default().message = Some(message.into());
        self
    }

    /// Adds a pair to the metadata, which are then in place of those of the commit.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let overrides = self.body.commit_overrides.get_or_insert_default();
        overrides.metadata.insert(key.into(), value.into());
        self
    }

    flags! {
        /// Picks even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<models::Commit> {
        let repository = self.branch.repository();
        let request = repository.client.api().cherry_pick().repository(repository.name());
        Ok(request.branch(self.branch.name()).body(self.body).send().await?.into_inner())
    }
}

awaits!(CherryPickRequest => models::Commit);
