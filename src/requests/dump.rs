//! Dumps of the references of a repository, and restores from them.

use futures::future::BoxFuture;

use crate::error::Result;
use crate::http::options::HasOptions as _;
use crate::macros::{bool_setters, impl_has_options, impl_into_future};
use crate::models::{RefsDump, RefsRestore, RepositoryDumpStatus, RepositoryRestoreStatus};
use crate::scope::RepositoryScope;
use crate::task::{Task, TaskKind, TaskPoller, TaskState, sealed};

/// Writes all branches, tags and commits of a repository to its storage.
/// [`Repository::dump`](crate::Repository::dump) returns it.
///
/// If you await the request, the server dumps before it responds, in one HTTP request. For a large repository, use
/// [`wait_for_completion`](Self::wait_for_completion) or [`start`](Self::start): the server then dumps in the
/// background.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DumpRequest {
    repository: RepositoryScope,
}

impl DumpRequest {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { repository }
    }

    /// Starts the dump in the background, and returns its task without waiting for it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub async fn start(self) -> Result<Task<DumpTask>> {
        let Self { repository } = self;
        let started = repository.api().dump_submit().repository(repository.name()).send().await?;
        Ok(Task::new(DumpTask::new(repository), started.into_inner().id))
    }

    /// Starts the dump in the background and waits for completion. Await the poller for the dump, or read it as a
    /// stream of statuses.
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`Task::wait_for_completion`].
    pub fn wait_for_completion(mut self) -> TaskPoller<DumpTask> {
        let options = self.repository.options_mut().clone();
        TaskPoller::starting(options, |options| {
            *self.repository.options_mut() = options;
            Box::pin(self.start())
        })
    }

    async fn execute(self) -> Result<RefsDump> {
        let Self { repository } = self;
        Ok(repository.api().dump_refs().repository(repository.name()).send().await?.into_inner())
    }
}

impl_into_future!(DumpRequest { repository } => RefsDump);

/// Reads all branches, tags and commits of a dump from the storage into a bare repository.
/// [`Repository::restore`](crate::Repository::restore) returns it.
///
/// If you await the request, the server restores before it responds, in one HTTP request. For a large dump, use
/// [`wait_for_completion`](Self::wait_for_completion) or [`start`](Self::start): the server then restores in the
/// background.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct RestoreRequest {
    repository: RepositoryScope,
    body: RefsRestore,
}

impl RestoreRequest {
    pub(crate) fn new(repository: RepositoryScope, dump: RefsDump) -> Self {
        let RefsDump { branches_meta_range_id, commits_meta_range_id, tags_meta_range_id } = dump;
        let body =
            RefsRestore { branches_meta_range_id, commits_meta_range_id, tags_meta_range_id, force: None };
        Self { repository, body }
    }

    bool_setters! {
        /// Restores even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    /// Starts the restore in the background, and returns its task without waiting for it.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the repository is not bare. If the dump is missing, the
    /// task fails, not this call.
    pub async fn start(self) -> Result<Task<RestoreTask>> {
        let Self { repository, body } = self;
        let request = repository.api().restore_submit().repository(repository.name());
        let started = request.body(body).send().await?.into_inner();
        Ok(Task::new(RestoreTask::new(repository), started.id))
    }

    /// Starts the restore in the background and waits for completion. Await the poller, or read it as a stream of
    /// statuses.
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`Task::wait_for_completion`].
    pub fn wait_for_completion(mut self) -> TaskPoller<RestoreTask> {
        let options = self.repository.options_mut().clone();
        TaskPoller::starting(options, |options| {
            *self.repository.options_mut() = options;
            Box::pin(self.start())
        })
    }

    async fn execute(self) -> Result<()> {
        let Self { repository, body } = self;
        repository.api().restore_refs().repository(repository.name()).body(body).send().await?;
        Ok(())
    }
}

impl_into_future!(RestoreRequest { repository } => ());

/// The [kind](TaskKind) of a dump. [`DumpRequest::start`] starts it,
/// [`Repository::dump_task`](crate::Repository::dump_task) finds it again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DumpTask {
    repository: RepositoryScope,
}

/// The [kind](TaskKind) of a restore. [`RestoreRequest::start`] starts it,
/// [`Repository::restore_task`](crate::Repository::restore_task) finds it again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RestoreTask {
    repository: RepositoryScope,
}

impl DumpTask {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { repository }
    }
}

impl RestoreTask {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { repository }
    }
}

impl_has_options!(DumpTask { repository });

impl sealed::Sealed for DumpTask {}

impl TaskKind for DumpTask {
    type Status = RepositoryDumpStatus;
    type Output = RefsDump;
    const OPERATION: &'static str = "dump_submit";

    fn describe(&self, _: &str) -> String {
        format!("dump the references of repository {:?}", self.repository.name())
    }

    fn request_status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { repository }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.api().dump_status().repository(repository.name());
            Ok(request.task_id(id).send().await?.into_inner())
        })
    }

    fn version(status: &Self::Status) -> i64 {
        status.update_time.timestamp_micros()
    }

    fn state(status: &Self::Status) -> TaskState<Self::Output> {
        match &status.error {
            Some(error) => TaskState::Failed(error.clone()),
            None if status.done => TaskState::Completed(status.refs.clone()),
            None => TaskState::Running,
        }
    }
}

impl_has_options!(RestoreTask { repository });

impl sealed::Sealed for RestoreTask {}

impl TaskKind for RestoreTask {
    type Status = RepositoryRestoreStatus;
    type Output = ();
    const OPERATION: &'static str = "restore_submit";

    fn describe(&self, _: &str) -> String {
        format!("restore the references of repository {:?}", self.repository.name())
    }

    fn request_status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { repository }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.api().restore_status().repository(repository.name());
            Ok(request.task_id(id).send().await?.into_inner())
        })
    }

    fn version(status: &Self::Status) -> i64 {
        status.update_time.timestamp_micros()
    }

    fn state(status: &Self::Status) -> TaskState<Self::Output> {
        match &status.error {
            Some(error) => TaskState::Failed(error.clone()),
            None if status.done => TaskState::Completed(Some(())),
            None => TaskState::Running,
        }
    }
}
