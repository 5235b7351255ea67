//! Pull requests.

use futures::future::BoxFuture;

use crate::handles::repository::Repository;
use crate::models::{
    self, ListPullRequestsStatus, PullRequestBasic, PullRequestBasicStatus, PullRequestCreation,
};
use crate::pager::Pager;
use crate::pager::{List, Page};
use crate::requests::merge::with_conflicts;
use crate::requests::support::{When as _, awaits, opt};
use crate::{ErrorKind, Result};

/// A pull request by its identifier, whether it exists or not.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let request = repository.create_pull_request("experiment1", "main", "New data").await?;
/// // When it has been looked at:
/// let merged = repository.pull_request(request.id()).merge().await?;
/// println!("{}", merged.reference);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PullRequest {
    repository: Repository,
    id: String,
}

impl PullRequest {
    pub(crate) fn new(repository: Repository, id: String) -> Self {
        Self { repository, id }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The repository that it belongs to.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Reads what is known of it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::PullRequest> {
        let api = self.repository.api();
        let request = api.get_pull_request().repository(self.repository.name()).pull_request(self.id());
        Ok(request.send().await?.into_inner())
    }

    /// Reads what is known of it, or `None` if there is no such pull request, or no such repository.
    pub async fn get_opt(&self) -> Result<Option<models::PullRequest>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Changes what is said: title, description, status. The rest stays.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub fn update(&self) -> UpdatePullRequestRequest {
        let body = PullRequestBasic { description: None, status: None, title: None };
        UpdatePullRequestRequest { pull_request: self.clone(), body }
    }

    /// Closes it without a merge. An [`update`](Self::update) of its status opens it again.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn close(&self) -> Result<()> {
        self.update().status(PullRequestBasicStatus::Closed).await
    }

    /// Merges its source into its destination, and closes it as merged.
    ///
    /// The two are not one: where it fails in between, the branches are merged, and the pull request stays open.
    ///
    /// # Errors
    /// [`MergeConflict`](crate::ErrorKind::MergeConflict), with the [paths](crate::Error::conflicts);
    /// [`NoChanges`](crate::ErrorKind::NoChanges): there is nothing to merge;
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): it is not open, or something is staged on its
    /// destination; [`HookFailed`](crate::ErrorKind::HookFailed).
    pub async fn merge(&self) -> Result<models::MergeResult> {
        let api = self.repository.api();
        let request = api.merge_pull_request().repository(self.repository.name()).pull_request(self.id());
        match request.send().await {
            Ok(merged) => Ok(merged.into_inner()),
            Err(error) if error.kind() == ErrorKind::MergeConflict => match self.get().await {
                Ok(branches) => {
                    let source = self.repository.reference(branches.source_branch);
                    Err(with_conflicts(error, &source.scope(), &branches.destination_branch).await)
                }
                // That there are conflicts is what matters.
                Err(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

/// Opens a pull request; see [`Repository::create_pull_request`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreatePullRequestRequest {
    repository: Repository,
    body: PullRequestCreation,
}

impl CreatePullRequestRequest {
    pub(crate) fn new(repository: Repository, source: String, destination: String, title: String) -> Self {
        let body = PullRequestCreation {
            source_branch: source,
            destination_branch: destination,
            title,
            description: None,
        };
        Self { repository, body }
    }

    /// What it is about, at length.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.body.description = Some(text.into());
        self
    }

    async fn send(self) -> Result<PullRequest> {
        let api = self.repository.api();
        let request = api.create_pull_request().repository(self.repository.name()).body(self.body);
        let created = request.send().await?.into_inner();
        Ok(PullRequest::new(self.repository, created.id))
    }
}

awaits!(CreatePullRequestRequest => PullRequest);

/// Changes a pull request; see [`PullRequest::update`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct UpdatePullRequestRequest {
    pull_request: PullRequest,
    body: PullRequestBasic,
}

impl UpdatePullRequestRequest {
    /// The title.
    pub fn title(mut self, text: impl Into<String>) -> Self {
        self.body.title = Some(text.into());
        self
    }

    /// What it is about, at length.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.body.description = Some(text.into());
        self
    }

    /// Whether it is open. The server takes any status at any time; `Merged` does not merge.
    pub fn status(mut self, status: PullRequestBasicStatus) -> Self {
        self.body.status = Some(status);
        self
    }

    async fn send(self) -> Result<()> {
        let PullRequest { repository, id } = self.pull_request;
        let request = repository.api().update_pull_request().repository(repository.name());
        request.pull_request(id).body(self.body).send().await?;
        Ok(())
    }
}

awaits!(UpdatePullRequestRequest => ());

/// The list of the pull requests of a repository; see [`Repository::pull_requests`].
#[derive(Clone, Debug)]
pub struct PullRequests {
    repository: Repository,
    prefix: Option<String>,
    status: Option<ListPullRequestsStatus>,
}

impl PullRequests {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository, prefix: None, status: None }
    }
}

impl Pager<models::PullRequest, PullRequests> {
    /// Only those whose identifier begins so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.prefix = Some(prefix.into()))
    }

    /// Only those that are open, or those that are closed, merged ones included: all of them unless said otherwise.
    pub fn status(self, status: ListPullRequestsStatus) -> Self {
        self.with(|list| list.status = Some(status))
    }
}

impl List for PullRequests {
    type Item = models::PullRequest;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, prefix, status } = self.clone();
        Box::pin(async move {
            let request = repository.api().list_pull_requests().repository(repository.name());
            let request = request
                .after(after)
                .amount(amount)
                .when(prefix, |request, prefix| request.prefix(prefix))
                .when(status, |request, status| request.status(status));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
