//! Operations on branches.

use std::ops::Bound;

use crate::model::branch::Branch;
use crate::model::catalog::Catalog;
use crate::model::commit::CommitId;
use crate::model::diff::{self, Change};
use crate::model::error::{Context, Error, ErrorKind, Result};
use crate::model::listing::{self, Page, PageQuery};
use crate::model::names;
use crate::model::protection::ProtectedAction;
use crate::model::repository::{Repository, check_id};

impl Catalog {
    pub(crate) fn create_branch(
        &mut self,
        repository: &str,
        name: &str,
        source: &str,
        hidden: bool,
        force: bool,
    ) -> Result<CommitId> {
        check_id(repository, "repository")?;
        names::branch(name).argument("branch").map_err(|error| match error.kind() {
            ErrorKind::InvalidBranchId => error.detail(
                "branch id must consist of letters, digits, underscores and dashes, and cannot start with a dash",
            ),
            _ => error,
        })?;
        names::reference(source).argument("ref")?;
        let repository = self.find_repository_mut(repository)?;
        repository.check_not_commit_id(name)?;
        if repository.tags.contains_key(name) {
            return Err(Error::from(ErrorKind::Conflict).context(format_args!("tag ID {name}")));
        }
        repository.check_writable(force)?;
        let commit = repository.commit_at(source).map_err(|error| match error.kind() {
            ErrorKind::StagingIsNotACommit => ErrorKind::CreateBranchNoCommit.into(),
            _ => error,
        });
        let (commit, _) = commit.context(format_args!("source reference '{source}'"))?;
        if repository.branches.contains_key(name) {
            return Err(ErrorKind::BranchExists.into());
        }
        repository.branches.insert(name.to_owned(), Branch::new(commit.clone(), hidden));
        Ok(commit)
    }

    pub(crate) fn branch_head(&self, repository: &str, branch: &str) -> Result<CommitId> {
        Ok(self.checked_branch(repository, branch)?.1.head.clone())
    }

    pub(crate) fn delete_branch(&mut self, repository: &str, branch: &str, force: bool) -> Result<()> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("name")?;
        let repository = self.find_repository_mut(repository)?;
        repository.check_writable(force)?;
        if repository.default_branch == branch {
            return Err(ErrorKind::DeleteDefaultBranch.into());
        }
        repository.branches.remove(branch).map(drop).ok_or_else(|| ErrorKind::BranchNotFound.into())
    }

    pub(crate) fn list_branches(
        &self,
        repository: &str,
        prefix: &str,
        after: &str,
        amount: usize,
        show_hidden: bool,
    ) -> Result<Page<(&str, &CommitId)>> {
        let repository = self.repository(repository)?;
        let found = repository
            .branches
            .range::<str, _>((Bound::Included(after.max(prefix)), Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(prefix))
            .filter(|(name, branch)| *name != after && (show_hidden || !branch.hidden))
            .map(|(name, branch)| (name.as_str(), &branch.head));
        Ok(Page::take(found, amount))
    }

    /// Returns the uncommitted changes of a branch.
    pub(crate) fn diff_branch(
        &self,
        repository: &str,
        branch: &str,
        query: &PageQuery,
    ) -> Result<Page<Change>> {
        let (repository, branch) = self.checked_branch(repository, branch)?;
        let tree = &repository.commit(branch.head.as_str())?.tree;
        Ok(listing::changes(|start| diff::uncommitted(tree, branch.uncommitted(), start), query))
    }

    /// Discards all uncommitted changes.
    pub(crate) fn reset_branch(&mut self, repository: &str, branch: &str, force: bool) -> Result<()> {
        self.writable_branch(repository, branch, force)?.branch_mut(branch)?.clear();
        Ok(())
    }

    /// Discards the uncommitted change at a path.
    pub(crate) fn reset_object(
        &mut self,
        repository: &str,
        branch: &str,
        path: &[u8],
        force: bool,
    ) -> Result<()> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::path(path).argument("path")?;
        let repository = self.writable_branch(repository, branch, force)?;
        let tree = repository.head(branch).context("getting branch")?.tree.clone();
        repository.branch_mut(branch)?.reset_path(path, &tree);
        Ok(())
    }

    /// Discards the uncommitted changes with a prefix.
    pub(crate) fn reset_prefix(
        &mut self,
        repository: &str,
        branch: &str,
        prefix: &[u8],
        force: bool,
    ) -> Result<()> {
        let repository = self.writable_branch(repository, branch, force)?;
        let tree = repository.head(branch)?.tree.clone();
        let branch = repository.branch_mut(branch)?;
        branch.seal();
        let changed: Vec<_> = diff::uncommitted(&tree, branch.sealed(), prefix)
            .map(|change| change.path)
            .take_while(|path| path.starts_with(prefix))
            .collect();
        for path in changed {
            branch.reset_path(&path, &tree);
        }
        Ok(())
    }

    /// Sets the head of a branch to a commit. Uncommitted changes remain.
    pub(crate) fn hard_reset(
        &mut self,
        repository: &str,
        branch: &str,
        reference: &str,
        force: bool,
    ) -> Result<()> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::reference(reference).argument("ref")?;
        let repository = self.find_repository_mut(repository)?;
        repository.check_not_protected(branch, ProtectedAction::SetHead)?;
        repository.check_writable(force)?;
        let tree = &repository.head(branch)?.tree;
        if diff::is_dirty(tree, repository.branch(branch)?.sealed()) {
            return Err(Error::from(ErrorKind::DirtyBranch).context(branch));
        }
        let (commit, _) =
            repository.commit_at(reference).context(format_args!("hard-reset {branch} to {reference}"))?;
        repository.branch_mut(branch)?.head = commit;
        Ok(())
    }

    /// Returns a branch after the checks of operations that read it.
    fn checked_branch(&self, repository: &str, branch: &str) -> Result<(&Repository, &Branch)> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        let repository = self.find_repository(repository)?;
        Ok((repository, repository.branch(branch)?))
    }

    /// Returns a repository after the checks of operations that change uncommitted data of a branch.
    pub(super) fn writable_branch(
        &mut self,
        repository: &str,
        branch: &str,
        force: bool,
    ) -> Result<&mut Repository> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        let repository = self.find_repository_mut(repository)?;
        repository.check_not_protected(branch, ProtectedAction::Write)?;
        repository.check_writable(force)?;
        Ok(repository)
    }
}

impl Repository {
    /// Fails if the name is the id of a commit, which would take precedence over a branch or a tag.
    pub(super) fn check_not_commit_id(&self, name: &str) -> Result<()> {
        match self.commit(name) {
            Ok(_) => Err(Error::from(ErrorKind::Conflict).context(format_args!("commit ID {name}"))),
            Err(_) => Ok(()),
        }
    }
}
