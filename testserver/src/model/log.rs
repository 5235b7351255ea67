//! Commit logs: from the newest commit to the oldest, children before their parents.

use std::collections::{BinaryHeap, HashSet};

use super::commit::{Commit, CommitId, CommitRecord};
use super::diff;
use super::error::{Context, Result};
use super::names;
use super::repository::{Repository, check_id};
use super::time::Timestamp;
use super::tree::Path;

/// Iterates over a commit and its ancestors.
pub(crate) struct CommitWalk<'a> {
    repository: &'a Repository,
    /// The commits to return next. The newest comes first; of equally old ones, the one with the greatest id.
    queue: BinaryHeap<(Timestamp, CommitId)>,
    visited: HashSet<CommitId>,
    first_parent: bool,
    since: Option<Timestamp>,
}

impl<'a> CommitWalk<'a> {
    pub(crate) fn new(
        repository: &'a Repository,
        start: &CommitId,
        first_parent: bool,
        since: Option<Timestamp>,
    ) -> Result<Self> {
        let mut walk =
            Self { repository, queue: BinaryHeap::new(), visited: HashSet::new(), first_parent, since };
        walk.enqueue(start)?;
        Ok(walk)
    }

    fn enqueue(&mut self, id: &CommitId) -> Result<()> {
        if self.visited.insert(id.clone()) {
            let created = self.repository.commit(id.as_str())?.created;
            if self.since.is_none_or(|since| created >= since) {
                self.queue.push((created, id.clone()));
            }
        }
        Ok(())
    }

    fn try_next(&mut self) -> Result<Option<CommitRecord>> {
        let Some((_, id)) = self.queue.pop() else { return Ok(None) };
        let commit = self.repository.commit(id.as_str())?.clone();
        let followed = if self.first_parent { 1 } else { commit.parents.len() };
        for parent in commit.parents.iter().take(followed) {
            self.enqueue(parent)?;
        }
        Ok(Some((id, commit)))
    }
}

impl Iterator for CommitWalk<'_> {
    type Item = Result<CommitRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        self.try_next().transpose()
    }
}

/// Which commits of a log to return.
#[derive(Debug, Default)]
pub(crate) struct LogQuery {
    pub(crate) after: String,
    pub(crate) amount: usize,
    /// Stop at `amount`, and report that there are no more.
    pub(crate) limit: bool,
    pub(crate) first_parent: bool,
    pub(crate) since: Option<Timestamp>,
    pub(crate) stop_at: String,
    /// Paths that a commit must have changed. Either this or `prefixes` must match; both empty match all
    /// commits.
    pub(crate) objects: Vec<Path>,
    /// Prefixes of paths that a commit must have changed.
    pub(crate) prefixes: Vec<Path>,
}

/// Commits, and whether there are more.
pub(crate) type LogPage = (Vec<CommitRecord>, bool);

impl Repository {
    pub(crate) fn log(&self, reference: &str, query: &LogQuery) -> Result<LogPage> {
        let start = self.commit_id(reference).context("ref")?;
        let stop_at = match query.stop_at.as_str() {
            "" => None,
            stop_at => Some(self.commit_id(stop_at).context("stop_at")?),
        };
        let mut walk = CommitWalk::new(self, &start, query.first_parent, query.since)?;
        if !query.after.is_empty() {
            let after = self.commit_id(&query.after).context("from ref")?;
            for commit in walk.by_ref() {
                if commit?.0 == after {
                    break;
                }
            }
        }
        let wanted = query.amount + usize::from(!query.limit);
        let mut commits = Vec::new();
        for commit in walk {
            let (id, commit) = commit?;
            if !self.changes_paths(&commit, query)? {
                continue;
            }
            let stop = stop_at.as_ref() == Some(&id);
            commits.push((id, commit));
            if stop || commits.len() >= wanted {
                break;
            }
        }
        let has_more = commits.len() > query.amount;
        commits.truncate(query.amount);
        Ok((commits, has_more))
    }

    /// Returns whether a commit changed one of the paths of the query. Merges and the first commit never do.
    fn changes_paths(&self, commit: &Commit, query: &LogQuery) -> Result<bool> {
        if query.objects.is_empty() && query.prefixes.is_empty() {
            return Ok(true);
        }
        let [parent] = commit.parents.as_slice() else { return Ok(false) };
        let before = &self.commit(parent.as_str())?.tree;
        let after = &commit.tree;
        let has_changed = |path: &Path| {
            before.get(path).map(|entry| entry.identity()) != after.get(path).map(|entry| entry.identity())
        };
        let has_change_below = |prefix: &Path| {
            diff::trees(before, after, prefix).next().is_some_and(|change| change.path.starts_with(prefix))
        };
        Ok(query.objects.iter().any(has_changed) || query.prefixes.iter().any(has_change_below))
    }
}

/// Validates the arguments of a log.
pub(crate) fn check_arguments(repository: &str, reference: &str) -> Result<()> {
    check_id(repository, "repository")?;
    names::reference(reference).argument("ref")
}
