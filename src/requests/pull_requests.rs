//! Pull requests: create, update, merge and list.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use crate::api::Response;
use crate::error::Result;
use crate::http::reconcile::{Created, Effect, OnMissing, RequestStart, reconcile};
use crate::macros::{ApplyIfSome as _, impl_has_options, impl_into_future, impl_list};
use crate::models::{
    self, PullRequestBasic, PullRequestCreation, PullRequestCreationResponse, PullRequestStatus,
    PullRequestStatusFilter,
};
use crate::pager::{List, Page, Pager};
use crate::ref_expr::BranchName;
use crate::requests::conflicts::{ThreeWay, with_conflicts};
use crate::scope::RepositoryScope;

/// The time to list pull requests before one is created. It is created without the list if listing takes longer.
const LIST_TIMEOUT: Duration = Duration::from_secs(2);

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
        let before = EqualPullRequests::read(&repository, &body).await;
        let request = repository.api().create_pull_request().repository(repository.name());
        let sent = request.body(body.clone()).send().await.map(Response::into_inner);
        let policy = repository.api().retries();
        let find_applied = || before.find_new(&repository, &body);
        reconcile(sent, policy, find_applied, OnMissing::Unknown).await
    }
}

/// The newest pull requests that are equal to one that is created, before the request.
///
/// Equal pull requests can follow each other within a second, so dates do not suffice to tell them apart.
struct EqualPullRequests {
    start: RequestStart,
    /// Their ids. `None` if they could not be read.
    ids: Option<Vec<String>>,
}

impl EqualPullRequests {
    async fn read(repository: &RepositoryScope, body: &PullRequestCreation) -> Self {
        let listed = tokio::time::timeout(LIST_TIMEOUT, list_equal(repository, body)).await;
        let listed = listed.ok().and_then(Result::ok);
        let ids = listed.map(|(equal, _)| equal.into_iter().map(|found| found.id).collect());
        Self { start: RequestStart::now(), ids }
    }

    /// Searches for the one that was created since.
    async fn find_new(
        &self,
        repository: &RepositoryScope,
        body: &PullRequestCreation,
    ) -> Result<Effect<PullRequestCreationResponse>> {
        let sent = Instant::now();
        let (mut equal, date) = list_equal(repository, body).await?;
        equal.retain(|found| {
            let created = self.start.compare(found.creation_date.timestamp(), date.as_deref(), sent);
            created != Created::Before && self.ids.as_ref().is_none_or(|ids| !ids.contains(&found.id))
        });
        let mut new = Vec::new();
        for found in equal {
            // The list lacks descriptions.
            let description = get(repository, &found.id).await?.description.unwrap_or_default();
            if description == body.description.as_deref().unwrap_or_default() {
                new.push(found.id);
            }
        }
        Ok(match (new.pop(), new.is_empty()) {
            (None, _) => Effect::Missing,
            (Some(id), true) if self.ids.is_some() => Effect::Applied(PullRequestCreationResponse { id }),
            (Some(_), _) => Effect::Ambiguous,
        })
    }
}

/// The newest pull requests with the title and the branches of a new one, and the date of the response.
async fn list_equal(
    repository: &RepositoryScope,
    body: &PullRequestCreation,
) -> Result<(Vec<models::PullRequest>, Option<String>)> {
    let response = repository.api().list_pull_requests().repository(repository.name()).send().await?;
    let date = response.header("date").map(str::to_owned);
    let mut equal = response.into_inner().results;
    equal.retain(|found| {
        found.title == body.title
            && found.source_branch == body.source_branch
            && found.destination_branch == body.destination_branch
    });
    Ok((equal, date))
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
        let sent = request.pull_request(&*id).body(body.clone()).send().await.map(Response::into_inner);
        let find_applied = || async {
            let found = get(&repository, &id).await?;
            let is_applied = body.title.as_ref().is_none_or(|title| found.title == *title)
                && body.description.as_ref().is_none_or(|text| found.description.as_ref() == Some(text))
                && body.status.as_ref().is_none_or(|status| found.status == *status);
            Ok(is_applied.then_some(()))
        };
        reconcile(sent, repository.api().retries(), find_applied, OnMissing::Unknown).await
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
        let start = RequestStart::now();
        let request = repository.api().merge_pull_request().repository(repository.name());
        let sent = request.pull_request(&*id).send().await.map(Response::into_inner);
        let find_applied = || find_merge(&repository, &id, start);
        let policy = repository.api().retries();
        match reconcile(sent, policy, find_applied, OnMissing::Unknown).await {
            Err(error) => Err(with_conflicts(error, commits(&repository, &id)).await),
            merged => merged,
        }
    }
}

/// Checks whether the pull request was merged after `start`. The server sets its status after the merge itself, so a pull
/// request that is still open may have been merged in part.
async fn find_merge(
    repository: &RepositoryScope,
    id: &str,
    start: RequestStart,
) -> Result<Effect<models::MergeResult>> {
    let sent = Instant::now();
    let request = repository.api().get_pull_request().repository(repository.name());
    let response = request.pull_request(id).send().await?;
    let date = response.header("date").map(str::to_owned);
    let found = response.into_inner();
    let Some(reference) = found.merged_commit_id.filter(|_| found.status == PullRequestStatus::Merged) else {
        return Ok(Effect::Partial);
    };
    let is_new = found
        .closed_date
        .is_some_and(|closed| start.compare(closed.timestamp(), date.as_deref(), sent) != Created::Before);
    Ok(if is_new { Effect::Applied(models::MergeResult { reference }) } else { Effect::Ambiguous })
}

/// The commits that the merge of a pull request merges.
async fn commits(repository: &RepositoryScope, id: &str) -> Result<ThreeWay> {
    let branches = get(repository, id).await?;
    let source = repository.reference(branches.source_branch);
    ThreeWay::of_merge(&source, &(&*branches.destination_branch).into()).await
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
