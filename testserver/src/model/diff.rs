//! Differences, as lazy walks over ordered maps.

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
    /// Both sides changed it, not to the same.
    Conflict,
    /// Something below this prefix differs.
    PrefixChanged,
}

/// A path that differs.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) path: Path,
    pub(crate) kind: ChangeKind,
    /// The entry on the right; on the left if it was removed; nothing for a prefix and for an uncommitted
    /// deletion.
    pub(crate) entry: Option<EntryRef>,
}

/// An ordered walk over changes.
pub(crate) type ChangeIter<'a> = Box<dyn Iterator<Item = Change> + 'a>;

/// What turns `left` into `right`, from a path on.
pub(crate) fn between<'a>(left: &'a Tree, right: &'a Tree, start: &[u8]) -> ChangeIter<'a> {
    if left.same_records(right) {
        return Box::new(std::iter::empty());
    }
    Box::new(pairs(left.iter_from(start), right.iter_from(start)).filter_map(change))
}

/// What turns a commit into what a reader of a reference sees.
pub(crate) fn to_view<'a>(left: &'a Tree, right: &'a View, start: &[u8]) -> ChangeIter<'a> {
    Box::new(pairs(left.iter_from(start), right.iter_from(start)).filter_map(change))
}

/// What is uncommitted on top of a commit.
pub(crate) fn uncommitted<'a>(committed: &'a Tree, changes: &'a Changes, start: &[u8]) -> ChangeIter<'a> {
    Box::new(changes_from(changes, start).filter_map(|(path, staged)| {
        let kind = match (committed.get(path), staged) {
            (None, None) => return None,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(old), Some(new)) if same(old, new) => return None,
            (Some(_), Some(_)) => ChangeKind::Changed,
        };
        Some(Change { path: path.clone(), kind, entry: staged.cloned() })
    }))
}

/// Whether anything is uncommitted.
pub(crate) fn is_dirty(committed: &Tree, changes: &Changes) -> bool {
    uncommitted(committed, changes, b"").next().is_some()
}

/// What merging `source` into `destination` would change there, given their common `base`.
pub(crate) fn to_merge<'a>(
    destination: &'a Tree,
    source: &'a Tree,
    base: &'a Tree,
    start: &[u8],
) -> ChangeIter<'a> {
    if destination.same_records(source) {
        return Box::new(std::iter::empty());
    }
    Box::new(pairs(destination.iter_from(start), source.iter_from(start)).filter_map(|pair| {
        let (_, ours, theirs) = pair;
        let mut change = change(pair)?;
        let base = base.get(&change.path);
        let unchanged = |side: Option<&EntryRef>| match (side, base) {
            (Some(side), Some(base)) => same(side, base),
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

/// Whether two entries are the same object as far as versions go.
pub(crate) fn same(left: &Arc<Entry>, right: &Arc<Entry>) -> bool {
    Arc::ptr_eq(left, right) || left.identity() == right.identity()
}

type Record<'a> = (&'a Path, &'a EntryRef);
type Pair<'a> = (&'a Path, Option<&'a EntryRef>, Option<&'a EntryRef>);

fn change((path, left, right): Pair<'_>) -> Option<Change> {
    let kind = match (left, right) {
        (None, _) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Removed,
        (Some(left), Some(right)) if same(left, right) => return None,
        (Some(_), Some(_)) => ChangeKind::Changed,
    };
    Some(Change { path: path.clone(), kind, entry: right.or(left).cloned() })
}

/// Walks two ordered sequences side by side.
pub(crate) fn pairs<'a>(
    left: impl Iterator<Item = Record<'a>>,
    right: impl Iterator<Item = Record<'a>>,
) -> impl Iterator<Item = Pair<'a>> {
    Pairs { left: left.peekable(), right: right.peekable() }
}

struct Pairs<L: Iterator, R: Iterator> {
    left: Peekable<L>,
    right: Peekable<R>,
}

impl<'a, L, R> Iterator for Pairs<L, R>
where
    L: Iterator<Item = Record<'a>>,
    R: Iterator<Item = Record<'a>>,
{
    type Item = Pair<'a>;

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
