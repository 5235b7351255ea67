//! Requests about branches: create, delete, list, read.

use futures::future::BoxFuture;

use crate::api::Response;
use crate::error::{Result, optional};
use crate::http::reconcile::{OnMissing, reconcile};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_has_options, impl_into_future, impl_list};
use crate::models::{self, BranchCreation};
use crate::pager::{List, Page, Pager};
use crate::ref_expr::RefExpr;
use crate::requests::created_ref::Source;
use crate::requests::exist_ok::or_existing;
use crate::requests::reconcile::reconcile_deletion;
use crate::scope::{RefScope, RepositoryScope};

/// Reads a branch: its name and the id of its head.
pub(crate) async fn get(branch: &RefScope) -> Result<models::Ref> {
    let request = branch.api().get_branch().repository(branch.repository().name());
    Ok(request.branch(branch.expression()).send().await?.into_inner())
}

/// Creates a branch. Returned by [`Branch::create`](crate::Branch::create).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateBranchRequest {
    branch: RefScope,
    source: RefExpr,
    hidden: Option<bool>,
    force: Option<bool>,
    exist_ok: bool,
}

impl CreateBranchRequest {
    pub(crate) fn new(branch: RefScope, source: RefExpr) -> Self {
        Self { branch, source, hidden: None, force: None, exist_ok: false }
    }

    /// Accepts that the branch exists. Default: `false`.
    ///
    /// An existing branch is returned unchanged, even if it is at another commit than the source.
    pub fn exist_ok(mut self, yes: bool) -> Self {
        self.exist_ok = yes;
        self
    }

    bool_setters! {
        /// Hides the branch from lists that do not [show hidden branches](ListBranches::show_hidden). Default: `false`.
        hidden => hidden;
        /// Creates the branch even if the repository is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<models::Ref> {
        let Self { branch, source, hidden, force, exist_ok } = self;
        let repository = branch.repository();
        let name = branch.expression();
        let source = source.within(repository)?;
        let create = || {
            let body = BranchCreation { name: name.to_owned(), source: source.to_owned(), force, hidden };
            let request = repository.api().create_branch().repository(repository.name()).body(body);
            async {
                let commit_id = request.send().await?.into_inner();
                Ok(models::Ref { commit_id: commit_id.trim().to_owned(), id: name.to_owned() })
            }
        };
        // Only a request with an unknown outcome needs the commit of the source, but the source may have moved by then.
        let source = Source::new(repository.reference(source), exist_ok).await;
        let find_applied = || async { source.compare(optional(get(&branch).await)?).await };
        let policy = repository.api().retries();
        let created = reconcile(create().await, policy, find_applied, OnMissing::resend(create())).await;
        or_existing(created, exist_ok, async { optional(get(&branch).await) }).await
    }
}

impl_into_future!(CreateBranchRequest { branch } => models::Ref);

/// Deletes a branch. Returned by [`Branch::delete`](crate::Branch::delete).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteBranchRequest {
    branch: RefScope,
    force: Option<bool>,
}

impl DeleteBranchRequest {
    pub(crate) fn new(branch: RefScope) -> Self {
        Self { branch, force: None }
    }

    bool_setters! {
        /// Deletes the branch even if the repository is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<()> {
        let request = self.branch.api().delete_branch().repository(self.branch.repository().name());
        let request = request.branch(self.branch.expression());
        let request = request.apply_if_some(self.force, |request, force| request.force(force));
        let deleted = request.send().await.map(Response::into_inner);
        let policy = self.branch.api().retries();
        reconcile_deletion(deleted, policy, || async { optional(get(&self.branch).await) }).await
    }
}

impl_into_future!(DeleteBranchRequest { branch } => ());

/// The branches of a repository, in the order of their names. Returned by
/// [`Repository::branches`](crate::Repository::branches).
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut branches = repository.branches().prefix("exp-");
/// while let Some(branch) = branches.try_next().await? {
///     println!("{} {}", branch.id, branch.commit_id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListBranches {
    pager: Pager<models::Ref, Query>,
}

#[derive(Clone, Debug)]
struct Query {
    repository: RepositoryScope,
    prefix: Option<String>,
    show_hidden: Option<bool>,
}

impl ListBranches {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { pager: Pager::new(Query { repository, prefix: None, show_hidden: None }) }
    }

    /// Lists only branches whose name starts with this prefix. Default: all.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.prefix = Some(prefix.into()));
        self
    }

    /// Lists hidden branches too. Default: `false`.
    pub fn show_hidden(mut self, yes: bool) -> Self {
        self.pager = self.pager.with(|query| query.show_hidden = yes.then_some(true));
        self
    }
}

impl_list!(ListBranches => models::Ref);

impl_has_options!(Query { repository });

impl List for Query {
    type Item = models::Ref;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, prefix, show_hidden } = self.clone();
        Box::pin(async move {
            let request = repository.api().list_branches().repository(repository.name());
            let request = request
                .after(after)
                .amount(amount)
                .apply_if_some(prefix, |request, prefix| request.prefix(prefix))
                .apply_if_some(show_hidden, |request, yes| request.show_hidden(yes));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
