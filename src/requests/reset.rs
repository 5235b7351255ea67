//! Resets: of the uncommitted changes of a branch, and of its head.

use crate::error::Result;
use crate::http::retry_table::RetryClass;
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::models::{ResetCreation, ResetType};
use crate::ref_expr::{RefExpr, is_commit_id};
use crate::scope::RefScope;

/// Discards uncommitted changes of a branch. Returned by [`Branch::reset`](crate::Branch::reset).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ResetRequest {
    branch: RefScope,
    body: ResetCreation,
}

impl ResetRequest {
    pub(crate) fn new(branch: RefScope) -> Self {
        Self { branch, body: ResetCreation { type_: ResetType::Reset, path: None, force: None } }
    }

    /// Discards only the changes of this object. Default: all changes.
    ///
    /// `object` and [`prefix`](Self::prefix) replace each other: the last call applies.
    pub fn object(self, path: impl Into<String>) -> Self {
        self.only(ResetType::Object, path.into())
    }

    /// Discards only the changes of paths that start with this prefix. Default: all changes.
    ///
    /// [`object`](Self::object) and `prefix` replace each other: the last call applies.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.only(ResetType::CommonPrefix, prefix.into())
    }

    fn only(mut self, kind: ResetType, path: String) -> Self {
        self.body.type_ = kind;
        self.body.path = Some(path);
        self
    }

    bool_setters! {
        /// Resets the branch even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    async fn execute(self) -> Result<()> {
        let request = self.branch.api().reset_branch().repository(self.branch.repository().name());
        request.branch(self.branch.expression()).body(self.body).send().await?;
        Ok(())
    }
}

impl_into_future!(ResetRequest { branch } => ());

/// Moves the head of a branch to another commit. Returned by [`Branch::hard_reset`](crate::Branch::hard_reset).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct HardResetRequest {
    branch: RefScope,
    target: RefExpr,
    force: Option<bool>,
}

impl HardResetRequest {
    pub(crate) fn new(branch: RefScope, target: RefExpr) -> Self {
        Self { branch, target, force: None }
    }

    bool_setters! {
        /// Moves the head even if the repository is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<()> {
        let repository = self.branch.repository();
        let target = self.target.within(repository)?;
        let api = repository.api();
        // Only a full commit id names the same commit after the branch has moved.
        let class = if is_commit_id(target) { RetryClass::Idempotent } else { RetryClass::NonIdempotent };
        let request = api
            .hard_reset_branch()
            .repository(repository.name())
            .branch(self.branch.expression())
            .ref_(target)
            .apply_if_some(self.force, |request, force| request.force(force));
        api.transport().empty(request.call()?.retry_class(class)).await?;
        Ok(())
    }
}

impl_into_future!(HardResetRequest { branch } => ());
