//! Cherry-picks: a commit that repeats the changes of another commit.

use crate::api::Response;
use crate::error::Result;
use crate::http::reconcile::{Effect, OnMissing, reconcile};
use crate::macros::{bool_setters, impl_into_future};
use crate::models::{self, CherryPickCreation, CommitOverrides};
use crate::ref_expr::RefExpr;
use crate::requests::conflicts::{ThreeWay, with_conflicts};
use crate::requests::new_commits::{FoundCommit, NewCommits, RefBefore, find_commit, remember};
use crate::scope::{RefScope, is_commit_id};

/// The metadata keys under which the server records the id and the committer of the picked commit.
const ORIGIN_KEY: &str = "cherry-pick-origin";
const COMMITTER_KEY: &str = "cherry-pick-committer";

/// Applies the changes of a commit to a branch. Returned by [`Branch::cherry_pick`](crate::Branch::cherry_pick).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CherryPickRequest {
    branch: RefScope,
    commit: RefExpr,
    body: CherryPickCreation,
}

impl CherryPickRequest {
    pub(crate) fn new(branch: RefScope, commit: RefExpr) -> Self {
        let body = CherryPickCreation {
            ref_: String::new(),
            parent_number: None,
            commit_overrides: None,
            force: None,
        };
        Self { branch, commit, body }
    }

    /// Sets the parent with which a merge commit is compared, counted from 1. Default: none; a merge commit requires
    /// it.
    ///
    /// Parent 1 is the branch that was merged into.
    pub fn parent_number(mut self, number: u32) -> Self {
        self.body.parent_number = Some(number.into());
        self
    }

    /// Sets the message of the new commit. Default: the message of the picked commit.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.commit_overrides.get_or_insert_default().message = Some(message.into());
        self
    }

    /// Adds a key and a value to the metadata of the new commit, which then replace those of the picked commit.
    /// Default: the metadata of the picked commit.
    ///
    /// If a key is set twice, the last value applies.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let overrides = self.body.commit_overrides.get_or_insert_default();
        overrides.metadata.insert(key.into(), value.into());
        self
    }

    bool_setters! {
        /// Picks the commit even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    async fn execute(mut self) -> Result<models::Commit> {
        let repository = self.branch.repository();
        self.body.ref_ = self.commit.within(repository)?.to_owned();
        let before = RefBefore::of_branch(&self.branch).await;
        let request = repository.api().cherry_pick().repository(repository.name());
        let sent = request.branch(self.branch.expression()).body(self.body.clone()).send().await;
        let sent = sent.map(Response::into_inner);
        let policy = repository.api().retries();
        match reconcile(sent, policy, || self.find_applied(&before), OnMissing::Unknown).await {
            Ok(commit) => {
                remember(&commit.id);
                Ok(commit)
            }
            Err(error) => {
                let parent_number = self.body.parent_number;
                let commits = ThreeWay::of_cherry_pick(&self.branch, &self.commit, parent_number);
                Err(with_conflicts(error, commits).await)
            }
        }
    }

    /// Searches the new commits of the branch for the requested one.
    async fn find_applied(&self, before: &RefBefore) -> Result<Effect<models::Commit>> {
        let CherryPickCreation { ref_, commit_overrides, .. } = &self.body;
        let CommitOverrides { message, metadata } = commit_overrides.clone().unwrap_or_default();
        let message = message.filter(|message| !message.is_empty());
        let picked = self.branch.repository().reference(ref_);
        // The ref may have moved since the request.
        let origins = if is_commit_id(ref_) {
            vec![ref_.clone()]
        } else {
            let since_start = NewCommits::of(&picked, &before.by_date()).await?;
            since_start.ids().map(str::to_owned).collect()
        };
        let is_requested = |commit: &models::Commit| {
            let mut own = commit.metadata.clone();
            let origin = own.remove(ORIGIN_KEY);
            own.remove(COMMITTER_KEY);
            commit.parents.len() == 1
                && origin.is_some_and(|origin| origins.contains(&origin))
                && message.as_ref().is_none_or(|message| commit.message == *message)
                && (metadata.is_empty() || own == metadata)
        };
        Ok(match find_commit(&self.branch, before, is_requested).await? {
            FoundCommit::One { commit, is_new: true } => Effect::Applied(commit),
            FoundCommit::None => Effect::Missing,
            // The head before the request was not read, and an equal pick may be a few seconds older.
            FoundCommit::One { is_new: false, .. } | FoundCommit::Several => Effect::Ambiguous,
        })
    }
}

impl_into_future!(CherryPickRequest { branch } => models::Commit);
