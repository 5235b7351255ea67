//! Repositories.

use std::fmt;
use std::time::Duration;

use crate::handles::action_run::ActionRun;
use crate::handles::branch::Branch;
use crate::handles::branch_protection::BranchProtection;
use crate::handles::client::Client;
use crate::handles::garbage_collection::GarbageCollection;
use crate::handles::pull_request::PullRequest;
use crate::handles::reference::Reference;
use crate::handles::repository_metadata::RepositoryMetadata;
use crate::handles::tag::Tag;
use crate::handles::transaction::abandoned::AbandonedTransactions;
use crate::models;
use crate::ref_expr::BranchName;
use crate::request::Request;
use crate::requests::actions::ListActionRuns;
use crate::requests::branch::ListBranches;
use crate::requests::dump::{DumpRequest, DumpTask, RestoreRequest, RestoreTask};
use crate::requests::pull_requests::{CreatePullRequestRequest, ListPullRequests};
use crate::requests::repository::{self, CreateRepositoryRequest, DeleteRepositoryRequest};
use crate::requests::tag::ListTags;
use crate::scope::RepositoryScope;
use crate::task::Task;
use crate::uri::Uri;

/// A handle to a repository, which may not exist yet.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let repository = client.repository("example");
/// if !repository.exists().await? {
///     repository.create("s3://bucket/example").default_branch("main").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repository(RepositoryScope);

impl Repository {
    pub(crate) fn from_scope(scope: &RepositoryScope) -> Self {
        Self(scope.clone())
    }

    pub(crate) fn scope(&self) -> RepositoryScope {
        self.0.clone()
    }

    /// Returns the name of the repository.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Returns the URI of the repository, such as `lakefs://example`.
    #[must_use]
    pub fn uri(&self) -> Uri {
        Uri::of_repository(self.name())
    }

    /// Returns the client of the repository.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::from_scope(self.0.client().clone())
    }

    /// Creates the repository, with its data under `storage_namespace`, such as `s3://bucket/prefix`.
    ///
    /// A storage namespace serves one repository. It stays in use after that repository is deleted.
    ///
    /// If the response is lost, the client checks whether the repository exists with that storage namespace and these
    /// options, and was created since.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// client.repository("example").create("s3://bucket/example").exist_ok(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): a repository of this name exists. See
    ///   [`exist_ok`](CreateRepositoryRequest::exist_ok).
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the name or the storage namespace is invalid, or the
    ///   storage namespace is in use.
    pub fn create(&self, storage_namespace: impl Into<String>) -> CreateRepositoryRequest {
        CreateRepositoryRequest::new(self.scope(), storage_namespace.into())
    }

    /// Reads the repository: its storage namespace, default branch and creation date.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist. [`get_opt`](Self::get_opt) returns
    /// `None` instead.
    pub fn get(&self) -> Request<models::Repository> {
        Request::new(&self.0, |scope| async move { repository::get(&scope).await })
    }

    /// Reads the repository, or returns `None` if it does not exist.
    pub fn get_opt(&self) -> Request<Option<models::Repository>> {
        self.get().optional()
    }

    /// Checks whether the repository exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Deletes the repository. Its data remains in the storage, and its storage namespace stays in use.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// repository.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the repository is read-only. See
    ///   [`force`](DeleteRepositoryRequest::force).
    pub fn delete(&self) -> DeleteRepositoryRequest {
        DeleteRepositoryRequest::new(self.scope())
    }

    /// Returns a handle to the branch of this name, which may not exist yet.
    #[must_use]
    pub fn branch(&self, name: impl Into<String>) -> Branch {
        Branch::from_scope(&self.0.reference(name))
    }

    /// Returns a handle to the tag of this name, which may not exist yet.
    #[must_use]
    pub fn tag(&self, name: impl Into<String>) -> Tag {
        Tag::from_scope(&self.0.reference(name))
    }

    /// Returns a handle to any reference: a branch, a tag, a commit id or a prefix of one, or an expression such as
    /// `main~2`. The reference may not exist yet.
    #[must_use]
    pub fn reference(&self, expression: impl Into<String>) -> Reference {
        Reference::from_scope(&self.0.reference(expression))
    }

    /// Creates a pull request, which proposes to merge the branch `source` into the branch `destination`, and returns
    /// its id.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): one of the branches does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the two branches are the same, or a handle belongs to
    ///   another repository.
    pub fn create_pull_request(
        &self,
        source: impl Into<BranchName>,
        destination: impl Into<BranchName>,
        title: impl Into<String>,
    ) -> CreatePullRequestRequest {
        CreatePullRequestRequest::new(self.scope(), source.into(), destination.into(), title.into())
    }

    /// Returns a handle to the pull request of this id. Sends no request.
    #[must_use]
    pub fn pull_request(&self, id: impl Into<String>) -> PullRequest {
        PullRequest::new(self.scope(), id.into())
    }

    /// Lists the pull requests of the repository, in the order of their ids.
    ///
    /// Newer pull requests come first, except among those that were created in the same second. The listed ones have
    /// neither a description nor a commit; [`PullRequest::get`] reads them.
    pub fn pull_requests(&self) -> ListPullRequests {
        ListPullRequests::new(self.scope())
    }

    /// Returns a handle to the action run of this id. Sends no request.
    #[must_use]
    pub fn action_run(&self, id: impl Into<String>) -> ActionRun {
        ActionRun::new(self.scope(), id.into())
    }

    /// Lists the action runs of the repository, in the order of their ids.
    ///
    /// Newer runs come first, except among those of the same second.
    pub fn action_runs(&self) -> ListActionRuns {
        ListActionRuns::new(self.scope())
    }

    /// Lists the branches of the repository, in the order of their names.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), when the list is read: the repository does not exist.
    pub fn branches(&self) -> ListBranches {
        ListBranches::new(self.scope())
    }

    /// Lists the temporary branches of transactions that were begun longer than `older_than` ago and still exist, the
    /// oldest first.
    ///
    /// A transaction deletes its temporary branch when it ends, and so does a merge with
    /// [`resolve`](crate::requests::MergeRequest::resolve). The branch remains if the program crashes, if the deletion
    /// fails, or if the outcome of the merge is unknown. A branch name contains the time at which its
    /// transaction was begun, by the clock of that client. Choose `older_than` longer than any transaction takes, so that
    /// the list has no transaction that is still running. Branches of other clients, such as those of the transactions
    /// of the Python client, are not listed.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// use std::time::Duration;
    ///
    /// use lakefs::TryStreamExt as _;
    ///
    /// let mut abandoned = repository.abandoned_transactions(Duration::from_secs(24 * 60 * 60));
    /// while let Some(transaction) = abandoned.try_next().await? {
    ///     println!("{} of {:?}", transaction.branch(), transaction.begun_at());
    ///     transaction.delete().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), when the list is read: the repository does not exist.
    pub fn abandoned_transactions(&self, older_than: Duration) -> AbandonedTransactions {
        AbandonedTransactions::new(self.scope(), older_than)
    }

    /// Returns the branch protection rules of the repository.
    #[must_use]
    pub fn branch_protection(&self) -> BranchProtection {
        BranchProtection::new(self.scope())
    }

    /// Returns the garbage-collection rules and runs of the repository.
    #[must_use]
    pub fn garbage_collection(&self) -> GarbageCollection {
        GarbageCollection::new(self.scope())
    }

    /// Lists the tags of the repository, in the order of their names.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), when the list is read: the repository does not exist.
    pub fn tags(&self) -> ListTags {
        ListTags::new(self.scope())
    }

    /// Returns the metadata of the repository.
    #[must_use]
    pub fn metadata(&self) -> RepositoryMetadata {
        RepositoryMetadata::new(self.scope())
    }

    /// Reads the capabilities of the storage that the repository is on, such as pre-signed URLs and imports.
    ///
    /// The client requests the configuration of the server [once](Client::server_config) and keeps it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist, or the server does not report its
    /// storage.
    pub fn storage_config(&self) -> Request<models::StorageConfig> {
        Request::new(&self.0, |scope| async move { repository::storage_config(&scope).await })
    }

    /// Writes all branches, tags and commits of the repository to its storage, as a backup without the objects.
    ///
    /// Uncommitted changes are not part of it. If you await the request, the server writes the dump before it responds.
    /// For a large repository, use [`wait_for_completion`](DumpRequest::wait_for_completion): the server then writes
    /// the dump in the background.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let dump = client.repository("example").dump().await?;
    ///
    /// let copy = client.repository("copy");
    /// copy.create("s3://bucket/example").bare(true).await?;
    /// copy.restore(dump).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub fn dump(&self) -> DumpRequest {
        DumpRequest::new(self.scope())
    }

    /// Returns a handle to a dump that was [started](DumpRequest::start) before, by its id.
    #[must_use]
    pub fn dump_task(&self, id: impl Into<String>) -> Task<DumpTask> {
        Task::new(DumpTask::new(self.scope()), id)
    }

    /// Restores the branches, tags and commits of a dump into this repository.
    ///
    /// The repository must be [bare](CreateRepositoryRequest::bare), and its storage namespace must be that of the
    /// dumped repository or a copy of it. If you await the request, the server restores the dump before it responds.
    /// For a large dump, use [`wait_for_completion`](RestoreRequest::wait_for_completion): the server then restores it
    /// in the background.
    ///
    /// # Errors
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the repository is not bare.
    /// * [`DataDeleted`](crate::ErrorKind::DataDeleted): the dump is missing in the storage.
    pub fn restore(&self, dump: models::RefsDump) -> RestoreRequest {
        RestoreRequest::new(self.scope(), dump)
    }

    /// Returns a handle to a restore that was [started](RestoreRequest::start) before, by its id.
    #[must_use]
    pub fn restore_task(&self, id: impl Into<String>) -> Task<RestoreTask> {
        Task::new(RestoreTask::new(self.scope()), id)
    }
}

/// Writes the URI of the repository.
impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri().fmt(f)
    }
}
