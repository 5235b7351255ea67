//! The conflicting paths of a failed merge, cherry-pick or revert. The response of the server does not name them.
//!
//! All three operations are three-way merges: each side is compared with a base, and a path that both sides changed to
//! different results is a conflict. The changes of both sides are lists in the order of the paths. The search for common
//! paths skips over the changes that only one side has, so that a conflict among many changes takes few requests.

use std::time::Duration;

use futures::future::try_join;
use tokio::time::timeout;

use crate::error::{Conflict, Error, ErrorKind, Result};
use crate::models::{Diff, DiffObjectStat, DiffType, RefDiffType};
use crate::pager::Page;
use crate::ref_expr::RefExpr;
use crate::requests::commit::get_commit;
use crate::scope::{RefScope, RepositoryScope};

/// How many conflicts an error names.
pub(crate) const MAX_CONFLICTS: usize = 10_000;

/// How many pages of changes are read.
const MAX_PAGES: usize = 20;

/// The size of a page, which is the largest that the server returns.
const PAGE_SIZE: u16 = 1000;

/// How long the search may take, with all retries.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The three commits of a three-way merge.
pub(crate) struct ThreeWay {
    pub(crate) repository: RepositoryScope,
    pub(crate) base: String,
    pub(crate) sides: [String; 2],
}

impl ThreeWay {
    /// The commits of a merge, which are those that the refs name now.
    pub(crate) async fn of_merge(source: &RefScope, destination: &RefExpr) -> Result<Self> {
        let repository = source.repository();
        let request = repository.api().find_merge_base().repository(repository.name());
        let request =
            request.source_ref(source.expression()).destination_branch(destination.within(repository)?);
        let found = request.send().await?.into_inner();
        Ok(Self {
            repository: repository.clone(),
            base: found.base_commit_id,
            sides: [found.source_commit_id, found.destination_commit_id],
        })
    }

    /// The commits of a cherry-pick: the changes of the picked commit and those of the branch, both since the parent of
    /// the picked commit.
    pub(crate) async fn of_cherry_pick(
        branch: &RefScope,
        commit: &RefExpr,
        parent_number: Option<i64>,
    ) -> Result<Self> {
        let PickedCommit { repository, id, parent, head } =
            PickedCommit::read(branch, commit, parent_number).await?;
        Ok(Self { repository, base: parent, sides: [id, head] })
    }

    /// The commits of a revert: the way back from the reverted commit to its parent, and the changes of the branch since
    /// the reverted commit.
    pub(crate) async fn of_revert(
        branch: &RefScope,
        commit: &RefExpr,
        parent_number: Option<i64>,
    ) -> Result<Self> {
        let PickedCommit { repository, id, parent, head } =
            PickedCommit::read(branch, commit, parent_number).await?;
        Ok(Self { repository, base: id, sides: [parent, head] })
    }

    /// Reads the conflicts into `found`, in the order of the paths.
    ///
    /// # Errors
    /// The search ended before the last conflict: a request failed, or a limit is reached.
    async fn search(self, found: &mut Vec<Conflict>) -> Result<()> {
        let Self { repository, base, sides: [first, second] } = self;
        let mut first = Changes::new(repository.reference(&*base), first);
        let mut second = Changes::new(repository.reference(&*base), second);
        try_join(first.request(String::new()), second.request(String::new())).await?;
        let mut pages = 2;
        let mut path = String::new();
        while let Some(change) = first.seek(&path, &mut pages).await? {
            let Some(other) = second.seek(&change.path, &mut pages).await? else { break };
            if other.path != change.path {
                path.clone_from(&other.path);
                continue;
            }
            if !is_same_result(change, other) {
                if found.len() == MAX_CONFLICTS {
                    return Err(limit_reached());
                }
                found.push(Conflict::new(&*change.path));
            }
            // No path sorts between a path and this one.
            path = format!("{}\0", change.path);
        }
        Ok(())
    }
}

/// A commit that is applied to a branch, or undone on it.
struct PickedCommit {
    repository: RepositoryScope,
    id: String,
    parent: String,
    /// The head of the branch.
    head: String,
}

impl PickedCommit {
    async fn read(branch: &RefScope, commit: &RefExpr, parent_number: Option<i64>) -> Result<Self> {
        let repository = branch.repository().clone();
        let commit = repository.reference(commit.within(&repository)?);
        let (commit, head) = try_join(get_commit(&commit), get_commit(branch)).await?;
        // The server counts from 1, and takes 0 for the only parent.
        let index = usize::try_from(parent_number.unwrap_or(1)).unwrap_or_default().saturating_sub(1);
        let parent = commit.parents.get(index).cloned();
        let parent = parent.ok_or_else(|| Error::new(ErrorKind::NotFound, "", "the commit has no parent"))?;
        Ok(Self { repository, id: commit.id, parent, head: head.id })
    }
}

/// The changes of one side since the base, in the order of the paths.
struct Changes {
    base: RefScope,
    side: String,
    /// The changes that are read and not yet passed, the last one first.
    items: Vec<Diff>,
    /// The path after which the next page starts; `None` after the last page.
    next: Option<String>,
}

impl Changes {
    fn new(base: RefScope, side: String) -> Self {
        Self { base, side, items: Vec::new(), next: None }
    }

    /// Reads the page of changes after `after`.
    async fn request(&mut self, after: String) -> Result<()> {
        let repository = self.base.repository();
        let request = repository
            .api()
            .diff_refs()
            .repository(repository.name())
            .left_ref(self.base.expression())
            .right_ref(&*self.side)
            .type_(RefDiffType::TwoDot)
            .include_right_stats(true)
            .after(after)
            .amount(PAGE_SIZE);
        let page = request.send().await?.into_inner();
        let Page { mut items, next } = Page::new(page.results, page.pagination);
        items.reverse();
        (self.items, self.next) = (items, next);
        Ok(())
    }

    /// Moves to the first change whose path is `path` or sorts after it. `pages` counts the requests of the search.
    async fn seek(&mut self, path: &str, pages: &mut usize) -> Result<Option<&Diff>> {
        loop {
            while self.items.pop_if(|change| *change.path < *path).is_some() {}
            if !self.items.is_empty() {
                return Ok(self.items.last());
            }
            let Some(next) = self.next.take() else { return Ok(None) };
            if *pages == MAX_PAGES {
                return Err(limit_reached());
            }
            *pages += 1;
            // The changes up to the path are skipped.
            self.request(next.max(just_before(path))).await?;
        }
    }
}

/// Adds the conflicts to the error of an operation, if it failed because of conflicts.
///
/// The error says whether the list is complete. If the refs have moved since the operation failed, the conflicts are
/// those that the operation would have now.
pub(crate) async fn with_conflicts(error: Error, commits: impl Future<Output = Result<ThreeWay>>) -> Error {
    if error.kind() != ErrorKind::MergeConflict {
        return error;
    }
    let mut found = Vec::new();
    let search = async { commits.await?.search(&mut found).await };
    let is_complete = matches!(timeout(TIME_LIMIT, search).await, Ok(Ok(())));
    error.with_conflicts(found, !is_complete)
}

fn limit_reached() -> Error {
    Error::new(ErrorKind::MergeConflict, "list the conflicts", "there are too many changes")
}

/// Whether two changes of a path have the same result. Where the server does not report it, the result is `false`.
///
/// Two objects are the same if lakeFS takes them for the same: the modification time does not count.
fn is_same_result(one: &Diff, other: &Diff) -> bool {
    let is_removed = |change: &Diff| change.type_ == DiffType::Removed;
    if is_removed(one) || is_removed(other) {
        return is_removed(one) && is_removed(other);
    }
    let (Some(one_stat), Some(other_stat)) = (&one.right, &other.right) else { return false };
    let DiffObjectStat { checksum, content_type, metadata, mtime: _ } = one_stat;
    let is_empty = |stat: &DiffObjectStat| stat.metadata.as_ref().is_none_or(|metadata| metadata.is_empty());
    one.size_bytes == other.size_bytes
        && *checksum == other_stat.checksum
        && *content_type == other_stat.content_type
        && (*metadata == other_stat.metadata || (is_empty(one_stat) && is_empty(other_stat)))
}

/// A text that sorts directly before a path, and after all paths that sort before it, except for those that continue
/// this text.
fn just_before(path: &str) -> String {
    let mut before = path.to_owned();
    let previous = match before.pop() {
        // The path without its last character is the path before it.
        None | Some('\0') => return before,
        // There are no characters between U+D7FF and U+E000.
        Some('\u{E000}') => '\u{D7FF}',
        Some(last) => char::from_u32(u32::from(last) - 1).unwrap_or_default(),
    };
    before.push(previous);
    before.push(char::MAX);
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_before_a_path_sorts_between_its_neighbours() {
        for (path, smaller) in [
            ("b", "a"),
            ("b", "azzz"),
            ("data/5", "data/4"),
            ("data/5", "data/4/x"),
            ("a\0", "a"),
            ("é", "z"),
            ("\u{E000}", "\u{D7FF}x"),
            ("\u{10FFFF}", "\u{10FFFE}\u{10FFFE}"),
            ("a\u{1}", "a\0z"),
        ] {
            let before = just_before(path);
            assert!(smaller <= &*before && &*before < path, "{smaller:?} {before:?} {path:?}");
        }
        assert_eq!(just_before(""), "");
    }
}
