//! A branch: a commit, and what has been written on top of it since.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

use super::commit::CommitId;
use super::entry::Entry;
use super::tree::{EntryRef, Path, Tree};

/// Writes that are not committed: `None` hides what the commit holds at that path.
pub(crate) type Changes = OrdMap<Path, Option<EntryRef>>;

/// A branch. A clone is O(1).
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) head: CommitId,
    pub(crate) hidden: bool,
    uncommitted: Changes,
    /// What was uncommitted when an operation last tried to consume it, and did not. lakeFS looks at nothing
    /// else when it decides whether a branch may be hard-reset.
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

    pub(crate) fn stage(&mut self, path: Path, entry: Entry) {
        self.uncommitted.insert(path, Some(Arc::new(entry)));
    }

    /// Deletes a path, which is nothing if there is nothing at it.
    pub(crate) fn delete(&mut self, path: Path, committed: &Tree) {
        if self.uncommitted.contains_key(&path) || committed.get(&path).is_some() {
            self.uncommitted.insert(path, None);
        }
    }

    /// Puts back what the commit holds at a path.
    pub(crate) fn restore(&mut self, path: &[u8], committed: &Tree) {
        let Some((path, staged)) = self.uncommitted.get_key_value(path) else { return };
        let path = path.clone();
        match (committed.get(&path), staged) {
            (Some(entry), Some(staged)) if entry.identity() == staged.identity() => {}
            (Some(entry), _) => {
                self.uncommitted.insert(path, Some(entry.clone()));
            }
            (None, Some(_)) => {
                self.uncommitted.insert(path, None);
            }
            (None, None) => {}
        }
    }

    /// Marks all that is uncommitted as taken up by an operation.
    pub(crate) fn seal(&mut self) {
        self.sealed = self.uncommitted.clone();
    }

    /// Forgets all that is uncommitted.
    pub(crate) fn clear(&mut self) {
        self.uncommitted = Changes::new();
        self.sealed = Changes::new();
    }

    /// Moves to a commit that holds all that was uncommitted.
    pub(crate) fn advance(&mut self, head: CommitId) {
        self.head = head;
        self.clear();
    }
}

/// The changes at `start` and after it.
pub(crate) fn changes_from<'a>(
    changes: &'a Changes,
    start: &[u8],
) -> impl Iterator<Item = (&'a Path, Option<&'a EntryRef>)> + use<'a> {
    changes
        .range::<_, [u8]>((Bound::Included(start), Bound::Unbounded))
        .map(|(path, entry)| (path, entry.as_ref()))
}

/// Entries as a reader sees them: those of a commit, under the changes of a branch.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) tree: Tree,
    pub(crate) changes: Changes,
}

impl View {
    pub(crate) fn get(&self, path: &[u8]) -> Option<&EntryRef> {
        match self.changes.get(path) {
            Some(staged) => staged.as_ref(),
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

/// Two ordered sequences as one, where the upper one wins and may hide.
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
