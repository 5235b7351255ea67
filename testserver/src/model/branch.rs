//! Branches: a head commit and uncommitted changes.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

use super::commit::CommitId;
use super::entry::Entry;
use super::tree::{EntryRef, Path, Tree};

/// Changes by path. `None` is a deletion.
pub(crate) type Changes = OrdMap<Path, Option<EntryRef>>;

/// A branch. Cloning is O(1).
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) head: CommitId,
    pub(crate) hidden: bool,
    uncommitted: Changes,
    /// The uncommitted changes when an operation last sealed the staging token of the branch. lakeFS checks
    /// only these before a hard reset.
    sealed: Changes,
}

impl Branch {
    pub(crate) fn new(head: CommitId, hidden: bool) -> Self {
        Self { head, hidden, uncommitted: Changes::new(), sealed: Changes::new() }
    }

    pub(crate) fn uncommitted(&self) -> &Changes {
        &self.uncommitted
    }

    pub(crate) fn sealed(&self) -> &Changes {
        &self.sealed
    }

    pub(crate) fn put(&mut self, path: Path, entry: Entry) {
        self.uncommitted.insert(path, Some(Arc::new(entry)));
    }

    /// Deletes a path. Does nothing if there is no object.
    pub(crate) fn delete(&mut self, path: Path, committed: &Tree) {
        if self.uncommitted.contains_key(&path) || committed.get(&path).is_some() {
            self.uncommitted.insert(path, None);
        }
    }

    /// Resets a path to its committed state.
    pub(crate) fn reset_path(&mut self, path: &[u8], committed: &Tree) {
        let Some((path, change)) = self.uncommitted.get_key_value(path) else { return };
        let path = path.clone();
        match (committed.get(&path), change) {
            (Some(entry), Some(changed)) if entry.identity() == changed.identity() => {}
            (Some(entry), _) => {
                self.uncommitted.insert(path, Some(entry.clone()));
            }
            (None, Some(_)) => {
                self.uncommitted.insert(path, None);
            }
            (None, None) => {}
        }
    }

    /// Seals the staging token, as operations do that read all uncommitted changes.
    pub(crate) fn seal(&mut self) {
        self.sealed = self.uncommitted.clone();
    }

    /// Discards all uncommitted changes.
    pub(crate) fn clear(&mut self) {
        self.uncommitted = Changes::new();
        self.sealed = Changes::new();
    }

    /// Sets the head to a commit that includes all uncommitted changes.
    pub(crate) fn advance(&mut self, head: CommitId) {
        self.head = head;
        self.clear();
    }
}

/// Returns the changes from `start` on, in the order of their paths.
pub(crate) fn changes_from<'a>(
    changes: &'a Changes,
    start: &[u8],
) -> impl Iterator<Item = (&'a Path, Option<&'a EntryRef>)> + use<'a> {
    changes
        .range::<_, [u8]>((Bound::Included(start), Bound::Unbounded))
        .map(|(path, entry)| (path, entry.as_ref()))
}

/// The entries that a reader of a ref sees: those of a commit, with uncommitted changes applied.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) tree: Tree,
    pub(crate) changes: Changes,
}

impl View {
    pub(crate) fn get(&self, path: &[u8]) -> Option<&EntryRef> {
        match self.changes.get(path) {
            Some(change) => change.as_ref(),
            None => self.tree.get(path),
        }
    }

    pub(crate) fn iter_from<'a>(
        &'a self,
        start: &[u8],
    ) -> impl Iterator<Item = (&'a Path, &'a EntryRef)> + use<'a> {
        Overlay {
            over: changes_from(&self.changes, start).peekable(),
            under: self.tree.iter_from(start).peekable(),
        }
    }
}

/// Merges two ordered sequences. `over` takes precedence, and its `None` hides an item of `under`.
struct Overlay<O: Iterator, U: Iterator> {
    over: Peekable<O>,
    under: Peekable<U>,
}

impl<'a, O, U> Iterator for Overlay<O, U>
where
    O: Iterator<Item = (&'a Path, Option<&'a EntryRef>)>,
    U: Iterator<Item = (&'a Path, &'a EntryRef)>,
{
    type Item = (&'a Path, &'a EntryRef);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.over.peek(), self.under.peek()) {
                (Some((over, _)), Some((under, _))) => over.cmp(under),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if order == Ordering::Greater {
                return self.under.next();
            }
            if order == Ordering::Equal {
                self.under.next();
            }
            if let (path, Some(entry)) = self.over.next()? {
                return Some((path, entry));
            }
        }
    }
}
