//! Imports: objects that are in the storage already become objects of a branch, without moving their data.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use crate::error::Result;
use crate::http::options::HasOptions as _;
use crate::macros::{bool_setters, impl_has_options, impl_into_future};
use crate::models::{
    self, CommitCreation, ImportCreation, ImportCreationResponse, ImportLocation, ImportLocationType,
    ImportStatus,
};
use crate::request::Request;
use crate::scope::RefScope;
use crate::task::{Task, TaskKind, TaskPoller, TaskState, sealed};

/// Starts an import. [`Branch::import`](crate::Branch::import) returns it.
///
/// Awaiting the request returns a [`Task`] as soon as the server has started the import.
/// [`wait_for_completion`](Self::wait_for_completion) starts the import and returns the commit that it creates.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ImportRequest {
    branch: RefScope,
    body: ImportCreation,
}

impl ImportRequest {
    pub(crate) fn new(branch: RefScope) -> Self {
        // The server reads the message and the metadata, and ignores the rest.
        let commit = CommitCreation {
            message: String::new(),
            metadata: BTreeMap::new(),
            date: None,
            allow_empty: None,
            force: None,
        };
        Self { branch, body: ImportCreation { commit, force: None, paths: Vec::new() } }
    }

    /// Imports all objects in the storage whose URI starts with `source`, such as `s3://bucket/raw/`, to paths that
    /// start with `destination`. Call it once for each prefix.
    ///
    /// The import replaces `destination`: objects of the branch under that path that `source` lacks are removed.
    pub fn prefix(self, source: impl Into<String>, destination: impl Into<String>) -> Self {
        self.location(ImportLocationType::CommonPrefix, source.into(), destination.into())
    }

    /// Imports the object in the storage with the URI `source` to the path `destination`. Call it once for each
    /// object.
    pub fn object(self, source: impl Into<String>, destination: impl Into<String>) -> Self {
        self.location(ImportLocationType::Object, source.into(), destination.into())
    }

    fn location(mut self, type_: ImportLocationType, path: String, destination: String) -> Self {
        self.body.paths.push(ImportLocation { type_, path, destination });
        self
    }

    /// Sets the message of the commit. Default: `Import objects`, which the server sets.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.body.commit.message = message.into();
        self
    }

    /// Adds a key and a value to the metadata of the commit. Default: no metadata.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.commit.metadata.insert(key.into(), value.into());
        self
    }

    bool_setters! {
        /// Imports even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    /// Starts the import and waits for completion. Await the poller for the commit, or read it as a stream of
    /// statuses.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let commit = branch.import().prefix("s3://bucket/raw/", "raw/").wait_for_completion().await?;
    /// println!("imported in commit {}", commit.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of this request and of [`Task::wait_for_completion`].
    pub fn wait_for_completion(mut self) -> TaskPoller<ImportTask> {
        let options = self.branch.options_mut().clone();
        TaskPoller::starting(options, |options| {
            *self.branch.options_mut() = options;
            self.send()
        })
    }

    async fn execute(self) -> Result<Task<ImportTask>> {
        let Self { branch, body } = self;
        let api = branch.api();
        let is_empty = body.paths.is_empty();
        let request = api.import_start().repository(branch.repository().name()).branch(branch.expression());
        let call = request.body(body).call()?;
        if is_empty {
            // The server would make an empty commit.
            return Err(call.invalid("the import has no prefix and no object: add one"));
        }
        let started = api.transport().json::<ImportCreationResponse>(call).await?.into_inner();
        Ok(Task::new(ImportTask { branch }, started.id))
    }
}

impl_into_future!(ImportRequest { branch } => Task<ImportTask>);

/// The [kind](TaskKind) of an import. [`ImportRequest`] starts it,
/// [`Branch::import_task`](crate::Branch::import_task) finds it again.
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut import = branch.import().prefix("s3://bucket/raw/", "raw/").wait_for_completion();
/// while let Some(status) = import.try_next().await? {
///     println!("{} objects so far", status.ingested_objects.unwrap_or_default());
/// }
/// let commit = import.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportTask {
    branch: RefScope,
}

impl ImportTask {
    pub(crate) fn new(branch: RefScope) -> Self {
        Self { branch }
    }
}

impl_has_options!(ImportTask { branch });

impl sealed::Sealed for ImportTask {}

impl TaskKind for ImportTask {
    type Status = ImportStatus;
    type Output = models::Commit;
    const OPERATION: &'static str = "import_status";

    fn describe(&self, id: &str) -> String {
        let (branch, repository) = (self.branch.expression(), self.branch.repository().name());
        format!("import {id:?} to branch {branch:?} of repository {repository:?}")
    }

    fn request_status(&self, id: &str) -> BoxFuture<'static, Result<Self::Status>> {
        let (Self { branch }, id) = (self.clone(), id.to_owned());
        Box::pin(async move {
            let request = branch.api().import_status().repository(branch.repository().name());
            Ok(request.branch(branch.expression()).id(id).send().await?.into_inner())
        })
    }

    fn version(status: &Self::Status) -> i64 {
        status.update_time.timestamp_micros()
    }

    /// A failed import never has the status `completed`.
    fn state(status: &Self::Status) -> TaskState<Self::Output> {
        match &status.error {
            Some(error) => TaskState::Failed(error.message.clone()),
            None if status.completed => TaskState::Completed(status.commit.clone()),
            None => TaskState::Running,
        }
    }
}

impl Task<ImportTask> {
    /// Cancels the import. The branch stays as it is.
    ///
    /// # Errors
    /// * [`Conflict`](crate::ErrorKind::Conflict): the import is completed.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the import does not exist.
    pub fn cancel(&self) -> Request<()> {
        let id = self.id().to_owned();
        Request::new(&self.kind.branch, |branch| async move {
            let request = branch.api().import_cancel().repository(branch.repository().name());
            request.branch(branch.expression()).id(id).send().await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::TryStreamExt as _;
    use lakefs_testserver::Server;

    use super::*;
    use crate::{Branch, Client, ErrorKind};

    const RUNNING: &str = r#"{"completed":false,"ingested_objects":7,"update_time":"2026-01-01T00:00:00Z"}"#;
    const COMPLETED: &str = r#"{"completed":true,"ingested_objects":9,"update_time":"2026-01-01T00:00:02Z","commit":{
        "committer":"c","creation_date":1,"id":"abc","message":"m","meta_range_id":"","metadata":{},"parents":[]}}"#;

    /// A branch on a server that starts an import and reports these statuses of it.
    async fn branch(statuses: &[&'static str]) -> (Server, Branch) {
        let server = Server::start().await.unwrap();
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()
            .unwrap();
        server.faults().on("importStart").respond(202, r#"{"id":"i"}"#);
        for status in statuses {
            server.faults().on("importStatus").respond(200, *status);
        }
        let branch = client.repository("example").branch("main");
        (server, branch)
    }

    async fn import(statuses: &[&'static str]) -> (Server, Task<ImportTask>) {
        let (server, branch) = branch(statuses).await;
        let import = branch.import().prefix("s3://bucket/raw/", "raw/").await.unwrap();
        assert_eq!(import.id(), "i");
        (server, import)
    }

    #[tokio::test]
    async fn poller_yields_statuses_until_the_commit() {
        let (_server, import) = import(&[RUNNING, RUNNING, COMPLETED]).await;
        let mut poller = import.wait_for_completion().poll_interval(Duration::ZERO);
        let mut objects = Vec::new();
        while let Some(status) = poller.try_next().await.unwrap() {
            objects.push(status.ingested_objects);
        }
        assert_eq!(objects, [Some(7), Some(7), Some(9)]);
        assert_eq!(poller.await.unwrap().id, "abc");
    }

    #[tokio::test]
    async fn request_starts_the_import_and_waits_for_it() {
        let (server, branch) = branch(&[RUNNING, COMPLETED]).await;
        let request = branch.import().prefix("s3://bucket/raw/", "raw/");
        let mut poller = request.wait_for_completion().poll_interval(Duration::ZERO);
        assert_eq!((poller.task(), server.requests_for("importStart").len()), (None, 0));
        assert_eq!(poller.try_next().await.unwrap().unwrap().ingested_objects, Some(7));
        assert_eq!(poller.task().map(Task::id), Some("i"));
        assert_eq!(poller.await.unwrap().id, "abc");
        assert_eq!(server.requests_for("importStart").len(), 1);
    }

    #[tokio::test]
    async fn import_that_cannot_start_fails_once_and_is_not_started_again() {
        let (server, branch) = branch(&[]).await;
        let mut poller = branch.import().wait_for_completion();
        let error = poller.try_next().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidRequest, Some("import_start")));
        assert_eq!(poller.try_next().await.unwrap(), None);
        assert_eq!(poller.await.unwrap_err().kind(), ErrorKind::InvalidRequest);
        assert_eq!(server.requests_for("importStart").len(), 0);
    }

    #[tokio::test]
    async fn failed_import_has_the_message_of_the_server_and_its_kind() {
        for (message, kind) in [
            ("import error: error on ingest: walker on path s3://b: forbidden", ErrorKind::PermissionDenied),
            ("import error: merge import: uncommitted changes (dirty branch)", ErrorKind::UncommittedChanges),
            ("import error: write range: read-only repository", ErrorKind::WriteProtected),
            ("import error: pre-merge hook aborted, run id 'r': not ok", ErrorKind::HookFailed),
            ("import error: Canceled", ErrorKind::Cancelled),
            ("disk full", ErrorKind::Server),
        ] {
            let status = r#"{"completed":false,"update_time":"2026-01-01T00:00:02Z","error":{"message":""#;
            let status: &'static str = format!("{status}{message}\"}}}}").leak();
            let (_server, import) = import(&[RUNNING, status, status]).await;
            let mut poller = import.wait_for_completion().poll_interval(Duration::ZERO);
            assert!(poller.try_next().await.is_ok());
            let error = poller.try_next().await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (kind, message));
            assert_eq!(error.action_run_id(), (kind == ErrorKind::HookFailed).then_some("r"));
            assert!(
                error.to_string().starts_with(r#"import "i" to branch "main" of repository "example": "#)
            );
            assert_eq!(poller.try_next().await.unwrap(), None);
            // Awaiting the poller returns the failure once more.
            assert_eq!(poller.await.unwrap_err().message(), message);
        }
    }

    #[tokio::test]
    async fn completed_import_without_a_commit_is_an_error() {
        let (_server, import) = import(&[r#"{"completed":true,"update_time":"2026-01-01T00:00:02Z"}"#]).await;
        assert_eq!(import.wait_for_completion().await.unwrap_err().kind(), ErrorKind::Decode);
    }
}
