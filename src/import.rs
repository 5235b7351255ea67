//! Imports: objects that are in the storage already, without their data being moved.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{Stream, TryStreamExt as _, ready};

use crate::branch::Branch;
use crate::models::{self, CommitCreation, ImportCreation, ImportLocation, ImportLocationType, ImportStatus};
use crate::request::{awaits, flags};
use crate::{Error, ErrorKind, Result};

/// How long to wait between two looks at an import. The server writes down its progress once a second.
const INTERVAL: Duration = Duration::from_secs(1);

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

    async fn send(self) -> Result<ImportHandle> {
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
        Ok(ImportHandle::new(branch, started.id))
    }
}

awaits!(Import => ImportHandle);

/// An import that was started, by its identifier. It goes on whether anybody waits for it or not.
#[derive(Clone, Debug)]
pub struct ImportHandle {
    branch: Branch,
    id: String,
}

impl ImportHandle {
    pub(crate) fn new(branch: Branch, id: String) -> Self {
        Self { branch, id }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The branch that it imports to.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        &self.branch
    }

    /// Reads how far it has come. That it failed is said in [`error`](ImportStatus::error), and is no error of this
    /// call; [`completed`](ImportStatus::completed) stays `false` then.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such import.
    pub async fn status(&self) -> Result<ImportStatus> {
        let repository = self.branch.repository();
        let request = repository.client.api().import_status().repository(repository.name());
        Ok(request.branch(self.branch.name()).id(self.id()).send().await?.into_inner())
    }

    /// Stops it. What it has imported so far does not come to the branch.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it is completed. [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn cancel(&self) -> Result<()> {
        let repository = self.branch.repository();
        let request = repository.client.api().import_cancel().repository(repository.name());
        request.branch(self.branch.name()).id(self.id()).send().await?;
        Ok(())
    }

    /// Waits for its end: await it for the commit, or read it as a stream to see the progress. To drop it ends the
    /// waiting, not the import.
    ///
    /// It waits as long as the import takes. One whose server went down never ends: its status no longer changes.
    ///
    /// # Errors
    /// With the words of the server where the import failed: [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when
    /// something is staged on the branch, [`Protected`](crate::ErrorKind::Protected) when the repository is read-only,
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) when the storage
    /// refuses, [`Cancelled`](crate::ErrorKind::Cancelled), [`HookFailed`](crate::ErrorKind::HookFailed), and
    /// [`Server`](crate::ErrorKind::Server) for all else.
    pub fn wait(&self) -> ImportProgress {
        ImportProgress { import: self.clone(), interval: INTERVAL, commit: None, state: State::Begin }
    }
}

/// The progress of an import, until its end; see [`ImportHandle::wait`].
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
#[must_use = "nothing is asked until it is awaited or read"]
pub struct ImportProgress {
    import: ImportHandle,
    interval: Duration,
    commit: Option<models::Commit>,
    state: State,
}

enum State {
    Begin,
    Waiting(BoxFuture<'static, Result<ImportStatus>>),
    Done,
}

impl ImportProgress {
    /// How long to wait between two looks: a second unless said otherwise.
    pub fn interval(mut self, time: Duration) -> Self {
        self.interval = time;
        self
    }

    fn look(&self, wait: Duration) -> State {
        let import = self.import.clone();
        State::Waiting(Box::pin(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            import.status().await
        }))
    }

    /// What becomes of the waiting when this is the status.
    fn step(&mut self, status: &ImportStatus) -> Result<State> {
        let action = || {
            let ImportHandle { branch, id } = &self.import;
            let (branch, repository) = (branch.name(), branch.repository().name());
            format!("import {id:?} to branch {branch:?} of repository {repository:?}")
        };
        match (&status.error, status.completed, &status.commit) {
            (Some(error), ..) => Err(Error::task("import_status", action, error.message.clone())),
            (None, true, Some(commit)) => {
                self.commit = Some(commit.clone());
                Ok(State::Done)
            }
            (None, true, None) => {
                Err(Error::new(ErrorKind::Decode, action(), "it is completed, and names no commit"))
            }
            (None, false, _) => Ok(self.look(self.interval)),
        }
    }

    async fn send(mut self) -> Result<models::Commit> {
        loop {
            if let Some(commit) = self.commit.take() {
                return Ok(commit);
            }
            if self.try_next().await?.is_none() {
                // The failure was told already: tell it again.
                self.state = State::Begin;
            }
        }
    }
}

awaits!(ImportProgress => models::Commit);

impl Stream for ImportProgress {
    type Item = Result<ImportStatus>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(None),
                State::Begin => self.state = self.look(Duration::ZERO),
                State::Waiting(request) => {
                    let status = ready!(request.as_mut().poll(cx));
                    self.state = State::Done;
                    let status = status.and_then(|status| {
                        self.state = self.step(&status)?;
                        Ok(status)
                    });
                    return Poll::Ready(Some(status));
                }
            }
        }
    }
}

impl fmt::Debug for ImportProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { import, interval, .. } = self;
        f.debug_struct("ImportProgress").field("import", import).field("interval", interval).finish()
    }
}

#[cfg(test)]
mod tests {
    use lakefs_testserver::Server;

    use super::*;
    use crate::Client;

    const RUNNING: &str = r#"{"completed":false,"ingested_objects":7,"update_time":"2026-01-01T00:00:00Z"}"#;

    /// An import on a server that tells of it as it is told to.
    async fn import(statuses: &[&'static str]) -> (Server, ImportHandle) {
        let server = Server::start().await.unwrap();
        let client = Client::builder()
            .endpoint(server.endpoint())
            .credentials(server.access_key_id(), server.secret_access_key())
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
            ("import error: merge import: uncommitted changes (dirty branch)", ErrorKind::InvalidRequest),
            ("import error: write range: read-only repository", ErrorKind::Protected),
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
