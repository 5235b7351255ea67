//! Commits: create one, and read the commit of a ref.

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures::TryStreamExt as _;

use crate::api::Response;
use crate::error::{Error, Result};
use crate::http::reconcile::{Effect, OnMissing, reconcile};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::models::time::to_unix_seconds;
use crate::models::{self, CommitCreation};
use crate::requests::diff::ListUncommitted;
use crate::requests::new_commits::{FoundCommit, RefBefore, find_commit, remember};
use crate::scope::RefScope;

/// Reads the commit that a ref names.
pub(crate) async fn get_commit(reference: &RefScope) -> Result<models::Commit> {
    let request = reference.api().get_commit().repository(reference.repository().name());
    Ok(request.commit_id(reference.expression()).send().await?.into_inner())
}

/// Commits the uncommitted changes of a branch. Returned by [`Branch::commit`](crate::Branch::commit).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CommitRequest {
    branch: RefScope,
    source_metarange: Option<String>,
    date: Option<SystemTime>,
    body: CommitCreation,
}

impl CommitRequest {
    pub(crate) fn new(branch: RefScope, message: String) -> Self {
        let body =
            CommitCreation { message, metadata: BTreeMap::new(), date: None, allow_empty: None, force: None };
        Self { branch, source_metarange: None, date: None, body }
    }

    /// Adds a key and a value to the metadata of the commit. Default: no metadata.
    ///
    /// If a key is set twice, the last value applies.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets the creation date of the commit, in whole seconds. Default: the time at which the server commits.
    pub fn date(mut self, time: SystemTime) -> Self {
        self.date = Some(time);
        self
    }

    /// Commits this metarange instead of the uncommitted changes, of which there must be none. Default: not set.
    ///
    /// The server does not check whether the metarange exists. The id of a missing one makes the branch unreadable.
    pub fn source_metarange(mut self, id: impl Into<String>) -> Self {
        self.source_metarange = Some(id.into());
        self
    }

    bool_setters! {
        /// Creates a commit even if there are no changes. Default: `false`.
        allow_empty => body.allow_empty;
        /// Commits even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    async fn execute(mut self) -> Result<models::Commit> {
        let repository = self.branch.repository();
        if let Some(date) = self.date {
            self.body.date = Some(to_unix_seconds(date).ok_or_else(|| {
                let branch = self.branch.expression();
                let action = format!("commit to branch {branch:?} of repository {:?}", repository.name());
                Error::invalid(action, "the date is out of range")
            })?);
        }
        // Several equal commits with these options can follow each other, also within a second.
        let CommitCreation { date, allow_empty, .. } = &self.body;
        let before = if allow_empty.is_some() || date.is_some() || self.source_metarange.is_some() {
            RefBefore::of_branch(&self.branch).await
        } else {
            RefBefore::unread()
        };
        let request = repository.api().commit().repository(repository.name());
        let request = request
            .branch(self.branch.expression())
            .apply_if_some(self.source_metarange.clone(), |request, id| request.source_metarange(id));
        let sent = request.body(self.body.clone()).send().await.map(Response::into_inner);
        let policy = repository.api().retries();
        let commit = reconcile(sent, policy, || self.find_applied(&before), OnMissing::Unknown).await?;
        remember(&commit.id);
        Ok(commit)
    }

    /// Searches the new commits of the branch for the requested one.
    async fn find_applied(&self, before: &RefBefore) -> Result<Effect<models::Commit>> {
        let CommitCreation { message, metadata, date, .. } = &self.body;
        let is_requested = |commit: &models::Commit| {
            commit.message == *message
                && commit.metadata == *metadata
                && commit.parents.len() == 1
                && date.is_none_or(|date| commit.creation_date == date)
                && self.source_metarange.as_ref().is_none_or(|id| commit.meta_range_id == *id)
        };
        match find_commit(&self.branch, before, is_requested).await? {
            FoundCommit::None => Ok(Effect::Missing),
            FoundCommit::One { commit, is_new: true } => Ok(Effect::Applied(commit)),
            // An equal commit of up to a few seconds before, or the requested one. They are as good as each other if
            // all changes are committed.
            FoundCommit::One { commit, is_new: false } => {
                let uncommitted = ListUncommitted::new(self.branch.clone()).page_size(1).try_next().await?;
                Ok(uncommitted.is_none().then_some(commit).into())
            }
            FoundCommit::Several => Ok(Effect::Ambiguous),
        }
    }
}

impl_into_future!(CommitRequest { branch } => models::Commit);
