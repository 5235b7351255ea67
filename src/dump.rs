//! Dumps of the references of a repository, and their restoration.

use futures::future::BoxFuture;

use crate::Result;
use crate::models::{RefsDump, RefsRestore, RepositoryDumpStatus, RepositoryRestoreStatus};
use crate::repository::Repository;
use crate::request::{awaits, flags};
use crate::task::{Job, Task};

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
    pub async fn start(self) -> Result<Task<Dumping>> {
        let api = self.repository.client.api();
        let started = api.dump_submit().repository(self.repository.name()).send().await?.into_inner();
        Ok(self.repository.dump_task(started.id))
    }

    async fn send(self) -> Result<RefsDump> {
        let api = self.repository.client.api();
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
    pub async fn start(self) -> Result<Task<Restoring>> {
        let request = self.repository.client.api().restore_submit().repository(self.repository.name());
        let started = request.body(self.body).send().await?.into_inner();
        Ok(self.repository.restore_task(started.id))
    }

    async fn send(self) -> Result<()> {
        let request = self.repository.client.api().restore_refs().repository(self.repository.name());
        request.body(self.body).send().await?;
        Ok(())
    }
}

awaits!(Restore => ());

/// The work of a dump.
#[derive(Debug)]
pub enum Dumping {}

/// The work of a restoration.
#[derive(Debug)]
pub enum Restoring {}

impl Job for Dumping {
    type Status = RepositoryDumpStatus;
    type Output = RefsDump;
    const OPERATION: &'static str = "dump_submit";
    const ACTION: &'static str = "dump the references of repository";

    fn status(repository: &Repository, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (repository, id) = (repository.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.client.api().dump_status().repository(repository.name());
            Ok(request.task_id(id).send().await?.into_inner())
        })
    }

    fn outcome(status: &Self::Status) -> Option<Result<Self::Output, String>> {
        match (&status.error, &status.refs) {
            (Some(error), _) => Some(Err(error.clone())),
            (None, Some(refs)) if status.done => Some(Ok(refs.clone())),
            (None, _) if status.done => {
                Some(Err("the server is done, and does not say with what".to_owned()))
            }
            (None, _) => None,
        }
    }
}

impl Job for Restoring {
    type Status = RepositoryRestoreStatus;
    type Output = ();
    const OPERATION: &'static str = "restore_submit";
    const ACTION: &'static str = "restore the references of repository";

    fn status(repository: &Repository, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (repository, id) = (repository.clone(), id.to_owned());
        Box::pin(async move {
            let request = repository.client.api().restore_status().repository(repository.name());
            Ok(request.task_id(id).send().await?.into_inner())
        })
    }

    fn outcome(status: &Self::Status) -> Option<Result<Self::Output, String>> {
        match &status.error {
            Some(error) => Some(Err(error.clone())),
            None => status.done.then_some(Ok(())),
        }
    }
}
