//! Operations on commits: create, read, log, diff.

use crate::model::branch::changes_from;
use crate::model::catalog::Catalog;
use crate::model::commit::{COMMIT_VERSION, Commit, CommitId, CommitRecord};
use crate::model::diff::{self, Change};
use crate::model::entry::Metadata;
use crate::model::error::{Context, Error, ErrorKind, Result};
use crate::model::listing::{self, Page, PageQuery};
use crate::model::log::{self, LogPage, LogQuery};
use crate::model::merge::MergeBase;
use crate::model::names;
use crate::model::protection::ProtectedAction;
use crate::model::repository::{Repository, check_id};
use crate::model::time::Timestamp;
use crate::model::tree::Tree;
use crate::model::xid;

/// A commit to create from the uncommitted changes of a branch.
#[derive(Debug, Default)]
pub(crate) struct NewCommit {
    pub(crate) committer: String,
    pub(crate) message: String,
    pub(crate) metadata: Metadata,
    /// Seconds since the Unix epoch. Default: now.
    pub(crate) date: Option<i64>,
    /// The id of the content to commit instead of the uncommitted changes.
    pub(crate) source_meta_range: Option<String>,
    pub(crate) allow_empty: bool,
    pub(crate) force: bool,
}

/// A commit to add as it was created elsewhere.
#[derive(Debug)]
pub(crate) struct NewCommitRecord {
    pub(crate) id: String,
    pub(crate) version: i32,
    pub(crate) committer: String,
    pub(crate) message: String,
    pub(crate) meta_range_id: String,
    pub(crate) created: Timestamp,
    pub(crate) parents: Vec<String>,
    pub(crate) metadata: Metadata,
    pub(crate) generation: i64,
    pub(crate) force: bool,
}

impl Catalog {
    pub(crate) fn commit(&mut self, repository: &str, branch: &str, new: NewCommit) -> Result<CommitRecord> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        let repository = self.find_repository_mut(repository)?;
        repository.check_not_protected(branch, ProtectedAction::Commit)?;
        repository.check_writable(new.force)?;
        if repository.branch(branch).is_err() {
            // lakeFS fails when it looks for hooks at the head of the branch.
            return Err(Error::from(ErrorKind::NotFound)
                .context("list actions from commit: listing actions")
                .context(format_args!("prepare-commit hook aborted, run id '{}'", xid::descending())));
        }
        let head = repository.head(branch)?.clone();
        let (tree, meta_range_id) = if let Some(id) = &new.source_meta_range {
            repository.checked_tree_of_meta_range(branch, &head.tree, id)?
        } else {
            let (tree, changed) = repository.apply_changes(branch, &head.tree)?;
            repository.branch_mut(branch)?.seal();
            if !changed && !new.allow_empty {
                return Err(Error::from(ErrorKind::NoChanges).context("commit"));
            }
            let id = tree.meta_range_id();
            (tree, id)
        };
        let parent = repository.branch(branch)?.head.clone();
        let id = repository.add_commit(Commit {
            committer: new.committer,
            message: new.message,
            created: new.date.map_or_else(Timestamp::now, Timestamp::from_seconds),
            metadata: new.metadata,
            parents: vec![parent],
            generation: head.generation + 1,
            version: COMMIT_VERSION,
            meta_range_id,
            tree,
        });
        repository.branch_mut(branch)?.advance(id.clone());
        let commit = repository.commit(id.as_str())?.clone();
        Ok((id, commit))
    }

    pub(crate) fn create_commit_record(&mut self, repository: &str, record: NewCommitRecord) -> Result<()> {
        let repository = self.find_repository_mut(repository)?;
        repository.check_writable(record.force)?;
        let tree = repository.tree_of_meta_range(&record.meta_range_id).unwrap_or_default();
        let commit = Commit {
            committer: record.committer,
            message: record.message,
            created: record.created,
            metadata: record.metadata,
            parents: record.parents.iter().map(|id| CommitId::from(id.as_str())).collect(),
            generation: record.generation,
            version: record.version,
            meta_range_id: record.meta_range_id,
            tree,
        };
        if commit.id().as_str() != record.id {
            return Err(ErrorKind::InvalidCommitId.into());
        }
        if repository.commit(&record.id).is_ok() {
            return Err(ErrorKind::CommitExists.into());
        }
        repository.add_commit(commit);
        Ok(())
    }

    pub(crate) fn get_commit(&self, repository: &str, reference: &str) -> Result<CommitRecord> {
        let repository = self.repository(repository)?;
        let id = repository.commit_id(reference)?;
        let commit = repository.commit(id.as_str())?.clone();
        Ok((id, commit))
    }

    pub(crate) fn log(&self, repository: &str, reference: &str, query: &LogQuery) -> Result<LogPage> {
        log::check_arguments(repository, reference)?;
        self.find_repository(repository)?.log(reference, query)
    }

    /// Returns the changes from one ref to another.
    pub(crate) fn diff_two_dot(
        &self,
        repository: &str,
        left: &str,
        right: &str,
        query: &PageQuery,
    ) -> Result<Page<Change>> {
        check_id(repository, "repository")?;
        names::reference(left).argument("left")?;
        names::reference(right).argument("right")?;
        let repository = self.find_repository(repository)?;
        let (_, left) = repository.commit_at(left)?;
        let right = repository.view_with_explicit_staging(right)?;
        if right.changes.is_empty() {
            return Ok(listing::changes(|start| diff::trees(&left.tree, &right.tree, start), query));
        }
        Ok(listing::changes(|start| diff::tree_to_view(&left.tree, &right, start), query))
    }

    /// Returns the changes of a merge of `right` into `left`.
    pub(crate) fn diff_three_dot(
        &self,
        repository: &str,
        left: &str,
        right: &str,
        query: &PageQuery,
    ) -> Result<Page<Change>> {
        check_id(repository, "repositoryName")?;
        names::reference(left).argument("left")?;
        names::reference(right).argument("right")?;
        let MergeBase { from, to, base } = self.find_repository(repository)?.find_merge_base(right, left)?;
        let diff = |start: &[u8]| diff::three_way(&to.1.tree, &from.1.tree, &base.1.tree, start);
        Ok(listing::changes(diff, query))
    }
}

impl Repository {
    /// Applies the uncommitted changes of a branch to a tree. Returns the result, and whether it differs.
    fn apply_changes(&self, branch: &str, committed: &Tree) -> Result<(Tree, bool)> {
        let mut tree = committed.clone();
        let mut changed = false;
        for (path, change) in changes_from(self.branch(branch)?.uncommitted(), b"") {
            match (committed.get(path), change) {
                (Some(old), Some(new)) if diff::same_identity(old, new) => continue,
                (None, None) => continue,
                (_, Some(new)) => tree.insert(path, new.clone()),
                (Some(_), None) => tree.remove(path),
            }
            changed = true;
        }
        Ok((tree, changed))
    }

    /// Returns the content of a metarange. It is empty if no commit has this metarange.
    fn checked_tree_of_meta_range(&self, branch: &str, committed: &Tree, id: &str) -> Result<(Tree, String)> {
        if diff::is_dirty(committed, self.branch(branch)?.uncommitted()) {
            return Err(ErrorKind::MetaRangeOnDirtyBranch.into());
        }
        let tree = self.tree_of_meta_range(id).unwrap_or_default();
        Ok((tree, id.to_owned()))
    }

    fn tree_of_meta_range(&self, id: &str) -> Option<Tree> {
        self.commits().values().find(|commit| commit.meta_range_id == id).map(|commit| commit.tree.clone())
    }
}
