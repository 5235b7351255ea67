//! Dumps of the references of a repository, and their restoration.

use futures::future::BoxFuture;

use crate::Result;
use crate::handles::repository::Repository;
use crate::models::{RefsDump, RefsRestore, RepositoryDumpStatus, RepositoryRestoreStatus};
use crate::requests::support::{awaits, flags};
use crate::task::{Job, Outcome, Task};

/// Writes branches, tags and commits to the storage; see [`Repository::dump`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Dump {
    repository: Repository,
}

impl Dump {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository }
    }

    /// Starts it in the background, for a repository that is too large for one request.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such repository.
    pub async fn start(self) -> Result<Task<DumpTask>> {
        let api = self.repository.api();
        let started = api.dump_submit().repository(self.repository.name()).send().await?.into_inner();
        Ok(self.repository.dump_task(started.id))
    }

    async fn send(self) -> Result<RefsDump> {
        let api = self.repository.api();
        Ok(api.dump_refs().repository(self.repository.name()).send().await?.into_inner())
    }
}

awaits!(Dump => RefsDump);

/// Reads branches, tags and commits from the storage; see [`Repository::restore`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Restore {
    repository: Repository,
    body: RefsRestore,
}

impl Restore {
    pub(crate) fn new(repository: Repository, dump: RefsDump) -> Self {
        let RefsDump { branches_meta_range_id, commits_meta_range_id, tags_meta_range_id } = dump;
        let body =
            RefsRestore { branches_meta_range_id, commits_meta_range_id, tags_meta_range_id, force: None };
        Self { repository, body }
    }

    flags! {
        /// Restores even if the repository is read-only.
        force => body.force;
    }

    /// Starts it in the background, for a dump that is too large for one request.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the repository is not bare. That the dump is not there is
    /// told by the task.
    pub async fn start(self) -> Result<Task<RestoreTask>> {
        let request = self.repository.api().restore_submit().repository(self.repository.name());
        let started = request.body(self.body).send().await?.into_inner();
        Ok(self.repository.restore_task(started.id))
    }

    async fn send(self) -> Result<()> {
        let request = self.repository.api().restore_refs().repository(self.repository.name());
        request.body(self.body).send().await?;
        Ok(())
    }
}

awaits!(Restore => ());

/// The work of a dump; see [`Dump::start`].
#[derive(Clone, Debug)]
pub struct DumpTask {
    pub(crate) repository: Repository,
}

/// The work of a restoration; see [`Restore::start`].
#[derive(Clone, Debug)]
pub struct RestoreTask {
    pub(crate) repository: Repository,
}

impl Job for DumpTask {
    type Status = RepositoryDumpStatus;
    type Output = RefsDump;
    const OPERATION: &'static str = "dump_submit";

    fn action(&self, _: &str) -> String {
        format!("dump the references of repository {:?}", self.repository.name())
    }

    fn status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { repository }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.api().dump_status().repository(repository.name());
            Ok(request.task_id(id).send().await?.into_inner())
        })
    }

    fn outcome(status: &Self::Status) -> Outcome<Self::Output> {
        match &status.error {
            Some(error) => Outcome::Failed(error.clone()),
            None if status.done => Outcome::Done(status.refs.clone()),
            None => Outcome::Running,
        }
    }
}

impl Job for RestoreTask {
    type Status = RepositoryRestoreStatus;
    type Output = ();
    const OPERATION: &'static str = "restore_submit";

    fn action(&self, _: &str) -> String {
        format!("restore the references of repository {:?}", self.repository.name())
    }

    fn status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { repository }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.api().restore_status().repository(repository.name());
            Ok(request.task_id(id).send().await?.into_inner())
        })
    }

    fn outcome(status: &Self::Status) -> Outcome<Self::Output> {
        match &status.error {
            Some(error) => Outcome::Failed(error.clone()),
            None if status.done => Outcome::Done(Some(())),
            None => Outcome::Running,
        }
    }
}
