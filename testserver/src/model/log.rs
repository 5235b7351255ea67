//! The order of a log: from the newest commit to the oldest that is known, children before their parents.

use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

use super::commit::{Commit, CommitId};
use super::diff;
use super::error::{Context, Result};
use super::names;
use super::repository::{Repository, check_id};
use super::time::Timestamp;
use super::tree::Path;

/// Walks the ancestors of a commit.
pub(crate) struct CommitWalk<'a> {
    repository: &'a Repository,
    /// Commits whose children have been seen; the newest, then the greatest id, comes first.
    frontier: BinaryHeap<(Timestamp, CommitId)>,
    seen: HashSet<CommitId>,
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
            Self { repository, frontier: BinaryHeap::new(), seen: HashSet::new(), first_parent, since };
        walk.reach(start)?;
        Ok(walk)
    }

    fn reach(&mut self, id: &CommitId) -> Result<()> {
        if self.seen.insert(id.clone()) {
            let created = self.repository.commit(id.as_str())?.created;
            if self.since.is_none_or(|since| created >= since) {
                self.frontier.push((created, id.clone()));
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<(CommitId, Arc<Commit>)>> {
        let Some((_, id)) = self.frontier.pop() else { return Ok(None) };
        let commit = self.repository.commit(id.as_str())?.clone();
        let followed = if self.first_parent { 1 } else { commit.parents.len() };
        for parent in commit.parents.iter().take(followed) {
            self.reach(parent)?;
        }
        Ok(Some((id, commit)))
    }
}

impl Iterator for CommitWalk<'_> {
    type Item = Result<(CommitId, Arc<Commit>)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// What to list of a log.
#[derive(Debug, Default)]
pub(crate) struct LogQuery {
    pub(crate) after: String,
    pub(crate) amount: usize,
    /// Stop at `amount` and do not look for more.
    pub(crate) limit: bool,
    pub(crate) first_parent: bool,
    pub(crate) since: Option<Timestamp>,
    pub(crate) stop_at: String,
    /// Only commits that changed one of these paths.
    pub(crate) objects: Vec<Path>,
    /// Only commits that changed something below one of these prefixes.
    pub(crate) prefixes: Vec<Path>,
}

/// Commits with their ids, and whether there are more.
pub(crate) type LogPage = (Vec<(CommitId, Arc<Commit>)>, bool);

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
            if !self.touches(&commit, query)? {
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

    /// Whether a commit changed a path that was asked for. Merges and the first commit never count.
    fn touches(&self, commit: &Commit, query: &LogQuery) -> Result<bool> {
        if query.objects.is_empty() && query.prefixes.is_empty() {
            return Ok(true);
        }
        let [parent] = commit.parents.as_slice() else { return Ok(false) };
        let before = &self.commit(parent.as_str())?.tree;
        let after = &commit.tree;
        let object = |path: &Path| {
            before.get(path).map(|entry| entry.identity()) != after.get(path).map(|entry| entry.identity())
        };
        let prefix = |prefix: &Path| {
            diff::between(before, after, prefix).next().is_some_and(|change| change.path.starts_with(prefix))
        };
        Ok(query.objects.iter().any(object) || query.prefixes.iter().any(prefix))
    }
}

/// The checks that a log starts with.
pub(crate) fn check(repository: &str, reference: &str) -> Result<()> {
    check_id(repository, "repository")?;
    names::reference(reference).argument("ref")
}
