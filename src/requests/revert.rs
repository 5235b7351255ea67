//! Reverts: a commit that undoes the changes of another commit.

use crate::api::Response;
use crate::error::Result;
use crate::http::reconcile::{Effect, OnMissing, reconcile};
use crate::macros::{bool_setters, impl_into_future};
use crate::models::{Commit, CommitOverrides, RevertCreation};
use crate::ref_expr::RefExpr;
use crate::requests::conflicts::{ThreeWay, with_conflicts};
use crate::requests::new_commits::{FoundCommit, RefBefore, find_commit, remember};
use crate::scope::RefScope;

/// Undoes the changes of a commit on a branch. Returned by [`Branch::revert`](crate::Branch::revert).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct RevertRequest {
    branch: RefScope,
    commit: RefExpr,
    body: RevertCreation,
}

impl RevertRequest {
    pub(crate) fn new(branch: RefScope, commit: RefExpr) -> Self {
        let body = RevertCreation {
            ref_: String::new(),
            parent_number: 0,
            commit_overrides: None,
            allow_empty: None,
            force: None,
        };
        Self { branch, commit, body }
    }

    /// Sets the parent to which a merge commit is reverted, counted from 1. Default: none; a merge commit requires it.
    ///
    /// Parent 1 is the branch that was merged into.
    pub fn parent_number(mut self, number: u32) -> Self {
        self.body.parent_number = number.into();
        self
    }

    /// Sets the message of the new commit. Default: `Revert <ref>`.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.commit_overrides.get_or_insert_default().message = Some(message.into());
        self
    }

    /// Adds a key and a value to the metadata of the new commit. Default: no metadata.
    ///
    /// If a key is set twice, the last value applies.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let overrides = self.body.commit_overrides.get_or_insert_default();
        overrides.metadata.insert(key.into(), value.into());
        self
    }

    bool_setters! {
        /// Creates a commit even if there is nothing to undo. Default: `false`.
        allow_empty => body.allow_empty;
        /// Reverts even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    async fn execute(mut self) -> Result<()> {
        let repository = self.branch.repository();
        self.body.ref_ = self.commit.within(repository)?.to_owned();
        let before = RefBefore::of_branch(&self.branch).await;
        let request = repository.api().revert_branch().repository(repository.name());
        let sent = request.branch(self.branch.expression()).body(self.body.clone()).send().await;
        let sent = sent.map(Response::into_inner);
        let policy = repository.api().retries();
        match reconcile(sent, policy, || self.find_applied(&before), OnMissing::Unknown).await {
            Err(error) => {
                let parent_number = Some(self.body.parent_number);
                let commits = ThreeWay::of_revert(&self.branch, &self.commit, parent_number);
                Err(with_conflicts(error, commits).await)
            }
            reverted => reverted,
        }
    }

    /// Searches the new commits of the branch for the requested one.
    async fn find_applied(&self, before: &RefBefore) -> Result<Effect<()>> {
        let RevertCreation { ref_, commit_overrides, .. } = &self.body;
        let CommitOverrides { message, metadata } = commit_overrides.clone().unwrap_or_default();
        let message = message.filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| format!("Revert {ref_}"));
        let is_requested = |commit: &Commit| {
            commit.parents.len() == 1 && commit.message == message && commit.metadata == metadata
        };
        Ok(match find_commit(&self.branch, before, is_requested).await? {
            FoundCommit::One { commit, is_new: true } => {
                remember(&commit.id);
                Effect::Applied(())
            }
            FoundCommit::None => Effect::Missing,
            // The head before the request was not read, and an equal revert may be a few seconds older.
            FoundCommit::One { is_new: false, .. } | FoundCommit::Several => Effect::Ambiguous,
        })
    }
}

impl_into_future!(RevertRequest { branch } => ());
