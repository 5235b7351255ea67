//! Making and reading commits, and comparing them.

use std::sync::Arc;

use super::branch::changes_from;
use super::commit::{COMMIT_VERSION, Commit, CommitId};
use super::diff::{self, Change};
use super::entry::Metadata;
use super::error::{Context, Error, ErrorKind, Result};
use super::lake::Lake;
use super::listing::{self, Page, PageQuery};
use super::log::{self, LogPage, LogQuery};
use super::merge::MergeBase;
use super::names;
use super::repository::{Repository, check_id};
use super::settings::ProtectedAction;
use super::time::Timestamp;
use super::tree::Tree;
use super::xid;

/// A commit to make of what is uncommitted on a branch.
#[derive(Debug, Default)]
pub(crate) struct NewCommit {
    pub(crate) committer: String,
    pub(crate) message: String,
    pub(crate) metadata: Metadata,
    /// Seconds since the epoch, instead of now.
    pub(crate) date: Option<i64>,
    /// Take this content instead of what is uncommitted.
    pub(crate) source_meta_range: Option<String>,
    pub(crate) allow_empty: bool,
    pub(crate) force: bool,
}

/// A commit to record as it was made elsewhere.
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

/// A commit with its id.
pub(crate) type Identified = (CommitId, Arc<Commit>);

impl Lake {
    pub(crate) fn commit(&mut self, repository: &str, branch: &str, new: NewCommit) -> Result<Identified> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        let repository = self.existing_mut(repository)?;
        repository.unprotected(branch, ProtectedAction::Commit)?;
        repository.writable(new.force)?;
        if repository.branch(branch).is_err() {
            // Here lakeFS looks for hooks at the head of the branch, and finds no branch.
            return Err(Error::from(ErrorKind::NotFound)
                .context("list actions from commit: listing actions")
                .context(format_args!("prepare-commit hook aborted, run id '{}'", xid::descending())));
        }
        let head = repository.head(branch)?.clone();
        let (tree, meta_range_id) = if let Some(id) = &new.source_meta_range {
            repository.content_of_meta_range(branch, &head.tree, id)?
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
        let repository = self.existing_mut(repository)?;
        repository.writable(record.force)?;
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

    pub(crate) fn get_commit(&self, repository: &str, reference: &str) -> Result<Identified> {
        let repository = self.repository(repository)?;
        let id = repository.commit_id(reference)?;
        let commit = repository.commit(id.as_str())?.clone();
        Ok((id, commit))
    }

    pub(crate) fn log(&self, repository: &str, reference: &str, query: &LogQuery) -> Result<LogPage> {
        log::check(repository, reference)?;
        self.existing(repository)?.log(reference, query)
    }

    /// What turns one reference into another.
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
        let repository = self.existing(repository)?;
        let (_, left) = repository.commit_at(left)?;
        let right = repository.view_with_explicit_staging(right)?;
        if right.changes.is_empty() {
            return Ok(listing::changes(|start| diff::between(&left.tree, &right.tree, start), query));
        }
        Ok(listing::changes(|start| diff::to_view(&left.tree, &right, start), query))
    }

    /// What merging `right` into `left` would change.
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
        let MergeBase { from, to, base } = self.existing(repository)?.find_merge_base(right, left)?;
        let walk = |start: &[u8]| diff::to_merge(&to.1.tree, &from.1.tree, &base.1.tree, start);
        Ok(listing::changes(walk, query))
    }
}

impl Repository {
    /// The content of a commit with what is uncommitted on a branch, and whether that differs.
    fn apply_changes(&self, branch: &str, committed: &Tree) -> Result<(Tree, bool)> {
        let mut tree = committed.clone();
        let mut changed = false;
        for (path, staged) in changes_from(self.branch(branch)?.uncommitted(), b"") {
            match (committed.get(path), staged) {
                (Some(old), Some(new)) if diff::same(old, new) => continue,
                (None, None) => continue,
                (_, Some(new)) => tree.insert(path, new.clone()),
                (Some(_), None) => tree.remove(path),
            }
            changed = true;
        }
        Ok((tree, changed))
    }

    /// A content that some commit has already. One that none has is taken as nothing.
    fn content_of_meta_range(&self, branch: &str, committed: &Tree, id: &str) -> Result<(Tree, String)> {
        if diff::is_dirty(committed, self.branch(branch)?.uncommitted()) {
            return Err(ErrorKind::MetaRangeOnDirtyBranch.into());
        }
        let tree = self.tree_of_meta_range(id).unwrap_or_default();
        Ok((tree, id.to_owned()))
    }

    pub(super) fn tree_of_meta_range(&self, id: &str) -> Option<Tree> {
        self.commits().values().find(|commit| commit.meta_range_id == id).map(|commit| commit.tree.clone())
    }
}
