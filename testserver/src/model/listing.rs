//! Paginated listings of objects and changes.

use super::branch::View;
use super::diff::{Change, ChangeIter, ChangeKind};
use super::tree::{EntryRef, Path};

/// Which page of a listing to return.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageQuery {
    pub(crate) prefix: Path,
    pub(crate) after: Path,
    pub(crate) delimiter: Path,
    pub(crate) amount: usize,
}

/// A page of results, and whether there are more.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) results: Vec<T>,
    pub(crate) has_more: bool,
}

impl<T> Page<T> {
    /// Takes `amount` results, and determines whether there is one more.
    pub(crate) fn take(results: impl Iterator<Item = T>, amount: usize) -> Self {
        let mut results: Vec<T> = results.take(amount + 1).collect();
        let has_more = results.len() > amount;
        results.truncate(amount);
        Self { results, has_more }
    }

    pub(crate) fn map<U>(self, map: impl FnMut(T) -> U) -> Page<U> {
        Page { results: self.results.into_iter().map(map).collect(), has_more: self.has_more }
    }
}

/// An object, or the common prefix of several up to a delimiter.
#[derive(Debug)]
pub(crate) enum ListingEntry {
    Object(Path, EntryRef),
    CommonPrefix(Path),
}

impl View {
    /// Lists objects. Those with the same prefix up to the delimiter are listed as one common prefix.
    pub(crate) fn list(&self, query: &PageQuery) -> Page<ListingEntry> {
        let mut next = Some(query.after.clone().max(query.prefix.clone()));
        let entries = std::iter::from_fn(|| {
            loop {
                let (path, entry) = self.iter_from(next.as_ref()?).next()?;
                if !path.starts_with(&query.prefix) {
                    return None;
                }
                let item = if let Some(prefix) = common_prefix(path, query) {
                    next = after_prefix(&prefix);
                    ListingEntry::CommonPrefix(prefix)
                } else {
                    let item = ListingEntry::Object(path.clone(), entry.clone());
                    next = Some(successor(path));
                    item
                };
                if *item.path() != query.after {
                    return Some(item);
                }
            }
        });
        Page::take(entries, query.amount)
    }
}

impl ListingEntry {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Object(path, _) | Self::CommonPrefix(path) => path,
        }
    }
}

/// Returns a page of changes.
///
/// With a delimiter, lakeFS skips all paths that start with `after`, even if `after` is not a common prefix.
pub(crate) fn changes<'a>(diff: impl Fn(&[u8]) -> ChangeIter<'a>, query: &PageQuery) -> Page<Change> {
    let start = if query.after.is_empty() || query.after < query.prefix {
        Some(query.prefix.clone())
    } else if query.delimiter.is_empty() {
        Some(query.after.clone())
    } else {
        after_prefix(&query.after)
    };
    let mut remaining = start.map(|start| diff(&start));
    let changes = std::iter::from_fn(|| {
        loop {
            let change = remaining.as_mut()?.next()?;
            if change.path == query.after {
                continue;
            }
            if !change.path.starts_with(&query.prefix) {
                return None;
            }
            let Some(prefix) = common_prefix(&change.path, query) else { return Some(change) };
            remaining = after_prefix(&prefix).map(|next| diff(&next));
            return Some(Change { path: prefix, kind: ChangeKind::PrefixChanged, entry: None });
        }
    });
    Page::take(changes, query.amount)
}

/// Returns the part of a path up to and including the first delimiter after the prefix of the query.
fn common_prefix(path: &Path, query: &PageQuery) -> Option<Path> {
    let delimiter = &query.delimiter;
    if delimiter.is_empty() {
        return None;
    }
    let start = query.prefix.len();
    let offset = path[start..].windows(delimiter.len()).position(|window| window == &delimiter[..])?;
    Some(path.slice(..start + offset + delimiter.len()))
}

/// Returns the first possible path after all paths that start with `prefix`.
fn after_prefix(prefix: &[u8]) -> Option<Path> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next.into())
}

/// Returns the first possible path after `path`.
fn successor(path: &[u8]) -> Path {
    [path, &[0]].concat().into()
}
