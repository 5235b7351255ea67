//! Requests about repositories: create, delete, list, read.

use futures::future::BoxFuture;

use crate::api::Response;
use crate::error::{Error, ErrorKind, Result, optional};
use crate::http::reconcile::{Effect, OnMissing, RequestStart, reconcile};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_has_options, impl_into_future, impl_list};
use crate::models::{self, RepositoryCreation};
use crate::pager::{List, Page, Pager};
use crate::requests::commit::get_commit;
use crate::requests::exist_ok::or_existing;
use crate::requests::reconcile::{find_created, reconcile_deletion};
use crate::scope::{ClientScope, RepositoryScope, storage_with_id};

/// The name that the server gives to the first branch, if the request does not name it.
const DEFAULT_BRANCH: &str = "main";

/// Reads a repository.
pub(crate) async fn get(repository: &RepositoryScope) -> Result<models::Repository> {
    Ok(repository.api().get_repository().repository(repository.name()).send().await?.into_inner())
}

/// Reads the configuration of the storage that a repository is on.
pub(crate) async fn storage_config(repository: &RepositoryScope) -> Result<models::StorageConfig> {
    let id = get(repository).await?.storage_id.unwrap_or_default();
    let config = repository.client().server_config().await?;
    storage_with_id(config, &id).cloned().ok_or_else(|| {
        let action = format!("read the storage configuration of repository {:?}", repository.name());
        Error::new(ErrorKind::NotFound, action, format!("the server reports no storage with the id {id:?}"))
    })
}

/// Creates a repository. Returned by [`Repository::create`](crate::Repository::create).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateRepositoryRequest {
    repository: RepositoryScope,
    bare: Option<bool>,
    exist_ok: bool,
    body: RepositoryCreation,
}

impl CreateRepositoryRequest {
    pub(crate) fn new(repository: RepositoryScope, storage_namespace: String) -> Self {
        let body = RepositoryCreation {
            name: repository.name().to_owned(),
            storage_namespace,
            default_branch: None,
            read_only: None,
            sample_data: None,
            storage_id: None,
        };
        Self { repository, bare: None, exist_ok: false, body }
    }

    /// Sets the name of the first branch. Default: `main`.
    pub fn default_branch(mut self, name: impl Into<String>) -> Self {
        self.body.default_branch = Some(name.into());
        self
    }

    /// Sets the id of the storage to use, on a server with several storages. Default: the server's default storage.
    pub fn storage_id(mut self, id: impl Into<String>) -> Self {
        self.body.storage_id = Some(id.into());
        self
    }

    /// Accepts that the repository exists. Default: `false`.
    ///
    /// An existing repository is returned unchanged. Its storage namespace, default branch and other settings are not
    /// compared with the request.
    pub fn exist_ok(mut self, yes: bool) -> Self {
        self.exist_ok = yes;
        self
    }

    bool_setters! {
        /// Creates a repository without branches and commits, into which a dump can be
        /// [restored](crate::Repository::restore). Default: `false`.
        bare => bare;
        /// Creates a read-only repository, which only requests with `force` can change. Default: `false`.
        read_only => body.read_only;
        /// Adds sample data to the repository. Default: `false`.
        sample_data => body.sample_data;
    }

    async fn execute(self) -> Result<models::Repository> {
        let start = RequestStart::now();
        let create = || {
            let request = self.repository.api().create_repository();
            let request = request.apply_if_some(self.bare, |request, bare| request.bare(bare));
            let request = request.body(self.body.clone());
            async { Ok(request.send().await?.into_inner()) }
        };
        let policy = self.repository.api().retries();
        let find_applied = || self.find_applied(start);
        let created = reconcile(create().await, policy, find_applied, OnMissing::resend(create())).await;
        or_existing(created, self.exist_ok, async { optional(get(&self.repository).await) }).await
    }

    /// Compares the repository, if it exists, with the request.
    async fn find_applied(&self, start: RequestStart) -> Result<Effect<models::Repository>> {
        let Self { repository, bare, exist_ok, body } = self;
        let request = repository.api().get_repository().repository(repository.name());
        let default_branch = body.default_branch.as_deref().unwrap_or(DEFAULT_BRANCH);
        // Bare and read-only repositories can share a storage namespace.
        let is_requested = |found: &models::Repository| {
            found.storage_namespace == body.storage_namespace
                && found.default_branch == default_branch
                && found.read_only.unwrap_or_default() == body.read_only.unwrap_or_default()
        };
        let date = |found: &models::Repository| Some(found.creation_date);
        let found = match find_created(start, request.send(), date, is_requested).await? {
            Effect::Applied(found) => found,
            // An existing repository is accepted as it is.
            Effect::Taken | Effect::Ambiguous if *exist_ok => {
                return Ok(optional(get(repository).await)?.into());
            }
            effect => return Ok(effect),
        };
        let branch = repository.api().get_branch().repository(repository.name()).branch(default_branch);
        let branch = optional(branch.send().await)?.map(|branch| branch.into_inner().commit_id);
        Ok(match (bare.is_some(), branch) {
            (true, None) => Effect::Applied(found),
            // The repository is that of another client.
            (true, Some(_)) => Effect::Taken,
            // The server has not created the branch so far, or the repository is bare and that of another client.
            (false, None) => Effect::Partial,
            (false, Some(head)) => {
                let is_complete = body.sample_data.is_none() || {
                    let head = get_commit(&repository.reference(head)).await?;
                    !head.parents.is_empty()
                };
                if is_complete { Effect::Applied(found) } else { Effect::Partial }
            }
        })
    }
}

impl_into_future!(CreateRepositoryRequest { repository } => models::Repository);

/// Deletes a repository. Returned by [`Repository::delete`](crate::Repository::delete).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteRepositoryRequest {
    repository: RepositoryScope,
    force: Option<bool>,
}

impl DeleteRepositoryRequest {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { repository, force: None }
    }

    bool_setters! {
        /// Deletes the repository even if it is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<()> {
        let request = self.repository.api().delete_repository().repository(self.repository.name());
        let request = request.apply_if_some(self.force, |request, force| request.force(force));
        let deleted = request.send().await.map(Response::into_inner);
        let policy = self.repository.api().retries();
        reconcile_deletion(deleted, policy, || async { optional(get(&self.repository).await) }).await
    }
}

impl_into_future!(DeleteRepositoryRequest { repository } => ());

/// The repositories of a server, in the order of their names. Returned by
/// [`Client::repositories`](crate::Client::repositories).
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// use lakefs::TryStreamExt as _;
///
/// let mut repositories = client.repositories().prefix("team-");
/// while let Some(repository) = repositories.try_next().await? {
///     println!("{} {}", repository.id, repository.storage_namespace);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListRepositories {
    pager: Pager<models::Repository, Query>,
}

#[derive(Clone, Debug)]
struct Query {
    client: ClientScope,
    prefix: Option<String>,
    search: Option<String>,
}

impl ListRepositories {
    pub(crate) fn new(client: ClientScope) -> Self {
        Self { pager: Pager::new(Query { client, prefix: None, search: None }) }
    }

    /// Lists only repositories whose name starts with this prefix. Default: all.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.prefix = Some(prefix.into()));
        self
    }

    /// Lists only repositories whose name contains this text. Default: all.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.pager = self.pager.with(|query| query.search = Some(text.into()));
        self
    }
}

impl_list!(ListRepositories => models::Repository);

impl_has_options!(Query { client });

impl List for Query {
    type Item = models::Repository;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { client, prefix, search } = self.clone();
        Box::pin(async move {
            let request = client.api().list_repositories().after(after).amount(amount);
            let request = request
                .apply_if_some(prefix, |request, prefix| request.prefix(prefix))
                .apply_if_some(search, |request, search| request.search(search));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
