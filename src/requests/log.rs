//! The commit log of a ref.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::error::{Error, Result};
use crate::macros::{ApplyIfSome as _, impl_has_options, impl_list};
use crate::models;
use crate::models::time::to_date_time;
use crate::pager::{List, Page, Pager};
use crate::ref_expr::RefExpr;
use crate::scope::RefScope;

/// The commits in the history of a ref, the newest first. Returned by [`Branch::log`](crate::Branch::log).
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut log = branch.log().first_parent(true).limit(20);
/// while let Some(commit) = log.try_next().await? {
///     println!("{} {}", commit.id, commit.message);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct CommitLog {
    pager: Pager<models::Commit, Query>,
}

#[derive(Clone, Debug)]
struct Query {
    reference: RefScope,
    objects: Vec<String>,
    prefixes: Vec<String>,
    first_parent: Option<bool>,
    since: Option<SystemTime>,
    stop_at: Option<RefExpr>,
}

impl CommitLog {
    pub(crate) fn new(reference: RefScope) -> Self {
        let (objects, prefixes) = (Vec::new(), Vec::new());
        let query = Query { reference, objects, prefixes, first_parent: None, since: None, stop_at: None };
        Self { pager: Pager::new(query) }
    }

    /// Lists only commits that changed this object. Default: all commits.
    ///
    /// Call it several times for the commits that changed any of several objects or [prefixes](Self::prefix). Merge
    /// commits and the first commit of the repository are not listed.
    pub fn object(mut self, path: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.objects.push(path.into()));
        self
    }

    /// Lists only commits that changed an object whose path starts with this prefix. Default: all commits.
    ///
    /// Call it several times for the commits that changed any of several prefixes or [objects](Self::object). Merge
    /// commits and the first commit of the repository are not listed.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.prefixes.push(prefix.into()));
        self
    }

    /// Lists at most this many commits. Default: all commits.
    ///
    /// With 0, the list is empty and sends no request. The server stops its search when it has found this many
    /// commits.
    pub fn limit(mut self, commits: u64) -> Self {
        self.pager = self.pager.limit(commits);
        self
    }

    /// Follows only the first parent of each commit, which leaves out the commits of merged branches. Default: `false`.
    pub fn first_parent(mut self, yes: bool) -> Self {
        self.pager = self.pager.with(|query| query.first_parent = yes.then_some(true));
        self
    }

    /// Lists only commits with this creation date or a later one. Default: all commits.
    ///
    /// The parents of older commits are not followed.
    pub fn since(mut self, time: SystemTime) -> Self {
        self.pager = self.pager.with(|query| query.since = Some(time));
        self
    }

    /// Ends the list with this commit, which is the last one listed. Default: the list ends with the first commit of
    /// the repository.
    ///
    /// It has no effect if another option excludes this commit.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), when the list is read: the commit is given by a handle of
    /// another repository.
    pub fn stop_at(mut self, commit: impl Into<RefExpr>) -> Self {
        self.pager = self.pager.with(|query| query.stop_at = Some(commit.into()));
        self
    }
}

impl_list!(CommitLog => models::Commit);

impl_has_options!(Query { reference });

impl List for Query {
    type Item = models::Commit;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let query = self.clone();
        Box::pin(async move { query.request(after, amount, None).await })
    }

    fn last_page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let query = self.clone();
        Box::pin(async move { query.request(after, amount, Some(true)).await })
    }
}

impl Query {
    async fn request(self, after: String, amount: u16, limit: Option<bool>) -> Result<Page<models::Commit>> {
        let since = self.since()?;
        let Self { reference, objects, prefixes, first_parent, stop_at, .. } = self;
        let repository = reference.repository();
        let stop_at = stop_at.as_ref().map(|commit| commit.within(repository)).transpose()?;
        let request = reference
            .api()
            .log_commits()
            .repository(repository.name())
            .ref_(reference.expression())
            .amount(amount)
            .apply_if_some((!after.is_empty()).then_some(after), |request, after| request.after(after))
            .apply_if_some((!objects.is_empty()).then_some(objects), |request, paths| request.objects(paths))
            .apply_if_some((!prefixes.is_empty()).then_some(prefixes), |request, prefixes| {
                request.prefixes(prefixes)
            })
            .apply_if_some(limit, |request, limit| request.limit(limit))
            .apply_if_some(first_parent, |request, yes| request.first_parent(yes))
            .apply_if_some(since, |request, since| request.since(since))
            .apply_if_some(stop_at, |request, stop_at| request.stop_at(stop_at));
        let page = request.send().await?.into_inner();
        Ok(Page::new(page.results, page.pagination))
    }

    fn since(&self) -> Result<Option<DateTime<Utc>>> {
        let Some(time) = self.since else { return Ok(None) };
        let date = to_date_time(time).ok_or_else(|| {
            let (reference, repository) = (self.reference.expression(), self.reference.repository().name());
            let action = format!("list the commits of ref {reference:?} of repository {repository:?}");
            Error::invalid(action, "the date is out of range")
        })?;
        Ok(Some(date))
    }
}
