//! Differences: between two references, and between a branch and its head.

use futures::TryStreamExt as _;
use futures::future::BoxFuture;

use crate::handles::branch::Branch;
use crate::handles::reference::Reference;
use crate::models::{Diff, DiffPathType, DiffRefsType, DiffType};
use crate::pager::{List, Page};
use crate::requests::support::When as _;
use crate::{Pager, Result};

/// How one reference differs from another; see [`Reference::diff`].
#[derive(Clone, Debug)]
pub struct RefDiff {
    left: Reference,
    right: String,
    two_dot: bool,
    right_stats: Option<bool>,
    view: View,
}

/// What stands against a merge; see [`Reference::conflicts_with`].
#[derive(Clone, Debug)]
pub struct Conflicts(RefDiff);

/// What is staged on a branch; see [`Branch::uncommitted`].
#[derive(Clone, Debug)]
pub struct Uncommitted {
    branch: Branch,
    view: View,
}

impl RefDiff {
    pub(crate) fn new(left: Reference, right: String) -> Self {
        Self { left, right, two_dot: false, right_stats: None, view: View::default() }
    }
}

impl Conflicts {
    pub(crate) fn new(diff: RefDiff) -> Self {
        Self(diff)
    }
}

impl Uncommitted {
    pub(crate) fn new(branch: Branch) -> Self {
        Self { branch, view: View::default() }
    }
}

impl Pager<Diff, RefDiff> {
    /// Compares the two as they are, without looking for where they parted.
    pub fn two_dot(self, yes: bool) -> Self {
        self.with(|list| list.two_dot = yes)
    }

    /// With the checksum, content type, metadata and time of each object on the right.
    pub fn right_stats(self, yes: bool) -> Self {
        self.with(|list| list.right_stats = yes.then_some(true))
    }

    /// Only paths that begin so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.view.prefix = prefix.into())
    }

    /// One entry of type `prefix_changed` for all paths that are the same up to this text behind the prefix.
    pub fn delimiter(self, delimiter: impl Into<String>) -> Self {
        self.with(|list| list.view.delimiter = delimiter.into())
    }
}

impl Pager<Diff, Conflicts> {
    /// Only paths that begin so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.0.view.prefix = prefix.into())
    }
}

impl Pager<Diff, Uncommitted> {
    /// Only paths that begin so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.view.prefix = prefix.into())
    }

    /// One entry of type `prefix_changed` for all paths that are the same up to this text behind the prefix.
    pub fn delimiter(self, delimiter: impl Into<String>) -> Self {
        self.with(|list| list.view.delimiter = delimiter.into())
    }
}

/// How many entries of each type a diff has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiffSummary {
    /// Paths that are new.
    pub added: u64,
    /// Paths whose object is another.
    pub changed: u64,
    /// Paths that are gone.
    pub removed: u64,
    /// Paths that both sides changed.
    pub conflicts: u64,
    /// Prefixes with changes, when there is a delimiter.
    pub prefixes: u64,
}

impl<L: List<Item = Diff>> Pager<Diff, L> {
    /// Counts the entries, reading them all.
    pub async fn summary(mut self) -> Result<DiffSummary> {
        let mut summary = DiffSummary::default();
        while let Some(entry) = self.try_next().await? {
            match entry.type_ {
                DiffType::Added => summary.added += 1,
                DiffType::Removed => summary.removed += 1,
                DiffType::Conflict => summary.conflicts += 1,
                DiffType::PrefixChanged => summary.prefixes += 1,
                // What a newer server calls otherwise is a change as well.
                DiffType::Changed | DiffType::Unknown(_) => summary.changed += 1,
            }
        }
        Ok(summary)
    }
}

impl List for RefDiff {
    type Item = Diff;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Diff>>> {
        let Self { left, right, two_dot, right_stats, view } = self.clone();
        Box::pin(async move {
            let repository = left.repository();
            let request = repository
                .client
                .api()
                .diff_refs()
                .repository(repository.name())
                .left_ref(left.expression())
                .right_ref(right)
                .type_(if two_dot { DiffRefsType::TwoDot } else { DiffRefsType::ThreeDot })
                .prefix(&*view.prefix)
                .after(&*after)
                .amount(amount)
                .when(right_stats, |request, yes| request.include_right_stats(yes));
            let page = request.send().await?.into_inner();
            Ok(view.collapse(Page::new(page.results, page.pagination), &after))
        })
    }
}

impl List for Conflicts {
    type Item = Diff;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Diff>>> {
        let page = self.0.page(after, amount);
        Box::pin(async move {
            let mut page = page.await?;
            page.items.retain(|entry| entry.type_ == DiffType::Conflict);
            Ok(page)
        })
    }
}

impl List for Uncommitted {
    type Item = Diff;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Diff>>> {
        let Self { branch, view } = self.clone();
        Box::pin(async move {
            let repository = branch.repository();
            let request = repository
                .client
                .api()
                .diff_branch()
                .repository(repository.name())
                .branch(branch.name())
                .prefix(&*view.prefix)
                .after(&*after)
                .amount(amount);
            let page = request.send().await?.into_inner();
            Ok(view.collapse(Page::new(page.results, page.pagination), &after))
        })
    }
}

/// Which part of a diff is shown, and how deep.
///
/// The delimiter is applied here and never sent: a server that pages through a diff with a delimiter skips every path
/// that begins with the last entry of a page (`foo.txt` behind `foo`).
#[derive(Clone, Debug, Default)]
struct View {
    prefix: String,
    delimiter: String,
}

/// Sorts behind every path with the prefix in front of it; the server compares bytes.
const BEHIND: char = char::MAX;

impl View {
    /// Puts one entry in the place of those with a common prefix. `after` is where the page began.
    fn collapse(&self, page: Page<Diff>, after: &str) -> Page<Diff> {
        if self.delimiter.is_empty() {
            return page;
        }
        let mut items: Vec<Diff> = Vec::with_capacity(page.items.len());
        let mut last = None;
        for entry in page.items {
            let Some(prefix) = self.common_prefix(&entry.path) else {
                last = None;
                items.push(entry);
                continue;
            };
            let prefix = prefix.to_owned();
            let shown =
                after.strip_suffix(BEHIND).unwrap_or(after) == prefix || last.as_ref() == Some(&prefix);
            if !shown {
                items.push(Diff {
                    path: prefix.clone(),
                    path_type: DiffPathType::CommonPrefix,
                    right: None,
                    size_bytes: None,
                    type_: DiffType::PrefixChanged,
                });
            }
            last = Some(prefix);
        }
        // The rest of a prefix that is shown already need not come.
        let next = page.next.map(|next| last.map_or(next, |prefix| format!("{prefix}{BEHIND}")));
        Page { items, next }
    }

    fn common_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        let behind = path.get(self.prefix.len()..)?;
        let at = behind.find(&self.delimiter)?;
        path.get(..self.prefix.len() + at + self.delimiter.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(path: &str) -> Diff {
        Diff {
            path: path.to_owned(),
            path_type: DiffPathType::Object,
            right: None,
            size_bytes: Some(1),
            type_: DiffType::Added,
        }
    }

    /// A server with these paths, two a page.
    fn pages(view: &View, paths: &[&str]) -> Vec<String> {
        let (mut after, mut shown) = (String::new(), Vec::new());
        loop {
            let rest: Vec<_> = paths
                .iter()
                .filter(|path| **path > after.as_str() && path.starts_with(&view.prefix))
                .collect();
            let items: Vec<_> = rest.iter().take(2).map(|path| added(path)).collect();
            let next = (rest.len() > 2).then(|| items[1].path.clone());
            let page = view.collapse(Page { items, next }, &after);
            shown.extend(page.items.into_iter().map(|entry| entry.path));
            match page.next {
                Some(next) => after = next,
                None => return shown,
            }
        }
    }

    #[test]
    fn prefixes_are_shown_once_and_nothing_is_skipped() {
        let paths = ["a", "a/1", "a/2", "a/3", "a/b/4", "a0", "b", "b.txt", "c/é", "c/\u{10FFFF}x", "d"];
        let view = |prefix: &str, delimiter: &str| View {
            prefix: prefix.to_owned(),
            delimiter: delimiter.to_owned(),
        };
        assert_eq!(pages(&view("", "/"), &paths), ["a", "a/", "a0", "b", "b.txt", "c/", "d"]);
        assert_eq!(pages(&view("a/", "/"), &paths), ["a/1", "a/2", "a/3", "a/b/"]);
        assert_eq!(pages(&view("", ""), &paths), paths);
    }
}
