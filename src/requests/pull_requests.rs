//! Pull requests: create, update, merge and list.

use futures::future::BoxFuture;

use crate::error::{ErrorKind, Result};
use crate::macros::{ApplyIfSome as _, impl_has_options, impl_into_future, impl_list};
use crate::models::{
    self, PullRequestBasic, PullRequestCreation, PullRequestCreationResponse, PullRequestStatus,
    PullRequestStatusFilter,
};
use crate::pager::{List, Page, Pager};
use crate::ref_expr::BranchName;
use crate::requests::merge::with_conflicts;
use crate::scope::RepositoryScope;

pub(crate) async fn get(repository: &RepositoryScope, id: &str) -> Result<models::PullRequest> {
    let request = repository.api().get_pull_request().repository(repository.name());
    Ok(request.pull_request(id).send().await?.into_inner())
}

/// Creates a pull request, and returns its id.
/// [`Repository::create_pull_request`](crate::Repository::create_pull_request) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreatePullRequestRequest {
    repository: RepositoryScope,
    source: BranchName,
    destination: BranchName,
    title: String,
    description: Option<String>,
}

impl CreatePullRequestRequest {
    pub(crate) fn new(
        repository: RepositoryScope,
        source: BranchName,
        destination: BranchName,
        title: String,
    ) -> Self {
        Self { repository, source, destination, title, description: None }
    }

    /// Sets the description. Default: none.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    async fn execute(self) -> Result<PullRequestCreationResponse> {
        let Self { repository, source, destination, title, description } = self;
        let body = PullRequestCreation {
            source_branch: source.within(&repository)?.to_owned(),
            destination_branch: destination.within(&repository)?.to_owned(),
            title,
            description,
        };
        let request = repository.api().create_pull_request().repository(repository.name());
        Ok(request.body(body).send().await?.into_inner())
    }
}

impl_into_future!(CreatePullRequestRequest { repository } => PullRequestCreationResponse);

/// Changes the title, the description or the status of a pull request.
/// [`PullRequest::update`](crate::PullRequest::update) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct UpdatePullRequestRequest {
    repository: RepositoryScope,
    id: String,
    body: PullRequestBasic,
}

impl UpdatePullRequestRequest {
    pub(crate) fn new(repository: RepositoryScope, id: String) -> Self {
        let body = PullRequestBasic { description: None, status: None, title: None };
        Self { repository, id, body }
    }

    /// Sets the title. Default: unchanged.
    pub fn title(mut self, text: impl Into<String>) -> Self {
        self.body.title = Some(text.into());
        self
    }

    /// Sets the description. Default: unchanged.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.body.description = Some(text.into());
        self
    }

    /// Sets the status. Default: unchanged.
    ///
    /// The server accepts any status at any time. The status `Merged` does not merge; use
    /// [`PullRequest::merge`](crate::PullRequest::merge) for that.
    pub fn status(mut self, status: PullRequestStatus) -> Self {
        self.body.status = Some(status);
        self
    }

    async fn execute(self) -> Result<()> {
        let Self { repository, id, body } = self;
        let request = repository.api().update_pull_request().repository(repository.name());
        request.pull_request(id).body(body).send().await?;
        Ok(())
    }
}

impl_into_future!(UpdatePullRequestRequest { repository } => ());

/// Merges the source branch of a pull request into its destination, and sets its status to `merged`.
/// [`PullRequest::merge`](crate::PullRequest::merge) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct MergePullRequestRequest {
    repository: RepositoryScope,
    id: String,
}

impl MergePullRequestRequest {
    pub(crate) fn new(repository: RepositoryScope, id: String) -> Self {
        Self { repository, id }
    }

    async fn execute(self) -> Result<models::MergeResult> {
        let Self { repository, id } = self;
        let request = repository.api().merge_pull_request().repository(repository.name());
        match request.pull_request(&*id).send().await {
            Ok(merged) => Ok(merged.into_inner()),
            Err(error) if error.kind() == ErrorKind::MergeConflict => match get(&repository, &id).await {
                Ok(branches) => {
                    let source = repository.reference(branches.source_branch);
                    Err(with_conflicts(error, &source, &branches.destination_branch).await)
                }
                // The conflict is the error to report, even without its paths.
                Err(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

impl_into_future!(MergePullRequestRequest { repository } => models::MergeResult);

/// Lists the pull requests of a repository. [`Repository::pull_requests`](crate::Repository::pull_requests) returns it.
///
/// They come in the order of their ids: the newest first, except for pull requests of the same second. A listed pull
/// request lacks its description and its merge commit; [`PullRequest::get`](crate::PullRequest::get) reads them.
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListPullRequests {
    pager: Pager<models::PullRequest, PullRequestPages>,
}

impl ListPullRequests {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { pager: Pager::new(PullRequestPages { repository, prefix: None, status: None }) }
    }

    /// Lists only pull requests whose id starts with `prefix`. Default: all.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|pages| pages.prefix = Some(prefix.into()));
        self
    }

    /// Lists only open pull requests, or only closed ones, which include the merged ones. Default: all.
    pub fn status(mut self, status: PullRequestStatusFilter) -> Self {
        self.pager = self.pager.with(|pages| pages.status = Some(status));
        self
    }
}

impl_list!(ListPullRequests => models::PullRequest);

#[derive(Clone, Debug)]
struct PullRequestPages {
    repository: RepositoryScope,
    prefix: Option<String>,
    status: Option<PullRequestStatusFilter>,
}

impl_has_options!(PullRequestPages { repository });

impl List for PullRequestPages {
    type Item = models::PullRequest;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, prefix, status } = self.clone();
        Box::pin(async move {
            let request = repository.api().list_pull_requests().repository(repository.name());
            let request = request
                .after(after)
                .amount(amount)
                .apply_if_some(prefix, |request, prefix| request.prefix(prefix))
                .apply_if_some(status, |request, status| request.status(status));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
