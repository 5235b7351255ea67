//! Commits local changes on the branch, in one step: on a temporary branch, which is merged.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt as _;
use futures::stream;

use crate::error::{Error, ErrorKind, Result};
use crate::macros::ApplyIfSome as _;
use crate::ref_expr::BranchName;
use crate::requests::commit::CommitRequest;
use crate::requests::diff::ListUncommitted;
use crate::requests::merge::MergeRequest;
use crate::requests::temporary_branch::TemporaryBranch;
use crate::scope::RefScope;
use crate::transfer::delete::DeleteObjectsRequest;
use crate::transfer::progress::Progress;
use crate::transfer::working::base::BaseEntry;
use crate::transfer::working::files::Stamp;
use crate::transfer::working::upload::upload_files;

/// The changes to commit, and the commit to make.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) branch: RefScope,
    /// The commit that the changes are relative to.
    pub(super) base: String,
    pub(super) prefix: String,
    pub(super) root: Arc<Path>,
    pub(super) uploads: Vec<(String, Stamp)>,
    pub(super) deletions: Vec<String>,
    pub(super) message: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) force: Option<bool>,
    pub(super) concurrency: usize,
    pub(super) progress: Progress,
}

/// A commit that was made.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) commit: String,
    /// The uploaded objects.
    pub(super) objects: Vec<BaseEntry>,
    pub(super) cleanup_error: Option<Error>,
}

impl Publication {
    /// Makes the commit. The server compares the changes with those of other writers since the base.
    ///
    /// # Errors
    /// [`MergeConflict`](ErrorKind::MergeConflict): another writer changed the same paths.
    /// [`UncommittedChanges`](ErrorKind::UncommittedChanges): the branch has uncommitted changes.
    pub(super) async fn run(self) -> Result<Published> {
        self.check_clean().await?;
        let force = self.force == Some(true);
        let repository = self.branch.repository();
        let (temporary, _) = TemporaryBranch::create(repository, (&*self.base).into(), force).await?;
        let scope = temporary.scope().clone();
        match self.apply(&scope).await {
            Ok((commit, objects)) => {
                let cleanup_error = temporary.delete().await.err();
                Ok(Published { commit, objects, cleanup_error })
            }
            Err(error) if error.is_outcome_unknown() => {
                temporary.keep();
                Err(error.keeping(scope.expression()))
            }
            Err(error) => match temporary.delete().await {
                Ok(()) => Err(error),
                Err(_) => Err(error.leaving_behind(scope.expression())),
            },
        }
    }

    /// Uploads, commits and merges. The outcome of an error is unknown only if that of the merge is.
    async fn apply(&self, temporary: &RefScope) -> Result<(String, Vec<BaseEntry>)> {
        let uploads = self.uploads.clone();
        let Self { prefix, root, concurrency, progress, .. } = self;
        let uploaded = upload_files(temporary, prefix, root, *concurrency, progress, uploads).await;
        let objects = uploaded.map_err(Error::with_known_outcome)?;
        if !self.deletions.is_empty() {
            let paths: Vec<_> =
                self.deletions.iter().map(|name| Ok(format!("{}{name}", self.prefix))).collect();
            let request = DeleteObjectsRequest::new(temporary.clone(), stream::iter(paths));
            let request = request.apply_if_some(self.force, |request, force| request.force(force));
            request.send().await.map_err(Error::with_known_outcome)?;
        }
        let mut commit = CommitRequest::new(temporary.clone(), self.message.clone());
        let mut merge = MergeRequest::new(temporary.clone(), BranchName::of(&self.branch))
            .squash(true)
            .message(&*self.message);
        for (key, value) in &self.metadata {
            commit = commit.metadata(key, value);
            merge = merge.metadata(key, value);
        }
        if let Some(force) = self.force {
            (commit, merge) = (commit.force(force), merge.force(force));
        }
        commit.send().await.map_err(Error::with_known_outcome)?;
        Ok((merge.send().await?.reference, objects))
    }

    /// Checks that the branch has no uncommitted changes, which would make the merge fail after all the work.
    async fn check_clean(&self) -> Result<()> {
        let mut changes = ListUncommitted::new(self.branch.clone()).page_size(1);
        let Some(change) = changes.try_next().await? else { return Ok(()) };
        let (branch, repository) = (self.branch.expression(), self.branch.repository().name());
        let message = format!(
            "branch {branch:?} has uncommitted changes, such as of {:?}; commit or reset them first",
            change.path
        );
        let action = || format!("commit to branch {branch:?} of repository {repository:?}");
        Err(Error::new(ErrorKind::UncommittedChanges, "", message).during("diff_branch", action))
    }
}
