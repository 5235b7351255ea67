//! Differences between two refs, and between a branch and its head.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{Stream, TryStreamExt as _};
use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind, Result};
use crate::macros::{ApplyIfSome as _, impl_has_options, impl_list};
use crate::models::{Diff, DiffType, RefDiffType};
use crate::pager::{List, Page, Pager};
use crate::ref_expr::RefExpr;
use crate::requests::diff_view::DiffView;
use crate::scope::RefScope;

/// The differences between two refs, in the order of the paths. Returned by [`Branch::diff`](crate::Branch::diff).
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let main = repository.branch("main");
/// let mut changes = main.diff(&repository.branch("experiment1")).prefix("data/");
/// while let Some(change) = changes.try_next().await? {
///     println!("{} {}", change.type_, change.path);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct DiffEntries {
    pager: Pager<Diff, RefQuery>,
}

/// The conflicts that a merge would have, in the order of the paths. Returned by
/// [`Branch::conflicts_with`](crate::Branch::conflicts_with).
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListConflicts {
    pager: Pager<Diff, ConflictQuery>,
}

/// The uncommitted changes of a branch, in the order of the paths. Returned by
/// [`Branch::uncommitted`](crate::Branch::uncommitted).
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// let summary = branch.uncommitted().summary().await?;
/// println!("{} added, {} changed, {} removed", summary.added, summary.changed, summary.removed);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListUncommitted {
    pager: Pager<Diff, UncommittedQuery>,
}

#[derive(Clone, Debug)]
struct RefQuery {
    left: RefScope,
    right: RefExpr,
    two_dot: bool,
    right_stats: Option<bool>,
    view: DiffView,
    /// The commits to compare instead of the two refs: the commit that `left` names, and its first parent.
    from_parent: Option<FromParent>,
}

/// A commit with its first parent, `None` if it has neither a parent nor objects. Read once for all pages, because a
/// branch may move between two pages.
type FromParent = Arc<OnceCell<Option<(String, String)>>>;

#[derive(Clone, Debug)]
struct ConflictQuery {
    source: RefScope,
    destination: RefExpr,
    view: DiffView,
}

#[derive(Clone, Debug)]
struct UncommittedQuery {
    branch: RefScope,
    view: DiffView,
}

impl RefQuery {
    fn new(left: RefScope, right: RefExpr) -> Self {
        Self { left, right, two_dot: false, right_stats: None, view: DiffView::default(), from_parent: None }
    }

    /// Returns the refs to compare, or `None` if there is nothing to compare.
    async fn sides(&self) -> Result<Option<(&str, &str)>> {
        let Some(from_parent) = &self.from_parent else {
            let right = self.right.within(self.left.repository())?;
            return Ok(Some((self.left.expression(), right)));
        };
        let commits = from_parent.get_or_try_init(|| with_parent(&self.left)).await?;
        Ok(commits.as_ref().map(|(parent, commit)| (&**parent, &**commit)))
    }
}

/// Reads the ids of the first parent of a commit, and of the commit.
async fn with_parent(reference: &RefScope) -> Result<Option<(String, String)>> {
    let expression = reference.expression();
    // A branch with such a suffix is its head, with or without the uncommitted changes.
    let named = expression.strip_suffix(['@', '$']).unwrap_or(expression);
    let request = reference.api().get_commit().repository(reference.repository().name());
    let commit = request.commit_id(named).send().await?.into_inner();
    match commit.parents.into_iter().next() {
        Some(parent) => Ok(Some((parent, commit.id))),
        // The first commit of a repository has no objects.
        None if commit.meta_range_id.is_empty() => Ok(None),
        None => {
            let repository = reference.repository().name();
            let action = format!("compare {expression:?} of repository {repository:?} with its parent");
            Err(Error::new(ErrorKind::NotFound, action, "the commit has no parent"))
        }
    }
}

/// The option and the method that the lists with a [`View`] of all changes share.
macro_rules! delimiter_and_summary {
    () => {
        /// Lists paths that share a prefix up to this delimiter as one entry of type `prefix_changed`. Default: every path
        /// has its own entry.
        ///
        /// The delimiter is searched for after the [prefix](Self::prefix) of the list. With `/`, such an entry is a
        /// directory.
        pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
            self.pager = self.pager.with(|query| query.view.delimiter = delimiter.into());
            self
        }

        /// Reads the whole list and counts its entries.
        pub async fn summary(self) -> Result<DiffSummary> {
            DiffSummary::of(self).await
        }
    };
}

impl DiffEntries {
    pub(crate) fn new(left: RefScope, right: RefExpr) -> Self {
        Self { pager: Pager::new(RefQuery::new(left, right)) }
    }

    /// The changes of the commit that a ref names.
    pub(crate) fn from_parent(reference: RefScope) -> Self {
        let right = RefExpr::of(&reference);
        let query = RefQuery { from_parent: Some(FromParent::default()), ..RefQuery::new(reference, right) };
        Self { pager: Pager::new(query) }.two_dot(true)
    }

    /// Compares the two refs themselves, instead of the right one with the merge base of the two. Default: `false`.
    pub fn two_dot(mut self, yes: bool) -> Self {
        self.pager = self.pager.with(|query| query.two_dot = yes);
        self
    }

    /// Adds the checksum, content type, metadata and modification time of the object on the right to each entry.
    /// Default: `false`.
    pub fn right_stats(mut self, yes: bool) -> Self {
        self.pager = self.pager.with(|query| query.right_stats = yes.then_some(true));
        self
    }

    /// Lists only paths that start with this prefix. Default: all paths.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.view.prefix = prefix.into());
        self
    }

    delimiter_and_summary!();
}

impl_list!(DiffEntries => Diff);

impl ListConflicts {
    pub(crate) fn new(source: RefScope, destination: RefExpr) -> Self {
        Self { pager: Pager::new(ConflictQuery { source, destination, view: DiffView::default() }) }
    }

    /// Lists only paths that start with this prefix. Default: all paths.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.view.prefix = prefix.into());
        self
    }

    /// Reads the whole list and counts its entries.
    pub async fn summary(self) -> Result<DiffSummary> {
        DiffSummary::of(self).await
    }
}

impl_list!(ListConflicts => Diff);

impl ListUncommitted {
    pub(crate) fn new(branch: RefScope) -> Self {
        Self { pager: Pager::new(UncommittedQuery { branch, view: DiffView::default() }) }
    }

    /// Lists only paths that start with this prefix. Default: all paths.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.view.prefix = prefix.into());
        self
    }

    delimiter_and_summary!();
}

impl_list!(ListUncommitted => Diff);

/// How many entries of each type a list of differences has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiffSummary {
    /// How many paths were added.
    pub added: u64,
    /// How many paths have a different object.
    pub changed: u64,
    /// How many paths were removed.
    pub removed: u64,
    /// How many paths both sides changed.
    pub conflicts: u64,
    /// How many prefixes have changes below them, in a list with a delimiter.
    pub prefixes: u64,
}

impl DiffSummary {
    async fn of(mut entries: impl Stream<Item = Result<Diff>> + Unpin) -> Result<Self> {
        let mut summary = Self::default();
        while let Some(entry) = entries.try_next().await? {
            match entry.type_ {
                DiffType::Added => summary.added += 1,
                DiffType::Removed => summary.removed += 1,
                DiffType::Conflict => summary.conflicts += 1,
                DiffType::PrefixChanged => summary.prefixes += 1,
                // An unknown type of a newer server counts as a change.
                DiffType::Changed | DiffType::Unknown(_) => summary.changed += 1,
            }
        }
        Ok(summary)
    }
}

impl_has_options!(RefQuery { left });

impl List for RefQuery {
    type Item = Diff;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Diff>>> {
        let query = self.clone();
        Box::pin(async move {
            let Some((left, right)) = query.sides().await? else {
                return Ok(Page { items: Vec::new(), next: None });
            };
            let Self { two_dot, right_stats, ref view, .. } = query;
            let repository = query.left.repository();
            let request = repository
                .api()
                .diff_refs()
                .repository(repository.name())
                .left_ref(left)
                .right_ref(right)
                .type_(if two_dot { RefDiffType::TwoDot } else { RefDiffType::ThreeDot })
                .prefix(&*view.prefix)
                .after(&*after)
                .amount(amount)
                .apply_if_some(right_stats, |request, yes| request.include_right_stats(yes));
            let page = request.send().await?.into_inner();
            Ok(view.collapse(Page::new(page.results, page.pagination), &after))
        })
    }
}

impl_has_options!(ConflictQuery { source });

impl List for ConflictQuery {
    type Item = Diff;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Diff>>> {
        let Self { source, destination, view } = self.clone();
        Box::pin(async move {
            let repository = source.repository();
            let left = repository.reference(destination.within(repository)?);
            let query = RefQuery { view, ..RefQuery::new(left, RefExpr::of(&source)) };
            let mut page = query.page(after, amount).await?;
            page.items.retain(|entry| entry.type_ == DiffType::Conflict);
            Ok(page)
        })
    }
}

impl_has_options!(UncommittedQuery { branch });

impl List for UncommittedQuery {
    type Item = Diff;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Diff>>> {
        let Self { branch, view } = self.clone();
        Box::pin(async move {
            let request = branch
                .api()
                .diff_branch()
                .repository(branch.repository().name())
                .branch(branch.expression())
                .prefix(&*view.prefix)
                .after(&*after)
                .amount(amount);
            let page = request.send().await?.into_inner();
            Ok(view.collapse(Page::new(page.results, page.pagination), &after))
        })
    }
}
