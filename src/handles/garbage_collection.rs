//! What is kept of the past of a repository, and the preparation of its removal.

use futures::future::BoxFuture;

use crate::Result;
use crate::handles::repository::Repository;
use crate::models::{
    self, GarbageCollectionPrepareResponse, GarbageCollectionRule, GarbageCollectionRules,
    PrepareGcUncommittedRequest, PrepareGcUncommittedResponse,
};
use crate::pager::Pager;
use crate::pager::{List, Page};
use crate::requests::support::{awaits, opt};
use crate::task::{Job, Outcome, Task};

/// The garbage collection of a repository: its rules, and what the server prepares for a collector.
///
/// lakeFS itself removes nothing. A collector asks the server which commits have expired and which objects nobody has
/// committed, and deletes what is left over.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let collection = repository.garbage_collection();
/// collection.rules().set(28).branch("main", 365).await?;
///
/// let task = collection.start_preparing_commits().await?;
/// let prepared = task.wait().await?;
/// println!("run {} has its commits at {}", prepared.run_id, prepared.gc_commits_location);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GarbageCollection {
    repository: Repository,
}

impl GarbageCollection {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository }
    }

    /// The rules that say how long commits are kept.
    #[must_use]
    pub fn rules(&self) -> GcRules {
        GcRules { repository: self.repository.clone() }
    }

    /// Writes the list of the commits that have expired and of those that have not, and says where it is.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository has no rules, or does not exist.
    /// [`Unsupported`](crate::ErrorKind::Unsupported): the storage has no signed addresses. Then
    /// [`start_preparing_commits`](Self::start_preparing_commits) works, which answers none.
    pub async fn prepare_commits(&self) -> Result<GarbageCollectionPrepareResponse> {
        let api = self.repository.api();
        let request = api.prepare_garbage_collection_commits().repository(self.repository.name());
        Ok(request.send().await?.into_inner())
    }

    /// Starts what [`prepare_commits`](Self::prepare_commits) does, and does not wait for it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such repository.
    pub async fn start_preparing_commits(&self) -> Result<Task<PrepareCommitsTask>> {
        let api = self.repository.api();
        let request = api.prepare_garbage_collection_commits_async().repository(self.repository.name());
        Ok(self.commits_preparation(request.send().await?.into_inner().id))
    }

    /// A preparation that was started before, by its id.
    #[must_use]
    pub fn commits_preparation(&self, id: impl Into<String>) -> Task<PrepareCommitsTask> {
        Task::new(PrepareCommitsTask { repository: self.repository.clone() }, id)
    }

    /// Writes the lists of the objects that are staged and not committed, part after part.
    ///
    /// All parts belong to one run. Where nothing is staged, there is one, whose location is empty. To go on later,
    /// hand the `continuation_token` of the last part to [`Pager::after`]; the size of a page means nothing here.
    pub fn prepare_uncommitted(&self) -> Pager<PrepareGcUncommittedResponse, PrepareUncommittedParts> {
        Pager::new(PrepareUncommittedParts { repository: self.repository.clone() })
    }
}

/// The parts of a preparation; see [`GarbageCollection::prepare_uncommitted`].
#[derive(Clone, Debug)]
pub struct PrepareUncommittedParts {
    repository: Repository,
}

impl List for PrepareUncommittedParts {
    type Item = PrepareGcUncommittedResponse;

    fn page(&self, after: String, _: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let repository = self.repository.clone();
        Box::pin(async move {
            let body = PrepareGcUncommittedRequest {
                continuation_token: Some(after).filter(|token| !token.is_empty()),
            };
            let api = repository.api();
            let request = api.prepare_garbage_collection_uncommitted().repository(repository.name());
            let part = request.body(body).send().await?.into_inner();
            let next = part.continuation_token.clone().filter(|token| !token.is_empty());
            Ok(Page { items: vec![part], next })
        })
    }
}

/// The work of a preparation of commits; see [`GarbageCollection::start_preparing_commits`].
#[derive(Clone, Debug)]
pub struct PrepareCommitsTask {
    repository: Repository,
}

impl Job for PrepareCommitsTask {
    type Status = models::PrepareGarbageCollectionCommitsStatus;
    type Output = GarbageCollectionPrepareResponse;
    const OPERATION: &'static str = "prepare_garbage_collection_commits_async";

    fn action(&self, _: &str) -> String {
        format!("prepare commits of repository {:?} for collection", self.repository.name())
    }

    fn status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { repository }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.api().prepare_garbage_collection_commits_status();
            Ok(request.repository(repository.name()).id(id).send().await?.into_inner())
        })
    }

    fn outcome(status: &Self::Status) -> Outcome<Self::Output> {
        match &status.error {
            Some(error) if status.completed => Outcome::Failed(error.message.clone()),
            _ if status.completed => Outcome::Done(status.result.clone()),
            _ => Outcome::Running,
        }
    }
}

/// How long the commits of a repository are kept that no branch needs; see [`GarbageCollection::rules`].
#[derive(Clone, Debug)]
pub struct GcRules {
    repository: Repository,
}

impl GcRules {
    /// Reads the rules.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<GarbageCollectionRules> {
        let api = self.repository.api();
        Ok(api.get_gc_rules().repository(self.repository.name()).send().await?.into_inner())
    }

    /// Reads the rules, or `None` if there are none, or no such repository.
    pub async fn get_opt(&self) -> Result<Option<GarbageCollectionRules>> {
        opt(self.get().await)
    }

    /// Replaces the rules: commits are kept for so many days, but for [branches](SetGcRulesRequest::branch) with a number of
    /// their own.
    pub fn set(&self, default_retention_days: i64) -> SetGcRulesRequest {
        let body = GarbageCollectionRules { default_retention_days, branches: Vec::new() };
        SetGcRulesRequest { repository: self.repository.clone(), body }
    }

    /// Removes the rules, if there are any: nothing expires.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such repository.
    pub async fn delete(&self) -> Result<()> {
        let api = self.repository.api();
        api.delete_gc_rules().repository(self.repository.name()).send().await?;
        Ok(())
    }
}

/// Replaces the garbage collection rules of a repository; see [`GcRules::set`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct SetGcRulesRequest {
    repository: Repository,
    body: GarbageCollectionRules,
}

impl SetGcRulesRequest {
    /// Adds a branch with a number of days of its own.
    pub fn branch(mut self, name: impl Into<String>, retention_days: i64) -> Self {
        self.body.branches.push(GarbageCollectionRule { branch_id: name.into(), retention_days });
        self
    }

    async fn send(self) -> Result<()> {
        let request = self.repository.api().set_gc_rules().repository(self.repository.name());
        request.body(self.body).send().await?;
        Ok(())
    }
}

awaits!(SetGcRulesRequest => ());
