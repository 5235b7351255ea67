//! Three-way merge of contents, and the commit to merge from.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use super::commit::{Commit, CommitId};
use super::diff::{pairs, same};
use super::error::{Context, ErrorKind, Result};
use super::repository::Repository;
use super::tree::{EntryRef, Path, Tree};

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
    let walk = Walk::new(destination.tree, source.tree, base.tree, strategy);
    let mut merged = destination.tree.clone();
    for (path, ours, theirs) in pairs(destination.tree.iter_from(b""), source.tree.iter_from(b"")) {
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => {
                if walk.both(path, ours, theirs)? == Side::Source {
                    merged.insert(path, theirs.clone());
                }
            }
            (None, Some(theirs)) => {
                if walk.keeps(Side::Source, path, theirs)? {
                    merged.insert(path, theirs.clone());
                }
            }
            (Some(ours), None) => {
                if !walk.keeps(Side::Destination, path, ours)? {
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

/// The least and the greatest path of a tree.
type Bounds<'a> = (&'a Path, &'a Path);

/// The decisions of a merge, path by path.
///
/// They are those of lakeFS, which in two places looks up the base without looking at the path it finds: it
/// takes the first entry of the base that is not before the path. Where that happens to have the same identity
/// as the entry at hand, a conflict goes unnoticed, or an addition after the end of the other side is lost.
/// A client cannot be tested against lakeFS and against something wiser.
struct Walk<'a> {
    base: &'a Tree,
    strategy: Strategy,
    destination: Option<Bounds<'a>>,
    source: Option<Bounds<'a>>,
    /// Sides whose entries are taken as a whole.
    whole: [Option<Side>; 2],
}

impl<'a> Walk<'a> {
    fn new(destination: &'a Tree, source: &'a Tree, base: &'a Tree, strategy: Strategy) -> Self {
        let [ours, theirs, common] = [destination, source, base].map(Tree::bounds);
        let apart = |left: Option<Bounds<'_>>, right: Option<Bounds<'_>>| match (left, right) {
            (Some(left), Some(right)) => left.1 < right.0 || right.1 < left.0,
            _ => true,
        };
        // Sides that lie apart are not looked into, unless the base reaches into the first of them.
        let theirs_first = matches!((ours, theirs), (Some(ours), Some(theirs)) if theirs.1 < ours.0);
        let first = if theirs_first { theirs } else { ours };
        let untouched = ours.is_none() || theirs.is_none() || apart(ours, theirs) && apart(first, common);
        let whole = |side, bounds| Some(side).filter(|_| untouched && apart(bounds, common));
        Self {
            base,
            strategy,
            destination: ours,
            source: theirs,
            whole: [whole(Side::Destination, ours), whole(Side::Source, theirs)],
        }
    }

    /// Which of two entries at the same path goes into the merge.
    fn both(&self, path: &Path, ours: &EntryRef, theirs: &EntryRef) -> Result<Side> {
        if same(ours, theirs) {
            // The same object; the record of the source, with its time and place, is the one that is kept.
            return Ok(if Arc::ptr_eq(ours, theirs) { Side::Destination } else { Side::Source });
        }
        match self.base.iter_from(path).next() {
            Some((_, base)) if same(theirs, base) => Ok(Side::Destination),
            Some((_, base)) if same(ours, base) => Ok(Side::Source),
            _ => match self.strategy {
                Strategy::Default => Err(ErrorKind::Conflict.into()),
                Strategy::DestinationWins => Ok(Side::Destination),
                Strategy::SourceWins => Ok(Side::Source),
            },
        }
    }

    /// Whether an entry that only one side has goes into the merge.
    fn keeps(&self, side: Side, path: &Path, entry: &EntryRef) -> Result<bool> {
        let (other, favoured) = match side {
            Side::Destination => (self.source, Strategy::DestinationWins),
            Side::Source => (self.destination, Strategy::SourceWins),
        };
        if self.whole.contains(&Some(side)) {
            return Ok(true);
        }
        let is_past_other = other.is_none_or(|(_, last)| path > last);
        let base = self.base.iter_from(path).next();
        match base.filter(|(found, _)| is_past_other || *found == path) {
            None => Ok(true),
            Some((_, base)) if same(entry, base) => Ok(false),
            Some((found, _)) if found != path => Ok(true),
            Some(_) if self.strategy == Strategy::Default => Err(ErrorKind::Conflict.into()),
            Some(_) => Ok(self.strategy == favoured),
        }
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
