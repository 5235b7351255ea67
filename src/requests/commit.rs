//! Commits.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;

use crate::Result;
use crate::api::Response;
use crate::handles::branch::Branch;
use crate::http::reconcile::{OnMissing, RequestStart, reconcile};
use crate::models::{self, CommitCreation};
use crate::requests::new_head::new_head;
use crate::requests::support::{When as _, awaits, flags};

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
        let start = RequestStart::now();
        let repository = self.branch.repository();
        let request =
            repository.client.api().commit().repository(repository.name()).branch(self.branch.name());
        let request = request.when(self.source_metarange.clone(), |request, id| request.source_metarange(id));
        let sent = request.body(self.body.clone()).send().await.map(Response::into_inner);
        reconcile(sent, || self.find_applied(start), OnMissing::Unknown).await
    }

    /// The head, if it is the commit that was asked for, and nothing is left to commit.
    async fn find_applied(&self, start: RequestStart) -> Result<Option<models::Commit>> {
        let CommitCreation { message, metadata, date, allow_empty, .. } = &self.body;
        // Such commits can be made one after the other; and one with a date of its own is not known to be new.
        if allow_empty.is_some() || date.is_some() || self.source_metarange.is_some() {
            return Ok(None);
        }
        let Some(head) = new_head(&self.branch.scope(), start).await? else { return Ok(None) };
        if head.message != *message || head.metadata != *metadata {
            return Ok(None);
        }
        let staged = self.branch.uncommitted().page_size(1).try_next().await?;
        Ok(staged.is_none().then_some(head))
    }
}

awaits!(Commit => models::Commit);
