//! Repositories.

use futures::future::BoxFuture;

use crate::handles::action_run::{ActionRun, ActionRuns};
use crate::handles::branch::{Branch, Branches};
use crate::handles::branch_protection::BranchProtection;
use crate::handles::garbage_collection::GarbageCollection;
use crate::handles::pull_request::{CreatePullRequestRequest, PullRequest, PullRequests};
use crate::handles::reference::Reference;
use crate::handles::repository_metadata::RepositoryMetadata;
use crate::handles::tag::{Tag, Tags};
use crate::http::reconcile::{OnMissing, reconcile};
use crate::models::{self, RepositoryCreation};
use crate::pager::{List, Page};
use crate::requests::dump::{Dump, DumpTask, Restore, RestoreTask};
use crate::requests::support::{When as _, awaits, flags, opt};
use crate::scope::RepositoryScope;
use crate::task::Task;
use crate::{Client, Error, ErrorKind, Pager, Result, Uri};

/// A repository by its name, whether it exists or not.
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
#[derive(Clone, Debug)]
pub struct Repository {
    pub(crate) client: Client,
    name: String,
}

impl Repository {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    pub(crate) fn from_scope(scope: &RepositoryScope) -> Self {
        Self { client: Client::from_scope(scope.client().clone()), name: scope.name().to_owned() }
    }

    pub(crate) fn scope(&self) -> RepositoryScope {
        self.client.scope().repository(&*self.name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    #[must_use]
    pub fn uri(&self) -> Uri {
        Uri::of_repository(&self.name)
    }

    /// The client that it belongs to.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Creates the repository, with its data under `storage_namespace`, such as `s3://bucket/prefix`.
    ///
    /// A storage namespace serves one repository, and is not free again when that repository is deleted.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): it exists. [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the
    /// name or the namespace is none, or the namespace is in use.
    pub fn create(&self, storage_namespace: impl Into<String>) -> CreateRepositoryRequest {
        CreateRepositoryRequest {
            repository: self.clone(),
            bare: None,
            body: RepositoryCreation {
                name: self.name.clone(),
                storage_namespace: storage_namespace.into(),
                default_branch: None,
                read_only: None,
                sample_data: None,
                storage_id: None,
            },
        }
    }

    /// Reads what is known of it.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::Repository> {
        Ok(self.client.api().get_repository().repository(self.name()).send().await?.into_inner())
    }

    /// Reads what is known of it, or `None` if it does not exist.
    pub async fn get_opt(&self) -> Result<Option<models::Repository>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// Deletes the repository. The objects stay in the storage, and the storage namespace stays taken.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), or [`WriteProtected`](crate::ErrorKind::WriteProtected) when it is read-only.
    pub fn delete(&self) -> DeleteRepositoryRequest {
        DeleteRepositoryRequest { repository: self.clone(), force: None }
    }

    /// A branch by its name.
    #[must_use]
    pub fn branch(&self, name: impl Into<String>) -> Branch {
        Branch::new(self.reference(name))
    }

    /// A tag by its name.
    #[must_use]
    pub fn tag(&self, name: impl Into<String>) -> Tag {
        Tag::new(self.reference(name))
    }

    /// Any reference: a branch, a tag, a commit or the beginning of its id, or an expression such as `main~2`.
    #[must_use]
    pub fn reference(&self, expression: impl Into<String>) -> Reference {
        Reference::new(self.clone(), expression.into())
    }

    /// Opens a pull request: to merge one branch into another when it has been looked at.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): one of the branches does not exist.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): they are the same.
    pub fn create_pull_request(
        &self,
        source: impl Into<String>,
        destination: impl Into<String>,
        title: impl Into<String>,
    ) -> CreatePullRequestRequest {
        CreatePullRequestRequest::new(self.clone(), source.into(), destination.into(), title.into())
    }

    /// A pull request by its identifier.
    #[must_use]
    pub fn pull_request(&self, id: impl Into<String>) -> PullRequest {
        PullRequest::new(self.clone(), id.into())
    }

    /// Its pull requests in the order of their identifiers, which is the newest first, but for those of one second. What
    /// is listed has neither description nor commit.
    pub fn pull_requests(&self) -> Pager<models::PullRequest, PullRequests> {
        Pager::new(PullRequests::new(self.clone()))
    }

    /// A run of its actions by its identifier.
    #[must_use]
    pub fn action_run(&self, id: impl Into<String>) -> ActionRun {
        ActionRun::new(self.clone(), id.into())
    }

    /// The runs of its actions in the order of their identifiers, which is the newest first, but for those of one second.
    pub fn action_runs(&self) -> Pager<models::ActionRun, ActionRuns> {
        Pager::new(ActionRuns::new(self.clone()))
    }

    /// Its branches, in the order of their names.
    pub fn branches(&self) -> Pager<models::Ref, Branches> {
        Pager::new(Branches::new(self.clone()))
    }

    /// Which of its branches are protected.
    #[must_use]
    pub fn branch_protection(&self) -> BranchProtection {
        BranchProtection::new(self.clone())
    }

    /// How long its past is kept, and the preparation of its removal.
    #[must_use]
    pub fn garbage_collection(&self) -> GarbageCollection {
        GarbageCollection::new(self.clone())
    }

    /// Its tags, in the order of their names.
    pub fn tags(&self) -> Pager<models::Ref, Tags> {
        Pager::new(Tags::new(self.clone()))
    }

    /// Its metadata.
    #[must_use]
    pub fn metadata(&self) -> RepositoryMetadata {
        RepositoryMetadata::new(self.clone())
    }

    /// What the storage that it is on can do, such as signed addresses and imports.
    ///
    /// The storages are read [once](Client::server_config) for each client.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such repository, or the server does not tell of its storage.
    pub async fn storage_config(&self) -> Result<models::StorageConfig> {
        let id = self.get().await?.storage_id.unwrap_or_default();
        let config = self.client.server_config().await?;
        let listed = config.storage_config_list.iter().flat_map(|list| list.iter());
        let named =
            |storage: &&models::StorageConfig| storage.blockstore_id.as_deref().unwrap_or_default() == id;
        let storage = listed.chain(&config.storage_config).find(named);
        storage.cloned().ok_or_else(|| {
            let action = format!("find the storage of repository {:?}", self.name());
            Error::new(ErrorKind::NotFound, action, format!("the server has no storage {id:?}"))
        })
    }

    /// Writes all its branches, tags and commits to its storage, and says where: a backup, without the objects, which
    /// are there already.
    ///
    /// What is staged is not in it. [`start`](Dump::start) does it in the background.
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
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such repository.
    pub fn dump(&self) -> Dump {
        Dump::new(self.clone())
    }

    /// A dump that was started before, by its identifier.
    #[must_use]
    pub fn dump_task(&self, id: impl Into<String>) -> Task<DumpTask> {
        Task::new(DumpTask { repository: self.clone() }, id)
    }

    /// Takes over the branches, tags and commits of a dump. The repository is [bare](CreateRepositoryRequest::bare), over the
    /// storage namespace of the one that was dumped, or a copy of it.
    ///
    /// [`start`](Restore::start) does it in the background.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the repository is not bare.
    /// [`DataDeleted`](crate::ErrorKind::DataDeleted): the dump is not there.
    pub fn restore(&self, dump: models::RefsDump) -> Restore {
        Restore::new(self.clone(), dump)
    }

    /// A restoration that was started before, by its identifier.
    #[must_use]
    pub fn restore_task(&self, id: impl Into<String>) -> Task<RestoreTask> {
        Task::new(RestoreTask { repository: self.clone() }, id)
    }
}

/// Creates a repository; see [`Repository::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateRepositoryRequest {
    repository: Repository,
    bare: Option<bool>,
    body: RepositoryCreation,
}

impl CreateRepositoryRequest {
    /// The name of the first branch: `main` unless said otherwise.
    pub fn default_branch(mut self, name: impl Into<String>) -> Self {
        self.body.default_branch = Some(name.into());
        self
    }

    /// The storage to put it on, where the server has more than one.
    pub fn storage_id(mut self, id: impl Into<String>) -> Self {
        self.body.storage_id = Some(id.into());
        self
    }

    flags! {
        /// Makes a repository without commits and branches, to restore references into.
        bare => bare;
        /// Makes a repository that refuses to be changed, but by force.
        read_only => body.read_only;
        /// Puts sample data into it.
        sample_data => body.sample_data;
    }

    async fn send(self) -> Result<models::Repository> {
        let Self { repository, bare, body } = self;
        let create = || {
            let api = repository.client.api();
            let request =
                api.create_repository().when(bare, |request, bare| request.bare(bare)).body(body.clone());
            async { Ok(request.send().await?.into_inner()) }
        };
        // Nobody else can have made a repository over this namespace, which is good for one.
        let find_applied = || async {
            let found = repository.get_opt().await?;
            Ok(found.filter(|found| found.storage_namespace == body.storage_namespace))
        };
        reconcile(create().await, find_applied, OnMissing::resend(create())).await
    }
}

awaits!(CreateRepositoryRequest => models::Repository);

/// Deletes a repository; see [`Repository::delete`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteRepositoryRequest {
    repository: Repository,
    force: Option<bool>,
}

impl DeleteRepositoryRequest {
    flags! {
        /// Deletes it even if it is read-only.
        force => force;
    }

    async fn send(self) -> Result<()> {
        let api = self.repository.client.api();
        let request = api.delete_repository().repository(self.repository.name());
        request.when(self.force, |request, force| request.force(force)).send().await?;
        Ok(())
    }
}

awaits!(DeleteRepositoryRequest => ());

/// The list of the repositories of a server; see [`Client::repositories`].
#[derive(Clone, Debug)]
pub struct Repositories {
    client: Client,
    prefix: Option<String>,
    search: Option<String>,
}

impl Repositories {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, prefix: None, search: None }
    }
}

impl Pager<models::Repository, Repositories> {
    /// Only those whose name begins so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.prefix = Some(prefix.into()))
    }

    /// Only those whose name contains this.
    pub fn search(self, text: impl Into<String>) -> Self {
        self.with(|list| list.search = Some(text.into()))
    }
}

impl List for Repositories {
    type Item = models::Repository;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { client, prefix, search } = self.clone();
        Box::pin(async move {
            let request = client.api().list_repositories().after(after).amount(amount);
            let request = request
                .when(prefix, |request, prefix| request.prefix(prefix))
                .when(search, |request, search| request.search(search));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
