//! Requests about tags: create, delete, list, read.

use futures::future::BoxFuture;

use crate::api::Response;
use crate::error::{Result, optional};
use crate::http::reconcile::{OnMissing, reconcile};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_has_options, impl_into_future, impl_list};
use crate::models::{self, TagCreation};
use crate::pager::{List, Page, Pager};
use crate::ref_expr::RefExpr;
use crate::requests::created_ref::Source;
use crate::requests::exist_ok::or_existing;
use crate::requests::reconcile::reconcile_deletion;
use crate::scope::{RefScope, RepositoryScope};

/// Reads a tag: its name and the id of its commit.
pub(crate) async fn get(tag: &RefScope) -> Result<models::Ref> {
    let request = tag.api().get_tag().repository(tag.repository().name());
    Ok(request.tag(tag.expression()).send().await?.into_inner())
}

/// Creates a tag. Returned by [`Tag::create`](crate::Tag::create).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateTagRequest {
    tag: RefScope,
    source: RefExpr,
    force: Option<bool>,
    exist_ok: bool,
}

impl CreateTagRequest {
    pub(crate) fn new(tag: RefScope, source: RefExpr) -> Self {
        Self { tag, source, force: None, exist_ok: false }
    }

    /// Accepts that the tag exists. Default: `false`.
    ///
    /// An existing tag is returned unchanged, even if it is at another commit than the source.
    pub fn exist_ok(mut self, yes: bool) -> Self {
        self.exist_ok = yes;
        self
    }

    bool_setters! {
        /// Creates the tag even if the repository is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<models::Ref> {
        let Self { tag, source, force, exist_ok } = self;
        let repository = tag.repository();
        let source = source.within(repository)?;
        let create = || {
            let body = TagCreation { id: tag.expression().to_owned(), ref_: source.to_owned(), force };
            let request = repository.api().create_tag().repository(repository.name()).body(body);
            async { Ok(request.send().await?.into_inner()) }
        };
        // Only a request with an unknown outcome needs the commit of the source, but the source may have moved by then.
        let source = Source::new(repository.reference(source), exist_ok).await;
        let find_applied = || async { source.compare(optional(get(&tag).await)?).await };
        let policy = repository.api().retries();
        let created = reconcile(create().await, policy, find_applied, OnMissing::resend(create())).await;
        or_existing(created, exist_ok, async { optional(get(&tag).await) }).await
    }
}

impl_into_future!(CreateTagRequest { tag } => models::Ref);

/// Deletes a tag. Returned by [`Tag::delete`](crate::Tag::delete).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteTagRequest {
    tag: RefScope,
    force: Option<bool>,
}

impl DeleteTagRequest {
    pub(crate) fn new(tag: RefScope) -> Self {
        Self { tag, force: None }
    }

    bool_setters! {
        /// Deletes the tag even if the repository is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<()> {
        let request = self.tag.api().delete_tag().repository(self.tag.repository().name());
        let request = request.tag(self.tag.expression());
        let request = request.apply_if_some(self.force, |request, force| request.force(force));
        let deleted = request.send().await.map(Response::into_inner);
        let policy = self.tag.api().retries();
        reconcile_deletion(deleted, policy, || async { optional(get(&self.tag).await) }).await
    }
}

impl_into_future!(DeleteTagRequest { tag } => ());

/// The tags of a repository, in the order of their names. Returned by
/// [`Repository::tags`](crate::Repository::tags).
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut tags = repository.tags().prefix("v1.");
/// while let Some(tag) = tags.try_next().await? {
///     println!("{} {}", tag.id, tag.commit_id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListTags {
    pager: Pager<models::Ref, Query>,
}

#[derive(Clone, Debug)]
struct Query {
    repository: RepositoryScope,
    prefix: Option<String>,
}

impl ListTags {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { pager: Pager::new(Query { repository, prefix: None }) }
    }

    /// Lists only tags whose name starts with this prefix. Default: all.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.prefix = Some(prefix.into()));
        self
    }
}

impl_list!(ListTags => models::Ref);

impl_has_options!(Query { repository });

impl List for Query {
    type Item = models::Ref;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, prefix } = self.clone();
        Box::pin(async move {
            let request = repository.api().list_tags().repository(repository.name());
            let request = request
                .after(after)
                .amount(amount)
                .apply_if_some(prefix, |request, prefix| request.prefix(prefix));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
