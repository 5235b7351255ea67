//! Scopes: a client together with the names of a repository, a reference or an object.
//!
//! Requests and transfers know of a handle only its scope, so that they do not depend on handles.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::future::BoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::single_flight::SingleFlight;
use crate::{api, models};

/// The client that requests and transfers use: the generated API, and the cached configuration of the server.
#[derive(Clone)]
pub(crate) struct ClientScope(Arc<Shared>);

/// The state that all clones of a client share.
struct Shared {
    api: api::Client,
    server: Arc<OnceLock<models::Config>>,
    server_request: SingleFlight<()>,
    storages: Storages,
    /// How many files directory transfers transfer at once, if a request does not set it.
    #[cfg_attr(not(feature = "fs"), allow(dead_code, reason = "there are no directory transfers"))]
    dir_concurrency: Option<usize>,
}

/// The storages of the server, as far as the client has requested them.
#[derive(Default)]
struct Storages {
    /// The server does not report its storages.
    unknown: AtomicBool,
    /// The storages cannot be reached from this program.
    bypassed: AtomicBool,
    /// The storage of each repository, where there are several; `None` where the server does not report it.
    by_repository: Mutex<HashMap<String, Option<String>>>,
}

impl ClientScope {
    pub(crate) fn new(api: api::Client, dir_concurrency: Option<usize>) -> Self {
        let (server, server_request) = (Arc::default(), SingleFlight::new());
        let storages = Storages::default();
        Self(Arc::new(Shared { api, server, server_request, storages, dir_concurrency }))
    }

    /// How many files directory transfers transfer at once, if a request does not set it.
    #[cfg(feature = "fs")]
    pub(crate) fn dir_concurrency(&self) -> Option<usize> {
        self.0.dir_concurrency
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        &self.0.api
    }

    pub(crate) fn repository(&self, name: impl Into<String>) -> RepositoryScope {
        RepositoryScope { client: self.clone(), name: name.into() }
    }

    /// The configuration of the server, requested once for all callers.
    pub(crate) async fn server_config(&self) -> Result<&models::Config> {
        let Shared { api, server, server_request, .. } = &*self.0;
        let request = || {
            let (api, server) = (api.clone(), Arc::clone(server));
            let request = async move {
                let config = api.get_config().send().await?.into_inner();
                server.get_or_init(|| config);
                Ok(())
            };
            Box::pin(request) as BoxFuture<'static, Result<()>>
        };
        server_request.get(|| server.get().map(|_| ()), request).await?;
        server.get().ok_or_else(|| Error::new(ErrorKind::Server, "get the configuration", "there is none"))
    }

    /// Routes later uploads through the server, unless a caller asks for the storage.
    pub(crate) fn bypass_storage(&self) {
        self.0.storages.bypassed.store(true, Relaxed);
    }

    /// Whether uploads go through the server because the storage could not be reached.
    pub(crate) fn bypasses_storage(&self) -> bool {
        self.0.storages.bypassed.load(Relaxed)
    }

    /// The configuration of the storage of a repository, without a request where it is known already.
    pub(crate) async fn storage_of(
        &self,
        repository: &RepositoryScope,
    ) -> Result<Option<&models::StorageConfig>> {
        let Storages { unknown, by_repository, .. } = &self.0.storages;
        if unknown.load(Relaxed) {
            return Ok(None);
        }
        // A permanent failure is not requested again.
        let lasting = |error: &Error| !error.is_retryable() && error.kind() != ErrorKind::NotFound;
        let config = match self.server_config().await {
            Ok(config) => config,
            Err(error) => {
                unknown.store(lasting(&error), Relaxed);
                return Err(error);
            }
        };
        let listed = config.storage_config_list.iter().flat_map(|list| list.iter());
        if listed.clone().nth(1).is_none() {
            return Ok(listed.chain(&config.storage_config).next());
        }
        let by_repository = || by_repository.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_repository().get(repository.name()).cloned();
        let id = if let Some(known) = known {
            known
        } else {
            let request = self.api().get_repository().repository(repository.name());
            let id =
                request.send().await.map(|found| Some(found.into_inner().storage_id.unwrap_or_default()));
            let id = id.or_else(|error| if lasting(&error) { Ok(None) } else { Err(error) })?;
            by_repository().insert(repository.name().to_owned(), id.clone());
            id
        };
        let named = |id: String| {
            let mut listed = listed;
            listed.find(|storage| storage.blockstore_id.as_deref().unwrap_or_default() == id)
        };
        Ok(id.and_then(named))
    }
}

impl fmt::Debug for ClientScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.api().base()).finish_non_exhaustive()
    }
}

/// Clients of the same endpoint are equal.
impl PartialEq for ClientScope {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.api().base() == other.api().base()
    }
}

impl Eq for ClientScope {}

impl std::hash::Hash for ClientScope {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.api().base().hash(state);
    }
}

/// A repository by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RepositoryScope {
    client: ClientScope,
    name: String,
}

impl RepositoryScope {
    pub(crate) fn client(&self) -> &ClientScope {
        &self.client
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        self.client.api()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn reference(&self, expression: impl Into<String>) -> RefScope {
        RefScope { repository: self.clone(), expression: expression.into() }
    }
}

/// A branch, a tag, a commit or a ref expression of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RefScope {
    repository: RepositoryScope,
    expression: String,
}

impl RefScope {
    pub(crate) fn repository(&self) -> &RepositoryScope {
        &self.repository
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        self.repository.api()
    }

    /// The expression, which is the name of a branch or a tag where the scope is that of one.
    pub(crate) fn expression(&self) -> &str {
        &self.expression
    }

    pub(crate) fn object(&self, path: impl Into<String>) -> ObjectScope {
        ObjectScope { reference: self.clone(), path: path.into() }
    }
}

/// An object by its path at a reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectScope {
    reference: RefScope,
    path: String,
}

impl ObjectScope {
    pub(crate) fn reference(&self) -> &RefScope {
        &self.reference
    }

    pub(crate) fn repository(&self) -> &RepositoryScope {
        self.reference.repository()
    }

    /// The generated client.
    pub(crate) fn api(&self) -> &api::Client {
        self.reference.api()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}
