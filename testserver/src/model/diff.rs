//! Diffs, computed lazily over ordered maps.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::sync::Arc;

use super::branch::{Changes, View, changes_from};
use super::entry::Entry;
use super::tree::{EntryRef, Path, Tree};

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Removed,
    Changed,
    /// Both sides changed the path, with different results.
    Conflict,
    /// A path with this prefix differs.
    PrefixChanged,
}

/// A path that differs.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) path: Path,
    pub(crate) kind: ChangeKind,
    /// The entry on the right, or on the left if the path was removed. `None` for a prefix and for an
    /// uncommitted deletion.
    pub(crate) entry: Option<EntryRef>,
}

/// Changes in the order of their paths.
pub(crate) type ChangeIter<'a> = Box<dyn Iterator<Item = Change> + 'a>;

/// Returns the changes from `left` to `right`, from the path `start` on.
pub(crate) fn trees<'a>(left: &'a Tree, right: &'a Tree, start: &[u8]) -> ChangeIter<'a> {
    if left.same_records(right) {
        return Box::new(std::iter::empty());
    }
    Box::new(merge_join(left.iter_from(start), right.iter_from(start)).filter_map(change))
}

/// Returns the changes from a commit to what the reader of a ref sees.
pub(crate) fn tree_to_view<'a>(left: &'a Tree, right: &'a View, start: &[u8]) -> ChangeIter<'a> {
    Box::new(merge_join(left.iter_from(start), right.iter_from(start)).filter_map(change))
}

/// Returns the uncommitted changes on top of a commit.
pub(crate) fn uncommitted<'a>(committed: &'a Tree, changes: &'a Changes, start: &[u8]) -> ChangeIter<'a> {
    Box::new(changes_from(changes, start).filter_map(|(path, change)| {
        let kind = match (committed.get(path), change) {
            (None, None) => return None,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(old), Some(new)) if same_identity(old, new) => return None,
            (Some(_), Some(_)) => ChangeKind::Changed,
        };
        Some(Change { path: path.clone(), kind, entry: change.cloned() })
    }))
}

/// Returns whether there are uncommitted changes.
pub(crate) fn is_dirty(committed: &Tree, changes: &Changes) -> bool {
    uncommitted(committed, changes, b"").next().is_some()
}

/// Returns the changes of a merge of `source` into `destination`, given their merge base.
pub(crate) fn three_way<'a>(
    destination: &'a Tree,
    source: &'a Tree,
    base: &'a Tree,
    start: &[u8],
) -> ChangeIter<'a> {
    if destination.same_records(source) {
        return Box::new(std::iter::empty());
    }
    Box::new(merge_join(destination.iter_from(start), source.iter_from(start)).filter_map(|pair| {
        let (_, ours, theirs) = pair;
        let mut change = change(pair)?;
        let base = base.get(&change.path);
        let unchanged = |side: Option<&EntryRef>| match (side, base) {
            (Some(side), Some(base)) => same_identity(side, base),
            (None, None) => true,
            _ => false,
        };
        if unchanged(theirs) {
            return None;
        }
        if !unchanged(ours) {
            change.kind = ChangeKind::Conflict;
        }
        Some(change)
    }))
}

/// Returns whether two entries are the same version of an object.
pub(crate) fn same_identity(left: &Arc<Entry>, right: &Arc<Entry>) -> bool {
    Arc::ptr_eq(left, right) || left.identity() == right.identity()
}

type Record<'a> = (&'a Path, &'a EntryRef);
type JoinedPair<'a> = (&'a Path, Option<&'a EntryRef>, Option<&'a EntryRef>);

fn change((path, left, right): JoinedPair<'_>) -> Option<Change> {
    let kind = match (left, right) {
        (None, _) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Removed,
        (Some(left), Some(right)) if same_identity(left, right) => return None,
        (Some(_), Some(_)) => ChangeKind::Changed,
    };
    Some(Change { path: path.clone(), kind, entry: right.or(left).cloned() })
}

/// Joins two ordered sequences by path.
pub(crate) fn merge_join<'a>(
    left: impl Iterator<Item = Record<'a>>,
    right: impl Iterator<Item = Record<'a>>,
) -> impl Iterator<Item = JoinedPair<'a>> {
    MergeJoin { left: left.peekable(), right: right.peekable() }
}

struct MergeJoin<L: Iterator, R: Iterator> {
    left: Peekable<L>,
    right: Peekable<R>,
}

impl<'a, L, R> Iterator for MergeJoin<L, R>
where
    L: Iterator<Item = Record<'a>>,
    R: Iterator<Item = Record<'a>>,
{
    type Item = JoinedPair<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.left.peek(), self.right.peek()) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        match order {
            Ordering::Less => self.left.next().map(|(path, entry)| (path, Some(entry), None)),
            Ordering::Greater => self.right.next().map(|(path, entry)| (path, None, Some(entry))),
            Ordering::Equal => {
                let (path, left) = self.left.next()?;
                Some((path, Some(left), self.right.next().map(|(_, entry)| entry)))
            }
        }
    }
}
