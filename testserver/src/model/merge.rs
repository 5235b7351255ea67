//! Three-way merge of contents, and the commit to merge from.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use super::commit::{Commit, CommitId};
use super::diff::{pairs, same};
use super::error::{Context, ErrorKind, Result};
use super::repository::Repository;
use super::tree::{EntryRef, Tree};

/// Which side wins when both changed a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// None: it is a conflict.
    Default,
    DestinationWins,
    SourceWins,
}

impl Strategy {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "" => Some(Self::Default),
            "dest-wins" => Some(Self::DestinationWins),
            "source-wins" => Some(Self::SourceWins),
            _ => None,
        }
    }

    /// The name that a merge commit records.
    pub(crate) fn recorded_as(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::DestinationWins => "dest-wins",
            Self::SourceWins => "source-wins",
        }
    }
}

/// A content and the identifier it goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) meta_range_id: &'a str,
    pub(crate) tree: &'a Tree,
}

impl<'a> From<&'a Commit> for Content<'a> {
    fn from(commit: &'a Commit) -> Self {
        Self { meta_range_id: &commit.meta_range_id, tree: &commit.tree }
    }
}

/// Applies to `destination` what happened between `base` and `source`. Returns the content and its identifier.
pub(crate) fn merge(
    destination: Content<'_>,
    source: Content<'_>,
    base: Content<'_>,
    strategy: Strategy,
    allow_empty: bool,
) -> Result<(Tree, String)> {
    if source.meta_range_id == base.meta_range_id && !allow_empty {
        return Err(ErrorKind::NoChanges.into());
    }
    if destination.meta_range_id == base.meta_range_id {
        return Ok((source.tree.clone(), source.meta_range_id.to_owned()));
    }
    let mut merged = destination.tree.clone();
    for (path, ours, theirs) in pairs(destination.tree.iter_from(b""), source.tree.iter_from(b"")) {
        match resolve(base.tree.get(path), ours, theirs, strategy)? {
            Side::Destination => {}
            Side::Source => match theirs {
                Some(entry) => merged.insert(path.clone(), entry.clone()),
                None => merged.remove(path),
            },
        }
    }
    let id = merged.meta_range_id();
    Ok((merged, id))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Destination,
    Source,
}

/// Which side of one path goes into the merge.
fn resolve(
    base: Option<&EntryRef>,
    ours: Option<&EntryRef>,
    theirs: Option<&EntryRef>,
    strategy: Strategy,
) -> Result<Side> {
    if let (Some(ours), Some(theirs)) = (ours, theirs)
        && same(ours, theirs)
    {
        // The same object; the record of the source, with its time and place, is the one that is kept.
        return Ok(if Arc::ptr_eq(ours, theirs) { Side::Destination } else { Side::Source });
    }
    if equal(theirs, base) {
        return Ok(Side::Destination);
    }
    if equal(ours, base) {
        return Ok(Side::Source);
    }
    match strategy {
        Strategy::Default => Err(ErrorKind::Conflict.into()),
        Strategy::DestinationWins => Ok(Side::Destination),
        Strategy::SourceWins => Ok(Side::Source),
    }
}

fn equal(left: Option<&EntryRef>, right: Option<&EntryRef>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => same(left, right),
        _ => false,
    }
}

const FROM_LEFT: u8 = 1;
const FROM_RIGHT: u8 = 2;

impl Repository {
    /// The commit that two histories have in common, from which a merge looks at both.
    pub(crate) fn merge_base(&self, left: &CommitId, right: &CommitId) -> Result<Option<CommitId>> {
        if left == right {
            return Ok(Some(left.clone()));
        }
        let mut reached = HashMap::from([(left.clone(), FROM_LEFT), (right.clone(), FROM_RIGHT)]);
        let mut queue = BinaryHeap::new();
        let rank = |id: &CommitId| -> Result<_> {
            let commit = self.commit(id.as_str())?;
            Ok((commit.generation, commit.created, id.clone()))
        };
        queue.push(rank(left)?);
        queue.push(rank(right)?);
        while let Some((_, _, id)) = queue.pop() {
            let flags = reached.get(&id).copied().unwrap_or_default();
            for parent in &self.commit(id.as_str())?.parents {
                if !reached.contains_key(parent) {
                    queue.push(rank(parent)?);
                }
                let parent_flags = reached.entry(parent.clone()).or_default();
                *parent_flags |= flags;
                if *parent_flags == FROM_LEFT | FROM_RIGHT {
                    return Ok(Some(parent.clone()));
                }
            }
        }
        Ok(None)
    }

    /// The commits that two references stand for and the one to merge from.
    pub(crate) fn find_merge_base(&self, from: &str, to: &str) -> Result<MergeBase> {
        let from = self.commit_at(from).context(format_args!("get commit by ref {from}"))?;
        let to = self.commit_at(to).context(format_args!("get commit by branch {to}"))?;
        let base =
            self.merge_base(&from.0, &to.0).context("find merge base")?.ok_or(ErrorKind::NoMergeBase)?;
        let base_commit = self.commit(base.as_str())?.clone();
        Ok(MergeBase { from, to, base: (base, base_commit) })
    }
}

/// Two commits and what they have in common.
#[derive(Debug)]
pub(crate) struct MergeBase {
    pub(crate) from: (CommitId, Arc<Commit>),
    pub(crate) to: (CommitId, Arc<Commit>),
    pub(crate) base: (CommitId, Arc<Commit>),
}
