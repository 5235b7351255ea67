//! Resets: of the uncommitted changes of a branch, and of its head.

use futures::TryStreamExt as _;

use crate::api::Response;
use crate::error::Result;
use crate::http::reconcile::{Effect, OnMissing, reconcile};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::models::{Diff, ResetCreation, ResetType};
use crate::ref_expr::RefExpr;
use crate::requests::diff::ListUncommitted;
use crate::requests::log::CommitLog;
use crate::requests::new_commits::RefBefore;
use crate::scope::RefScope;

/// How many commits of a branch are compared with the target of a hard reset.
const MAX_COMMITS: u64 = 1000;

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
        let api = self.branch.api();
        let request = api.reset_branch().repository(self.branch.repository().name());
        let sent = request.branch(self.branch.expression()).body(self.body.clone()).send().await;
        let sent = sent.map(Response::into_inner);
        // A second reset would discard what other writers have changed since the first one.
        reconcile(sent, api.retries(), || self.find_applied(), OnMissing::Unknown).await
    }

    /// Returns `Some` if the branch has no uncommitted changes of the paths.
    async fn find_applied(&self) -> Result<Option<()>> {
        let path = self.body.path.clone().unwrap_or_default();
        let mut uncommitted = ListUncommitted::new(self.branch.clone()).prefix(&*path).page_size(1);
        let first = uncommitted.try_next().await?;
        // An object comes before all other paths that start with its path.
        let is_other = |change: &Diff| self.body.type_ == ResetType::Object && change.path != path;
        Ok(first.as_ref().is_none_or(is_other).then_some(()))
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
        let Self { branch, target, force } = self;
        let repository = branch.repository();
        let target = repository.reference(target.within(repository)?);
        // Another ref than a commit id may name another commit when the branch has moved. If it cannot be resolved, it
        // is sent as it is: the server reports what is wrong.
        let id = RefBefore::of_ref(&target).await.head().map(str::to_owned);
        let before = RefBefore::of_branch(&branch).await;
        let api = repository.api();
        let request = api
            .hard_reset_branch()
            .repository(repository.name())
            .branch(branch.expression())
            .ref_(id.as_deref().unwrap_or(target.expression()))
            .apply_if_some(force, |request, force| request.force(force));
        let sent = request.send().await.map(Response::into_inner);
        let find_applied = || async {
            match &id {
                Some(id) => find_head(&branch, id, before.head()).await,
                None => Ok(Effect::Ambiguous),
            }
        };
        // A second reset would orphan what other writers have committed since the first one.
        reconcile(sent, api.retries(), find_applied, OnMissing::Unknown).await
    }
}

/// Checks whether the head of a branch was moved from the commit `before` to the commit `target`.
///
/// Other writers may have committed since. The first of the two commits in the history then is the one that the branch
/// had before them.
async fn find_head(branch: &RefScope, target: &str, before: Option<&str>) -> Result<Effect<()>> {
    let mut log = CommitLog::new(branch.clone()).first_parent(true).limit(MAX_COMMITS).page_size(100);
    let mut is_head = true;
    while let Some(commit) = log.try_next().await? {
        match before {
            _ if is_head && commit.id == target => return Ok(Effect::Applied(())),
            Some(before) if commit.id == before => return Ok(Effect::Missing),
            Some(_) if commit.id == target => return Ok(Effect::Applied(())),
            _ => is_head = false,
        }
    }
    Ok(Effect::Ambiguous)
}

impl_into_future!(HardResetRequest { branch } => ());
