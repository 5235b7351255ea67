//! Prefix and delimiter of a list of differences.

use crate::models::{Diff, DiffType, PathType};
use crate::pager::Page;

/// Which paths of a diff are listed, and how they are grouped.
///
/// The prefix is sent to the server. The delimiter is not, because the server skips paths when it pages through a diff
/// with a delimiter: those that start with the last entry of a page, such as `foo.txt` after `foo`.
#[derive(Clone, Debug, Default)]
pub(crate) struct DiffView {
    pub(crate) prefix: String,
    pub(crate) delimiter: String,
}

/// Appended to a prefix, sorts after every path with this prefix, because the server compares bytes.
const AFTER_ALL: char = char::MAX;

impl DiffView {
    /// Replaces the entries with a common prefix by one entry. `after` is the item after which the page starts.
    pub(crate) fn collapse(&self, page: Page<Diff>, after: &str) -> Page<Diff> {
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
            let listed =
                after.strip_suffix(AFTER_ALL).unwrap_or(after) == prefix || last.as_ref() == Some(&prefix);
            if !listed {
                items.push(Diff {
                    path: prefix.clone(),
                    path_type: PathType::CommonPrefix,
                    right: None,
                    size_bytes: None,
                    type_: DiffType::PrefixChanged,
                });
            }
            last = Some(prefix);
        }
        // The other paths of the last prefix are skipped: it has its entry already.
        let next = page.next.map(|next| last.map_or(next, |prefix| format!("{prefix}{AFTER_ALL}")));
        Page { items, next }
    }

    fn common_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.get(self.prefix.len()..)?;
        let at = rest.find(&self.delimiter)?;
        path.get(..self.prefix.len() + at + self.delimiter.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(path: &str) -> Diff {
        Diff {
            path: path.to_owned(),
            path_type: PathType::Object,
            right: None,
            size_bytes: Some(1),
            type_: DiffType::Added,
        }
    }

    /// Lists these paths, two a page.
    fn pages(view: &DiffView, paths: &[&str]) -> Vec<String> {
        let (mut after, mut listed) = (String::new(), Vec::new());
        loop {
            let rest: Vec<_> = paths
                .iter()
                .filter(|path| **path > after.as_str() && path.starts_with(&view.prefix))
                .collect();
            let items: Vec<_> = rest.iter().take(2).map(|path| added(path)).collect();
            let next = (rest.len() > 2).then(|| items[1].path.clone());
            let page = view.collapse(Page { items, next }, &after);
            listed.extend(page.items.into_iter().map(|entry| entry.path));
            match page.next {
                Some(next) => after = next,
                None => return listed,
            }
        }
    }

    #[test]
    fn prefix_is_listed_once_and_no_path_is_skipped() {
        let paths = ["a", "a/1", "a/2", "a/3", "a/b/4", "a0", "b", "b.txt", "c/é", "c/\u{10FFFF}x", "d"];
        let view = |prefix: &str, delimiter: &str| DiffView {
            prefix: prefix.to_owned(),
            delimiter: delimiter.to_owned(),
        };
        assert_eq!(pages(&view("", "/"), &paths), ["a", "a/", "a0", "b", "b.txt", "c/", "d"]);
        assert_eq!(pages(&view("a/", "/"), &paths), ["a/1", "a/2", "a/3", "a/b/"]);
        assert_eq!(pages(&view("", ""), &paths), paths);
    }
}
