//! Cherry-picks: a commit that repeats the changes of another commit.

use crate::error::Result;
use crate::macros::{bool_setters, impl_into_future};
use crate::models::{self, CherryPickCreation};
use crate::ref_expr::RefExpr;
use crate::scope::RefScope;

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
        let request = repository.api().cherry_pick().repository(repository.name());
        Ok(request.branch(self.branch.expression()).body(self.body).send().await?.into_inner())
    }
}

impl_into_future!(CherryPickRequest { branch } => models::Commit);
