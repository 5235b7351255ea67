//! Reverts: a commit that undoes the changes of another commit.

use crate::api::Response;
use crate::error::Result;
use crate::http::reconcile::{OnMissing, RequestStart, reconcile};
use crate::macros::{bool_setters, impl_into_future};
use crate::models::{CommitOverrides, RevertCreation};
use crate::ref_expr::{RefExpr, is_commit_id};
use crate::requests::new_head::new_head;
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
        let start = RequestStart::now();
        let request = repository.api().revert_branch().repository(repository.name());
        let sent = request.branch(self.branch.expression()).body(self.body.clone()).send().await;
        reconcile(sent.map(Response::into_inner), || self.find_applied(start), OnMissing::Unknown).await
    }

    /// Returns `Some` if the head of the branch is the requested commit.
    async fn find_applied(&self, start: RequestStart) -> Result<Option<()>> {
        let RevertCreation { ref_, commit_overrides, allow_empty, .. } = &self.body;
        // Several equal commits can follow each other: `revert("main")` on `main` undoes its own last revert.
        if allow_empty.is_some() || !is_commit_id(ref_) {
            return Ok(None);
        }
        let Some(head) = new_head(&self.branch, start).await? else { return Ok(None) };
        let CommitOverrides { message, metadata } = commit_overrides.clone().unwrap_or_default();
        let message = message.filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| format!("Revert {ref_}"));
        Ok((head.message == message && head.metadata == metadata).then_some(()))
    }
}

impl_into_future!(RevertRequest { branch } => ());
