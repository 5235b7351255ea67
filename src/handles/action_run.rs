//! Actions: the runs of the hooks of a repository.

use futures::future::BoxFuture;

use crate::api::ByteStream;
use crate::handles::repository::Repository;
use crate::pager::Pager;
use crate::pager::{List, Page};
use crate::requests::support::{When as _, opt};
use crate::{Result, models};

/// A run of the actions of a repository, by its identifier, whether it exists or not.
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
#[derive(Clone, Debug)]
pub struct ActionRun {
    repository: Repository,
    id: String,
}

impl ActionRun {
    pub(crate) fn new(repository: Repository, id: String) -> Self {
        Self { repository, id }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The repository that it belongs to.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Reads what is known of it: the event, the branch and the commit, the outcome.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::ActionRun> {
        let api = self.repository.api();
        let request = api.get_run().repository(self.repository.name()).run_id(self.id());
        Ok(request.send().await?.into_inner())
    }

    /// Reads what is known of it, or `None` if there is no such run, or no such repository.
    pub async fn get_opt(&self) -> Result<Option<models::ActionRun>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// What became of each of its hooks. One that was not run, because one before it failed, has the status `skipped`.
    pub fn hooks(&self) -> Pager<models::HookRun, HookRuns> {
        Pager::new(HookRuns { run: self.clone() })
    }

    /// Opens what a hook wrote, to be read as it arrives. The identifier is the
    /// [`hook_run_id`](models::HookRun::hook_run_id) of its run.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), and in the middle if the connection breaks.
    pub async fn hook_output(&self, hook_run_id: impl Into<String>) -> Result<ByteStream> {
        let api = self.repository.api();
        let request = api.get_run_hook_output().repository(self.repository.name());
        Ok(request.run_id(self.id()).hook_run_id(hook_run_id).send().await?.into_inner())
    }
}

/// The list of the runs of the actions of a repository; see [`Repository::action_runs`].
#[derive(Clone, Debug)]
pub struct ActionRuns {
    repository: Repository,
    branch: Option<String>,
    commit: Option<String>,
}

impl ActionRuns {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository, branch: None, commit: None }
    }
}

impl Pager<models::ActionRun, ActionRuns> {
    /// Only runs on this branch. The server does not take it together with [`commit`](Self::commit).
    pub fn branch(self, name: impl Into<String>) -> Self {
        self.with(|list| list.branch = Some(name.into()))
    }

    /// Only runs for this commit, by its whole identifier.
    pub fn commit(self, id: impl Into<String>) -> Self {
        self.with(|list| list.commit = Some(id.into()))
    }
}

impl List for ActionRuns {
    type Item = models::ActionRun;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, branch, commit } = self.clone();
        Box::pin(async move {
            let request = repository.api().list_repository_runs().repository(repository.name());
            let request = request
                .after(after)
                .amount(amount)
                .when(branch, |request, branch| request.branch(branch))
                .when(commit, |request, commit| request.commit(commit));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}

/// The list of the hooks of a run; see [`ActionRun::hooks`].
#[derive(Clone, Debug)]
pub struct HookRuns {
    run: ActionRun,
}

impl List for HookRuns {
    type Item = models::HookRun;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { run } = self.clone();
        Box::pin(async move {
            let first = after.is_empty();
            let request = run.repository.api().list_run_hooks().repository(run.repository.name());
            let page = request.run_id(run.id()).after(after).amount(amount).send().await?.into_inner();
            if first && page.results.is_empty() {
                // A run that does not exist has no hooks, says the server.
                run.get().await?;
            }
            Ok(Page::new(page.results, page.pagination))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Client, ErrorKind};

    #[tokio::test]
    async fn the_failure_of_a_hook_leads_to_its_run() {
        let server = lakefs_testserver::Server::start().await.unwrap();
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()
            .unwrap();
        let refusal = async |message: &str| {
            server.faults().on("commit").respond(412, format!(r#"{{"message":"{message}"}}"#));
            client.repository("example").branch("main").commit("x").await.unwrap_err()
        };
        let said = "pre-commit hook aborted, run id '4onscrhksdubejidbkj0': 1 error occurred:\\n\\t* hook run id \
                    '0000_0000' failed on action 'check' hook 'first': not ok";
        let error = refusal(said).await;
        assert_eq!(error.kind(), ErrorKind::HookFailed);
        assert_eq!(error.action_run_id(), Some("4onscrhksdubejidbkj0"));
        assert_eq!(refusal("hook aborted").await.action_run_id(), None);
        let other = refusal("Precondition failed").await;
        assert_eq!((other.kind(), other.action_run_id()), (ErrorKind::PreconditionFailed, None));
    }
}
