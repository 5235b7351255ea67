//! Reverts: a commit that undoes another one.

use crate::Result;
use crate::api::Response;
use crate::handles::branch::Branch;
use crate::handles::reference::is_commit_id;
use crate::http::reconcile::{OnMissing, RequestStart, reconcile};
use crate::models::{CommitOverrides, RevertCreation};
use crate::requests::new_head::new_head;
use crate::requests::support::{awaits, flags};

/// Undoes on a branch what a commit did; see [`Branch::revert`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Revert {
    branch: Branch,
    body: RevertCreation,
}

impl Revert {
    pub(crate) fn new(branch: Branch, reference: String) -> Self {
        let body = RevertCreation {
            ref_: reference,
            parent_number: 0,
            commit_overrides: None,
            allow_empty: None,
            force: None,
        };
        Self { branch, body }
    }

    /// Which parent of a merge commit to go back to: 1 is the first, which it was merged into.
    pub fn parent_number(mut self, number: u32) -> Self {
        self.body.parent_number = number.into();
        self
    }

    /// The message, in place of `Revert` and the reference.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.commit_overrides.get_or_insert_default().message = Some(message.into());
        self
    }

    /// Adds a pair to the metadata of the new commit.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let overrides = self.body.commit_overrides.get_or_insert_default();
        overrides.metadata.insert(key.into(), value.into());
        self
    }

    flags! {
        /// Makes a commit even if there is nothing to undo.
        allow_empty => body.allow_empty;
        /// Reverts even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<()> {
        let start = RequestStart::now();
        let repository = self.branch.repository();
        let request = repository.client.api().revert_branch().repository(repository.name());
        let sent = request.branch(self.branch.name()).body(self.body.clone()).send().await;
        let sent = sent.map(Response::into_inner);
        reconcile(sent, || self.find_applied(start), OnMissing::Unknown).await
    }

    /// Whether the head is the commit that was asked for.
    async fn find_applied(&self, start: RequestStart) -> Result<Option<()>> {
        let RevertCreation { ref_, commit_overrides, allow_empty, .. } = &self.body;
        // Such commits can be made one after the other: `revert("main")` undoes what it did.
        if allow_empty.is_some() || !is_commit_id(ref_) {
            return Ok(None);
        }
        let Some(head) = new_head(&self.branch.scope(), start).await? else { return Ok(None) };
        let CommitOverrides { message, metadata } = commit_overrides.clone().unwrap_or_default();
        let message = message.filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| format!("Revert {ref_}"));
        Ok((head.message == message && head.metadata == metadata).then_some(()))
    }
}

awaits!(Revert => ());
