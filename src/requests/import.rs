//! Imports: objects that are in the storage already, without their data being moved.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use crate::Result;
use crate::handles::branch::Branch;
use crate::models::{self, CommitCreation, ImportCreation, ImportLocation, ImportLocationType, ImportStatus};
use crate::requests::support::{awaits, flags};
use crate::task::{Job, Outcome, Task};

/// Starts an import; see [`Branch::import`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Import {
    branch: Branch,
    body: ImportCreation,
}

impl Import {
    pub(crate) fn new(branch: Branch) -> Self {
        // What the server reads of it: message and metadata.
        let commit = CommitCreation {
            message: String::new(),
            metadata: BTreeMap::new(),
            date: None,
            allow_empty: None,
            force: None,
        };
        Self { branch, body: ImportCreation { commit, force: None, paths: Vec::new() } }
    }

    /// Imports all objects of the storage whose address begins so (`s3://bucket/raw/`), as objects whose path begins
    /// with `destination`. Objects of the branch under that path which are not among them are gone afterwards.
    pub fn prefix(self, address: impl Into<String>, destination: impl Into<String>) -> Self {
        self.path(ImportLocationType::CommonPrefix, address.into(), destination.into())
    }

    /// Imports one object of the storage as the object at `destination`.
    pub fn object(self, address: impl Into<String>, destination: impl Into<String>) -> Self {
        self.path(ImportLocationType::Object, address.into(), destination.into())
    }

    fn path(mut self, type_: ImportLocationType, path: String, destination: String) -> Self {
        self.body.paths.push(ImportLocation { type_, path, destination });
        self
    }

    /// The message of the commit, in place of the server's own.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.commit.message = message.into();
        self
    }

    /// Adds a pair to the metadata of the commit.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.commit.metadata.insert(key.into(), value.into());
        self
    }

    flags! {
        /// Imports even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<Task<ImportTask>> {
        let Self { branch, body } = self;
        let repository = branch.repository();
        let api = repository.client.api();
        let nothing = body.paths.is_empty();
        let request = api.import_start().repository(repository.name()).branch(branch.name()).body(body);
        let call = request.call()?;
        if nothing {
            // The server makes an empty commit of it.
            return Err(call.invalid("there is nothing to import"));
        }
        let started = api.transport().json::<models::ImportCreationResponse>(call).await?.into_inner();
        Ok(branch.import_task(started.id))
    }
}

awaits!(Import => Task<ImportTask>);

/// The work of an import; see [`Branch::import`].
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let import = branch.import().prefix("s3://bucket/raw/", "raw/").await?;
/// let mut progress = import.wait();
/// while let Some(status) = progress.try_next().await? {
///     println!("{} objects so far", status.ingested_objects.unwrap_or_default());
/// }
/// let commit = progress.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ImportTask {
    pub(crate) branch: Branch,
}

impl Job for ImportTask {
    type Status = ImportStatus;
    type Output = models::Commit;
    const OPERATION: &'static str = "import_status";

    fn action(&self, id: &str) -> String {
        let (branch, repository) = (self.branch.name(), self.branch.repository().name());
        format!("import {id:?} to branch {branch:?} of repository {repository:?}")
    }

    fn status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { branch }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let repository = branch.repository();
            let request = repository.client.api().import_status().repository(repository.name());
            Ok(request.branch(branch.name()).id(id).send().await?.into_inner())
        })
    }

    /// A failed import is never completed.
    fn outcome(status: &Self::Status) -> Outcome<Self::Output> {
        match &status.error {
            Some(error) => Outcome::Failed(error.message.clone()),
            None if status.completed => Outcome::Done(status.commit.clone()),
            None => Outcome::Running,
        }
    }
}

impl Task<ImportTask> {
    /// Stops the import. What it has imported so far does not come to the branch.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it is completed. [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn cancel(&self) -> Result<()> {
        let branch = &self.job.branch;
        let repository = branch.repository();
        let request = repository.client.api().import_cancel().repository(repository.name());
        request.branch(branch.name()).id(self.id()).send().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::TryStreamExt as _;
    use lakefs_testserver::Server;

    use super::*;
    use crate::{Client, ErrorKind};

    const RUNNING: &str = r#"{"completed":false,"ingested_objects":7,"update_time":"2026-01-01T00:00:00Z"}"#;

    /// An import on a server that tells of it as it is told to.
    async fn import(statuses: &[&'static str]) -> (Server, Task<ImportTask>) {
        let server = Server::start().await.unwrap();
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()
            .unwrap();
        server.faults().on("importStart").reply(202, r#"{"id":"i"}"#);
        for status in statuses {
            server.faults().on("importStatus").reply(200, *status);
        }
        let branch = client.repository("example").branch("main");
        let import = branch.import().prefix("s3://bucket/raw/", "raw/").await.unwrap();
        assert_eq!(import.id(), "i");
        (server, import)
    }

    #[tokio::test]
    async fn progress_is_told_until_there_is_a_commit() {
        let completed = r#"{"completed":true,"ingested_objects":9,"update_time":"2026-01-01T00:00:02Z","commit":{
            "committer":"c","creation_date":1,"id":"abc","message":"m","meta_range_id":"","metadata":{},"parents":[]}}"#;
        let (_server, import) = import(&[RUNNING, RUNNING, completed]).await;
        let mut progress = import.wait().interval(Duration::ZERO);
        let mut objects = Vec::new();
        while let Some(status) = progress.try_next().await.unwrap() {
            objects.push(status.ingested_objects);
        }
        assert_eq!(objects, [Some(7), Some(7), Some(9)]);
        assert_eq!(progress.await.unwrap().id, "abc");
    }

    #[tokio::test]
    async fn a_failure_ends_it_with_the_words_of_the_server() {
        for (words, kind) in [
            ("import error: error on ingest: walker on path s3://b: forbidden", ErrorKind::PermissionDenied),
            ("import error: merge import: uncommitted changes (dirty branch)", ErrorKind::UncommittedChanges),
            ("import error: write range: read-only repository", ErrorKind::WriteProtected),
            ("import error: pre-merge hook aborted, run id 'r': not ok", ErrorKind::HookFailed),
            ("import error: Canceled", ErrorKind::Cancelled),
            ("disk full", ErrorKind::Server),
        ] {
            let status = r#"{"completed":false,"update_time":"2026-01-01T00:00:02Z","error":{"message":""#;
            let status: &'static str = format!("{status}{words}\"}}}}").leak();
            let (_server, import) = import(&[RUNNING, status, status]).await;
            let mut progress = import.wait().interval(Duration::ZERO);
            assert!(progress.try_next().await.is_ok());
            let error = progress.try_next().await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (kind, words));
            assert_eq!(error.action_run_id(), (kind == ErrorKind::HookFailed).then_some("r"));
            assert!(
                error.to_string().starts_with(r#"import "i" to branch "main" of repository "example": "#)
            );
            assert_eq!(progress.try_next().await.unwrap(), None);
            // To who awaits the commit it is told again.
            assert_eq!(progress.await.unwrap_err().message(), words);
        }
    }

    #[tokio::test]
    async fn an_end_without_a_commit_is_no_success() {
        let (_server, import) = import(&[r#"{"completed":true,"update_time":"2026-01-01T00:00:02Z"}"#]).await;
        assert_eq!(import.wait().await.unwrap_err().kind(), ErrorKind::Decode);
    }
}
