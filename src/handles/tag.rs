//! Tags.

use std::ops::Deref;

use futures::future::BoxFuture;

use crate::handles::reference::Reference;
use crate::handles::repository::Repository;
use crate::http::reconcile::{OnMissing, reconcile};
use crate::models::{self, TagCreation};
use crate::pager::{List, Page};
use crate::requests::support::{When as _, awaits, flags, opt};
use crate::{Pager, Result};

/// A tag by its name, whether it exists or not. It can do all that a [`Reference`] can.
///
/// A tag names one commit for as long as it exists: it cannot be moved, only deleted and created again.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let release = repository.tag("v1");
/// release.create("main").await?;
/// let bytes = release.object("data.csv").read().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tag(Reference);

impl Deref for Tag {
    type Target = Reference;

    fn deref(&self) -> &Reference {
        &self.0
    }
}

impl Tag {
    pub(crate) fn new(reference: Reference) -> Self {
        Self(reference)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.expression()
    }

    /// Creates the tag at the commit that `reference` names: a branch, a tag, a commit, or an expression.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): a tag, a branch or a commit of this name exists, be it at the same
    /// commit. [`NotFound`](crate::ErrorKind::NotFound): the reference names nothing.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the name cannot be one, or the reference names what is
    /// staged (`main$`).
    pub fn create(&self, reference: impl Into<String>) -> CreateTagRequest {
        let body = TagCreation { id: self.name().to_owned(), ref_: reference.into(), force: None };
        CreateTagRequest { tag: self.clone(), body }
    }

    /// Reads its commit.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::Ref> {
        let api = self.repository().client.api();
        let request = api.get_tag().repository(self.repository().name()).tag(self.name());
        Ok(request.send().await?.into_inner())
    }

    /// Reads its commit, or `None` if there is no such tag, or no such repository.
    pub async fn get_opt(&self) -> Result<Option<models::Ref>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the tag. Its commit stays.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub fn delete(&self) -> DeleteTagRequest {
        DeleteTagRequest { tag: self.clone(), force: None }
    }
}

/// Creates a tag; see [`Tag::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateTagRequest {
    tag: Tag,
    body: TagCreation,
}

impl CreateTagRequest {
    flags! {
        /// Creates it even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<models::Ref> {
        let Self { tag, body } = self;
        let repository = tag.repository();
        let create = || {
            let request =
                repository.client.api().create_tag().repository(repository.name()).body(body.clone());
            async { Ok(request.send().await?.into_inner()) }
        };
        // A tag of this name at this very commit is what was asked for, whoever made it.
        let find_applied = || async {
            let Some(found) = tag.get_opt().await? else { return Ok(None) };
            let commit = repository.reference(&body.ref_).get_commit().await?;
            Ok((commit.id == found.commit_id).then_some(found))
        };
        reconcile(create().await, find_applied, OnMissing::resend(create())).await
    }
}

awaits!(CreateTagRequest => models::Ref);

/// Deletes a tag; see [`Tag::delete`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteTagRequest {
    tag: Tag,
    force: Option<bool>,
}

impl DeleteTagRequest {
    flags! {
        /// Deletes it even if the repository is read-only.
        force => force;
    }

    async fn send(self) -> Result<()> {
        let repository = self.tag.repository();
        let request = repository.client.api().delete_tag().repository(repository.name()).tag(self.tag.name());
        request.when(self.force, |request, force| request.force(force)).send().await?;
        Ok(())
    }
}

awaits!(DeleteTagRequest => ());

/// The list of the tags of a repository; see [`Repository::tags`].
#[derive(Clone, Debug)]
pub struct Tags {
    repository: Repository,
    prefix: Option<String>,
}

impl Tags {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository, prefix: None }
    }
}

impl Pager<models::Ref, Tags> {
    /// Only those whose name begins so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.prefix = Some(prefix.into()))
    }
}

impl List for Tags {
    type Item = models::Ref;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, prefix } = self.clone();
        Box::pin(async move {
            let request = repository.client.api().list_tags().repository(repository.name());
            let request =
                request.after(after).amount(amount).when(prefix, |request, prefix| request.prefix(prefix));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
