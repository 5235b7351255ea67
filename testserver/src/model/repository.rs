//! Repositories, and the resolution of refs.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::branch::{Branch, Changes, View};
use super::commit::{Commit, CommitId, CommitRecord};
use super::entry::{Entry, Location, Metadata};
use super::error::{Context, Error, ErrorKind, Result};
use super::gc::GcRules;
use super::names;
use super::protection::{ProtectedAction, Protection};
use super::pull_request::PullRequest;
use super::refs::{Modifier, RefExpression};
use super::task::Tasks;
use super::time::Timestamp;

/// A repository with all its data.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) default_branch: String,
    pub(crate) created: Timestamp,
    pub(crate) read_only: bool,
    pub(crate) metadata: Metadata,
    pub(crate) branches: BTreeMap<String, Branch>,
    pub(crate) tags: BTreeMap<String, CommitId>,
    pub(crate) pulls: BTreeMap<String, PullRequest>,
    pub(crate) gc_rules: Option<GcRules>,
    pub(crate) protection: Protection,
    pub(crate) tasks: Tasks,
    commits: BTreeMap<CommitId, Arc<Commit>>,
}

/// The result of resolving a ref expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedRef {
    pub(crate) commit: CommitId,
    /// The branch whose uncommitted changes the ref includes.
    staging_of: Option<String>,
    /// Whether the expression includes uncommitted changes with `$`.
    explicit_staging: bool,
}

impl Repository {
    /// Creates a repository without commits and branches.
    pub(crate) fn bare(id: String, namespace: String, default_branch: String, read_only: bool) -> Self {
        Self {
            id,
            namespace,
            default_branch,
            created: Timestamp::now(),
            read_only,
            metadata: Metadata::new(),
            branches: BTreeMap::new(),
            tags: BTreeMap::new(),
            pulls: BTreeMap::new(),
            gc_rules: None,
            protection: Protection::default(),
            tasks: Tasks::default(),
            commits: BTreeMap::new(),
        }
    }

    /// Returns the content of any object with this location, committed or not.
    pub(crate) fn content_at(&self, location: &Location) -> Option<Bytes> {
        let committed = self.commits.values().flat_map(|commit| commit.tree.iter_from(b""));
        let uncommitted = self.branches.values().flat_map(|branch| branch.uncommitted().values().flatten());
        let mut entries =
            committed.map(|(_, entry)| entry).chain(uncommitted).map(|entry| -> &Entry { entry });
        entries.find(|entry| entry.location == *location)?.content.clone()
    }

    /// Creates a repository whose default branch is at a first, empty commit.
    pub(crate) fn new(id: String, namespace: String, default_branch: String, read_only: bool) -> Self {
        let mut repository = Self::bare(id, namespace, default_branch.clone(), read_only);
        let root = repository.add_commit(Commit::root(repository.created));
        repository.branches.insert(default_branch, Branch::new(root, false));
        repository
    }

    pub(crate) fn branch(&self, name: &str) -> Result<&Branch> {
        self.branches.get(name).ok_or_else(|| ErrorKind::BranchNotFound.into())
    }

    pub(crate) fn branch_mut(&mut self, name: &str) -> Result<&mut Branch> {
        self.branches.get_mut(name).ok_or_else(|| ErrorKind::BranchNotFound.into())
    }

    pub(crate) fn commit(&self, id: &str) -> Result<&Arc<Commit>> {
        self.commits.get(id).ok_or_else(|| ErrorKind::CommitNotFound.into())
    }

    pub(crate) fn commits(&self) -> &BTreeMap<CommitId, Arc<Commit>> {
        &self.commits
    }

    /// Adds a commit. Does nothing if it exists.
    pub(crate) fn add_commit(&mut self, commit: Commit) -> CommitId {
        let id = commit.id();
        self.commits.entry(id.clone()).or_insert_with(|| Arc::new(commit));
        id
    }

    /// Fails if the repository is read-only, unless `force` is set.
    pub(crate) fn check_writable(&self, force: bool) -> Result<()> {
        if self.read_only && !force { Err(ErrorKind::ReadOnlyRepository.into()) } else { Ok(()) }
    }

    /// Fails if a protection rule prevents the action on the branch.
    pub(crate) fn check_not_protected(&self, branch: &str, action: ProtectedAction) -> Result<()> {
        match (self.protection.matches(branch), action) {
            (false, _) => Ok(()),
            (true, ProtectedAction::Write) => Err(ErrorKind::WriteToProtectedBranch.into()),
            (true, ProtectedAction::Commit) => Err(ErrorKind::CommitToProtectedBranch.into()),
            (true, ProtectedAction::SetHead) => Err(ErrorKind::ProtectedBranch.into()),
        }
    }

    /// Resolves a ref expression.
    pub(crate) fn resolve(&self, expression: &str) -> Result<ResolvedRef> {
        let RefExpression { base, modifiers } = RefExpression::parse(expression)?;
        let base = self.resolve_base(base)?;
        let mut commit = base.commit.clone();
        for modifier in &modifiers {
            match modifier {
                Modifier::Committed | Modifier::Staging => {
                    if base.staging_of.is_none() || modifiers.len() != 1 {
                        return Err(ErrorKind::InvalidRef.into());
                    }
                    let explicit_staging = *modifier == Modifier::Staging;
                    let staging_of = base.staging_of.filter(|_| explicit_staging);
                    return Ok(ResolvedRef { commit, staging_of, explicit_staging });
                }
                Modifier::Ancestor(steps) => {
                    for _ in 0..*steps {
                        let parents = &self.commit(commit.as_str())?.parents;
                        commit = parents.first().ok_or(ErrorKind::NotFound)?.clone();
                    }
                }
                Modifier::Parent(0) => {}
                Modifier::Parent(number) => {
                    let parents = &self.commit(commit.as_str())?.parents;
                    let parent = usize::try_from(number - 1).ok().and_then(|index| parents.get(index));
                    commit = parent.ok_or(ErrorKind::InvalidRef)?.clone();
                }
            }
        }
        let staging_of = base.staging_of.filter(|_| modifiers.is_empty());
        Ok(ResolvedRef { commit, staging_of, explicit_staging: false })
    }

    /// Resolves the base of an expression: a full commit id, else a branch, a tag, or an unambiguous prefix
    /// of a commit id.
    fn resolve_base(&self, base: &str) -> Result<ResolvedRef> {
        let committed = |commit: &CommitId| ResolvedRef {
            commit: commit.clone(),
            staging_of: None,
            explicit_staging: false,
        };
        if let Some((id, _)) = self.commits.get_key_value(base) {
            return Ok(committed(id));
        }
        if let Some(branch) = self.branches.get(base) {
            return Ok(ResolvedRef { staging_of: Some(base.to_owned()), ..committed(&branch.head) });
        }
        if let Some(id) = self.tags.get(base) {
            return Ok(committed(id));
        }
        let mut candidates = self
            .commits
            .range::<str, _>((Bound::Included(base), Bound::Unbounded))
            .map(|(id, _)| id)
            .take_while(|id| id.as_str().starts_with(base));
        match (candidates.next(), candidates.next()) {
            (Some(id), None) => Ok(committed(id)),
            _ => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Returns the entries that a reader of a ref sees.
    pub(crate) fn view(&self, expression: &str) -> Result<View> {
        let resolved = self.resolve(expression)?;
        let tree = self.commit(resolved.commit.as_str())?.tree.clone();
        let changes = match resolved.staging_of {
            Some(branch) => self.branch(&branch)?.uncommitted().clone(),
            None => Changes::default(),
        };
        Ok(View { tree, changes })
    }

    /// Resolves an expression to a commit, for operations on history.
    pub(crate) fn commit_at(&self, expression: &str) -> Result<CommitRecord> {
        let resolved = self.resolve(expression)?;
        if resolved.explicit_staging {
            return Err(
                Error::from(ErrorKind::StagingIsNotACommit).context(format_args!("reference '{expression}'"))
            );
        }
        let commit = self.commit(resolved.commit.as_str())?.clone();
        Ok((resolved.commit, commit))
    }

    /// Resolves an expression to a commit id, for operations that name a commit.
    pub(crate) fn commit_id(&self, expression: &str) -> Result<CommitId> {
        let resolved = self.resolve(expression)?;
        if resolved.explicit_staging {
            return Err(Error::from(ErrorKind::InvalidRef).detail("should point to a commit"));
        }
        Ok(resolved.commit)
    }

    /// Resolves an expression to its entries. Includes uncommitted changes only if the expression asks for
    /// them with `$`.
    pub(crate) fn view_with_explicit_staging(&self, expression: &str) -> Result<View> {
        let resolved = self.resolve(expression)?;
        if resolved.explicit_staging {
            return self.view(expression);
        }
        Ok(View { tree: self.commit(resolved.commit.as_str())?.tree.clone(), ..View::default() })
    }

    /// Returns the head commit of a branch.
    pub(crate) fn head(&self, branch: &str) -> Result<&Arc<Commit>> {
        self.commit(self.branch(branch)?.head.as_str())
    }
}

/// Validates the id of a repository, which is the first check of every operation.
pub(crate) fn check_id(id: &str, argument: &str) -> Result<()> {
    names::repository(id).argument(argument)
}
