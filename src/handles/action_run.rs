//! Action runs: executions of the hooks of a repository.

use std::fmt;

use crate::handles::repository::Repository;
use crate::http::response::ByteStream;
use crate::models;
use crate::request::Request;
use crate::requests::actions::{ListHookRuns, get_hook_output, get_run};
use crate::scope::RepositoryScope;
use crate::uri::Uri;

/// A handle to a run of a repository's actions. The run need not exist.
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let Err(error) = branch.commit("Add data").await else { return Ok(()) };
/// let Some(id) = error.action_run_id() else { return Err(error) };
/// let run = branch.repository().action_run(id);
/// let mut hooks = run.hooks();
/// while let Some(hook) = hooks.try_next().await? {
///     println!("{} of {}: {}", hook.hook_id, hook.action, hook.status);
///     let mut output = run.hook_output(&hook.hook_run_id).await?;
///     while let Some(chunk) = output.try_next().await? {
///         println!("{}", String::from_utf8_lossy(&chunk));
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActionRun {
    repository: RepositoryScope,
    id: String,
}

impl ActionRun {
    pub(crate) fn new(repository: RepositoryScope, id: String) -> Self {
        Self { repository, id }
    }

    /// Returns the id of the run.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the repository of the run.
    #[must_use]
    pub fn repository(&self) -> Repository {
        Repository::from_scope(&self.repository)
    }

    /// Reads the run: its event, branch, commit, times and status.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the run does not exist. [`get_opt`](Self::get_opt) returns `None`
    /// instead.
    pub fn get(&self) -> Request<models::ActionRun> {
        let id = self.id.clone();
        Request::new(&self.repository, |repository| async move { get_run(&repository, &id).await })
    }

    /// Reads the run, or returns `None` if the run or the repository does not exist.
    pub fn get_opt(&self) -> Request<Option<models::ActionRun>> {
        self.get().optional()
    }

    /// Returns whether the run exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Lists the hooks that ran, with their statuses. A hook after one that failed has the status `skipped`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the run does not exist.
    pub fn hooks(&self) -> ListHookRuns {
        ListHookRuns::new(self.repository.clone(), self.id.clone())
    }

    /// Reads the output of a hook as a stream of bytes. `hook_run_id` is the
    /// [`hook_run_id`](models::HookRun::hook_run_id) of a listed hook.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the run or the hook run does not exist. The stream yields an error if
    /// the connection breaks.
    pub fn hook_output(&self, hook_run_id: impl Into<String>) -> Request<ByteStream> {
        let id = self.id.clone();
        let hook_run_id = hook_run_id.into();
        Request::new(&self.repository, |repository| async move {
            get_hook_output(&repository, &id, hook_run_id).await
        })
    }
}

/// Writes the id and the URI of the repository.
impl fmt::Display for ActionRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "action run {:?} of {}", self.id, Uri::of_repository(self.repository.name()))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Client, ErrorKind};

    #[tokio::test]
    async fn hook_failure_names_its_action_run() {
        let server = lakefs_testserver::Server::start().await.unwrap();
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()
            .unwrap();
        let commit = async |message: &str| {
            server.faults().on("commit").respond(412, format!(r#"{{"message":"{message}"}}"#));
            client.repository("example").branch("main").commit("x").await.unwrap_err()
        };
        let aborted = "pre-commit hook aborted, run id '4onscrhksdubejidbkj0': 1 error occurred:\\n\\t* hook run id \
                       '0000_0000' failed on action 'check' hook 'first': not ok";
        let error = commit(aborted).await;
        assert_eq!(error.kind(), ErrorKind::HookFailed);
        assert_eq!(error.action_run_id(), Some("4onscrhksdubejidbkj0"));
        assert_eq!(commit("hook aborted").await.action_run_id(), None);
        let other = commit("Precondition failed").await;
        assert_eq!((other.kind(), other.action_run_id()), (ErrorKind::PreconditionFailed, None));
    }
}
