//! Garbage collection: its rules, and the lists that the server prepares for a collector.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use futures::future::BoxFuture;
use futures::stream::FusedStream;

use crate::error::Result;
use crate::http::options::HasOptions as _;
use crate::macros::{impl_has_options, impl_into_future, list_call_options};
use crate::models::{
    GarbageCollectionPrepareResponse, GarbageCollectionRule, GarbageCollectionRules,
    PrepareGarbageCollectionCommitsStatus, PrepareGcUncommittedRequest, PrepareGcUncommittedResponse,
};
use crate::pager::{List, Page, Pager};
use crate::ref_expr::BranchName;
use crate::scope::RepositoryScope;
use crate::task::{Task, TaskKind, TaskPoller, TaskState, sealed};

pub(crate) async fn get_rules(repository: &RepositoryScope) -> Result<GarbageCollectionRules> {
    Ok(repository.api().get_gc_rules().repository(repository.name()).send().await?.into_inner())
}

pub(crate) async fn delete_rules(repository: &RepositoryScope) -> Result<()> {
    repository.api().delete_gc_rules().repository(repository.name()).send().await?;
    Ok(())
}

/// Replaces the garbage collection rules of a repository. [`GcRules::set`](crate::GcRules::set) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct SetGcRulesRequest {
    repository: RepositoryScope,
    default_retention_days: i64,
    branches: Vec<(BranchName, i64)>,
}

impl SetGcRulesRequest {
    pub(crate) fn new(repository: RepositoryScope, default_retention_days: i64) -> Self {
        Self { repository, default_retention_days, branches: Vec::new() }
    }

    /// Sets the number of days for one branch. Call it once for each branch. Default: the default number of days, for
    /// all branches.
    pub fn branch(mut self, branch: impl Into<BranchName>, retention_days: i64) -> Self {
        self.branches.push((branch.into(), retention_days));
        self
    }

    async fn execute(self) -> Result<()> {
        let Self { repository, default_retention_days, branches } = self;
        let branches = branches
            .iter()
            .map(|(branch, retention_days)| {
                let branch_id = branch.within(&repository)?.to_owned();
                Ok(GarbageCollectionRule { branch_id, retention_days: *retention_days })
            })
            .collect::<Result<_>>()?;
        let request = repository.api().set_gc_rules().repository(repository.name());
        request.body(GarbageCollectionRules { default_retention_days, branches }).send().await?;
        Ok(())
    }
}

impl_into_future!(SetGcRulesRequest { repository } => ());

/// Writes the list of expired commits and of retained commits to the storage, for a collector.
/// [`GarbageCollection::prepare_commits`](crate::GarbageCollection::prepare_commits) returns it.
///
/// If you await the request, the server writes the list before it responds, in one HTTP request. For a large
/// repository use [`wait_for_completion`](Self::wait_for_completion) or [`start`](Self::start): the server then works
/// in the background.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct PrepareCommitsRequest {
    repository: RepositoryScope,
}

impl PrepareCommitsRequest {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { repository }
    }

    /// Starts the preparation in the background, and returns its task without waiting for it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist. If it has no rules, the task fails, not
    /// this call.
    pub async fn start(self) -> Result<Task<PrepareCommitsTask>> {
        let Self { repository } = self;
        let request = repository.api().prepare_garbage_collection_commits_async();
        let started = request.repository(repository.name()).send().await?.into_inner();
        Ok(Task::new(PrepareCommitsTask::new(repository), started.id))
    }

    /// Starts the preparation in the background and waits for completion. Await the poller for the result, or read it
    /// as a stream of statuses.
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`Task::wait_for_completion`].
    pub fn wait_for_completion(mut self) -> TaskPoller<PrepareCommitsTask> {
        let options = self.repository.options_mut().clone();
        TaskPoller::starting(options, |options| {
            *self.repository.options_mut() = options;
            Box::pin(self.start())
        })
    }

    async fn execute(self) -> Result<GarbageCollectionPrepareResponse> {
        let Self { repository } = self;
        let request = repository.api().prepare_garbage_collection_commits();
        Ok(request.repository(repository.name()).send().await?.into_inner())
    }
}

impl_into_future!(PrepareCommitsRequest { repository } => GarbageCollectionPrepareResponse);

/// The [kind](TaskKind) of a preparation of commits. [`PrepareCommitsRequest::start`] starts it,
/// [`GarbageCollection::prepare_commits_task`](crate::GarbageCollection::prepare_commits_task) finds it again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrepareCommitsTask {
    repository: RepositoryScope,
}

impl PrepareCommitsTask {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { repository }
    }
}

impl_has_options!(PrepareCommitsTask { repository });

impl sealed::Sealed for PrepareCommitsTask {}

impl TaskKind for PrepareCommitsTask {
    type Status = PrepareGarbageCollectionCommitsStatus;
    type Output = GarbageCollectionPrepareResponse;
    const OPERATION: &'static str = "prepare_garbage_collection_commits_async";

    fn describe(&self, _: &str) -> String {
        format!("prepare commits of repository {:?} for garbage collection", self.repository.name())
    }

    fn request_status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { repository }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.api().prepare_garbage_collection_commits_status();
            Ok(request.repository(repository.name()).id(id).send().await?.into_inner())
        })
    }

    fn version(status: &Self::Status) -> i64 {
        status.update_time.timestamp_micros()
    }

    fn state(status: &Self::Status) -> TaskState<Self::Output> {
        match &status.error {
            Some(error) if status.completed => TaskState::Failed(error.message.clone()),
            _ if status.completed => TaskState::Completed(status.result.clone()),
            _ => TaskState::Running,
        }
    }
}

/// Writes the lists of the uncommitted objects to the storage, for a collector. Each request writes one part.
/// [`GarbageCollection::prepare_uncommitted`](crate::GarbageCollection::prepare_uncommitted) returns it.
///
/// It is a stream of the parts, all of which belong to one run. If nothing is uncommitted, it yields one part whose
/// location is empty. Reading the next item makes the server write the next part.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut parts = repository.garbage_collection().prepare_uncommitted();
/// while let Some(part) = parts.try_next().await? {
///     println!("run {}: {}", part.run_id, part.gc_uncommitted_location);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct PrepareUncommittedParts {
    pager: Pager<PrepareGcUncommittedResponse, UncommittedParts>,
}

impl PrepareUncommittedParts {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { pager: Pager::new(UncommittedParts { repository }) }
    }

    /// Continues a run after a part, of which you pass the `continuation_token`. Default: a new run.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), when the stream is read: the token is not valid.
    pub fn continuation_token(mut self, token: impl Into<String>) -> Self {
        self.pager = self.pager.after(token);
        self
    }

    list_call_options!();
}

impl Stream for PrepareUncommittedParts {
    type Item = Result<PrepareGcUncommittedResponse>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.pager).poll_next(cx)
    }
}

impl FusedStream for PrepareUncommittedParts {
    fn is_terminated(&self) -> bool {
        self.pager.is_terminated()
    }
}

#[derive(Clone, Debug)]
struct UncommittedParts {
    repository: RepositoryScope,
}

impl_has_options!(UncommittedParts { repository });

impl List for UncommittedParts {
    type Item = PrepareGcUncommittedResponse;

    fn page(&self, after: String, _: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let repository = self.repository.clone();
        Box::pin(async move {
            let continuation_token = Some(after).filter(|token| !token.is_empty());
            let request = repository.api().prepare_garbage_collection_uncommitted();
            let request = request.repository(repository.name());
            let part = request.body(PrepareGcUncommittedRequest { continuation_token }).send().await?;
            let part = part.into_inner();
            let next = part.continuation_token.clone().filter(|token| !token.is_empty());
            Ok(Page { items: vec![part], next })
        })
    }
}
