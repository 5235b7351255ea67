//! Three-way merges of metaranges, and merge bases.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use super::commit::{Commit, CommitId, CommitRecord};
use super::diff::{merge_join, same_identity};
use super::error::{Context, ErrorKind, Result};
use super::repository::Repository;
use super::tree::{EntryRef, Path, Tree};

/// How a merge resolves a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// The merge fails.
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

    /// Returns the name in the metadata of a merge commit.
    pub(crate) fn metadata_value(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::DestinationWins => "dest-wins",
            Self::SourceWins => "source-wins",
        }
    }
}

/// The content of a commit and its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetaRange<'a> {
    pub(crate) id: &'a str,
    pub(crate) tree: &'a Tree,
}

impl<'a> From<&'a Commit> for MetaRange<'a> {
    fn from(commit: &'a Commit) -> Self {
        Self { id: &commit.meta_range_id, tree: &commit.tree }
    }
}

/// Applies the changes from `base` to `source` to `destination`. Returns the content and its id.
pub(crate) fn merge(
    destination: MetaRange<'_>,
    source: MetaRange<'_>,
    base: MetaRange<'_>,
    strategy: Strategy,
    allow_empty: bool,
) -> Result<(Tree, String)> {
    if source.id == base.id && !allow_empty {
        return Err(ErrorKind::NoChanges.into());
    }
    if destination.id == base.id {
        return Ok((source.tree.clone(), source.id.to_owned()));
    }
    let rules = MergeRules::new(destination.tree, source.tree, base.tree, strategy);
    let mut merged = destination.tree.clone();
    for (path, ours, theirs) in merge_join(destination.tree.iter_from(b""), source.tree.iter_from(b"")) {
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => {
                if rules.choose_side(path, ours, theirs)? == Side::Source {
                    merged.insert(path, theirs.clone());
                }
            }
            (None, Some(theirs)) => {
                if rules.keeps(Side::Source, path, theirs)? {
                    merged.insert(path, theirs.clone());
                }
            }
            (Some(ours), None) => {
                if !rules.keeps(Side::Destination, path, ours)? {
                    merged.remove(path);
                }
            }
            (None, None) => {}
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

/// The first and the last path of a tree.
type Bounds<'a> = (&'a Path, &'a Path);

/// The decisions of a merge, path by path.
///
/// They include two bugs of lakeFS. It looks up the entry of the base by seeking to the path and does not
/// compare the path that it finds, so it may use the entry of a later path. If that entry has the identity of
/// the compared one, lakeFS overlooks a conflict, or drops an addition after the last path of the other side.
struct MergeRules<'a> {
    base: &'a Tree,
    strategy: Strategy,
    destination: Option<Bounds<'a>>,
    source: Option<Bounds<'a>>,
    /// Sides whose entries are all copied to the merge.
    copied: [Option<Side>; 2],
}

impl<'a> MergeRules<'a> {
    fn new(destination: &'a Tree, source: &'a Tree, base: &'a Tree, strategy: Strategy) -> Self {
        let [ours, theirs, common] = [destination, source, base].map(Tree::bounds);
        let are_disjoint = |left: Option<Bounds<'_>>, right: Option<Bounds<'_>>| match (left, right) {
            (Some(left), Some(right)) => left.1 < right.0 || right.1 < left.0,
            _ => true,
        };
        // lakeFS copies sides that do not overlap as they are, unless the first of them overlaps the base.
        let theirs_first = matches!((ours, theirs), (Some(ours), Some(theirs)) if theirs.1 < ours.0);
        let first = if theirs_first { theirs } else { ours };
        let are_copied =
            ours.is_none() || theirs.is_none() || are_disjoint(ours, theirs) && are_disjoint(first, common);
        let copied = |side, bounds| Some(side).filter(|_| are_copied && are_disjoint(bounds, common));
        Self {
            base,
            strategy,
            destination: ours,
            source: theirs,
            copied: [copied(Side::Destination, ours), copied(Side::Source, theirs)],
        }
    }

    /// Returns which of two entries at the same path the merge keeps.
    fn choose_side(&self, path: &Path, ours: &EntryRef, theirs: &EntryRef) -> Result<Side> {
        if same_identity(ours, theirs) {
            // The entries can still differ in modification time and location. lakeFS keeps that of the
            // source.
            return Ok(if Arc::ptr_eq(ours, theirs) { Side::Destination } else { Side::Source });
        }
        match self.base.iter_from(path).next() {
            Some((_, base)) if same_identity(theirs, base) => Ok(Side::Destination),
            Some((_, base)) if same_identity(ours, base) => Ok(Side::Source),
            _ => match self.strategy {
                Strategy::Default => Err(ErrorKind::Conflict.into()),
                Strategy::DestinationWins => Ok(Side::Destination),
                Strategy::SourceWins => Ok(Side::Source),
            },
        }
    }

    /// Returns whether the merge keeps an entry that only one side has.
    fn keeps(&self, side: Side, path: &Path, entry: &EntryRef) -> Result<bool> {
        let (other, favoring) = match side {
            Side::Destination => (self.source, Strategy::DestinationWins),
            Side::Source => (self.destination, Strategy::SourceWins),
        };
        if self.copied.contains(&Some(side)) {
            return Ok(true);
        }
        let is_past_other = other.is_none_or(|(_, last)| path > last);
        let base = self.base.iter_from(path).next();
        match base.filter(|(found, _)| is_past_other || *found == path) {
            None => Ok(true),
            Some((_, base)) if same_identity(entry, base) => Ok(false),
            Some((found, _)) if found != path => Ok(true),
            Some(_) if self.strategy == Strategy::Default => Err(ErrorKind::Conflict.into()),
            Some(_) => Ok(self.strategy == favoring),
        }
    }
}

const FROM_LEFT: u8 = 1;
const FROM_RIGHT: u8 = 2;

impl Repository {
    /// Returns the merge base of two commits.
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

    /// Resolves two refs and returns their commits and the merge base.
    pub(crate) fn find_merge_base(&self, from: &str, to: &str) -> Result<MergeBase> {
        let from = self.commit_at(from).context(format_args!("get commit by ref {from}"))?;
        let to = self.commit_at(to).context(format_args!("get commit by branch {to}"))?;
        let base =
            self.merge_base(&from.0, &to.0).context("find merge base")?.ok_or(ErrorKind::NoMergeBase)?;
        let base_commit = self.commit(base.as_str())?.clone();
        Ok(MergeBase { from, to, base: (base, base_commit) })
    }
}

/// Two commits and their merge base.
#[derive(Debug)]
pub(crate) struct MergeBase {
    pub(crate) from: CommitRecord,
    pub(crate) to: CommitRecord,
    pub(crate) base: CommitRecord,
}
