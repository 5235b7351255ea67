//! The registry.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::datafusion::error::{DataFusionError, Result};
use ::datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use lakefs::object_store_0_13::LakeFsStore;
use lakefs::{Client, Verify};
use object_store::ObjectStore;
use url::Url;

/// An [`ObjectStoreRegistry`] that resolves `lakefs://<repository>/<ref>/<path>` for all repositories of a server.
///
/// The store of a repository is created when it is first used, and kept. A missing repository is found out by the first
/// request to it. URLs with other schemes are passed to another registry.
///
/// ```
/// use std::sync::Arc;
///
/// use datafusion::execution::runtime_env::RuntimeEnvBuilder;
/// use lakefs_engines::datafusion::LakeFsObjectStoreRegistry;
///
/// # fn example(client: lakefs::Client) -> datafusion::error::Result<()> {
/// let registry = Arc::new(LakeFsObjectStoreRegistry::new(client));
/// let runtime = RuntimeEnvBuilder::new().with_object_store_registry(registry).build()?;
/// # Ok(())
/// # }
/// ```
///
/// A registry does not set the caches of a session: see [`runtime_env_builder`](super::runtime_env_builder).
pub struct LakeFsObjectStoreRegistry {
    client: Client,
    presign: Option<bool>,
    verify: Option<Verify>,
    /// The stores by the names of their repositories.
    stores: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
    fallback: Arc<dyn ObjectStoreRegistry>,
}

impl LakeFsObjectStoreRegistry {
    /// Creates a registry for the repositories of the server of a client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            presign: None,
            verify: None,
            stores: Mutex::default(),
            fallback: Arc::new(DefaultObjectStoreRegistry::new()),
        }
    }

    /// Creates a registry with the client of [`Client::from_env`].
    ///
    /// # Errors
    /// The errors of [`Client::from_env`].
    pub fn from_env() -> lakefs::Result<Self> {
        Client::from_env().map(Self::new)
    }

    /// Sets [`LakeFsStore::with_presign`] of the stores. Default: the choice of each read.
    ///
    /// With `true`, all data are read from the storage itself, which relieves the lakeFS server. The storage must support
    /// pre-signed URLs.
    #[must_use]
    pub fn with_presign(mut self, yes: bool) -> Self {
        self.presign = Some(yes);
        self
    }

    /// Sets [`LakeFsStore::with_verify`] of the stores. Default: the setting of the client.
    #[must_use]
    pub fn with_verify(mut self, verify: impl Into<Verify>) -> Self {
        self.verify = Some(verify.into());
        self
    }

    /// Sets the registry of URLs with other schemes than `lakefs`. Default: [`DefaultObjectStoreRegistry`], which knows
    /// local files.
    #[must_use]
    pub fn with_fallback(mut self, registry: Arc<dyn ObjectStoreRegistry>) -> Self {
        self.fallback = registry;
        self
    }

    /// Creates the store of a repository.
    fn store(&self, repository: &str) -> LakeFsStore {
        let mut store = LakeFsStore::new(&self.client.repository(repository));
        if let Some(presign) = self.presign {
            store = store.with_presign(presign);
        }
        if let Some(verify) = self.verify {
            store = store.with_verify(verify);
        }
        store
    }

    /// The lock is held only while the map is changed, which cannot panic.
    fn stores(&self) -> MutexGuard<'_, HashMap<String, Arc<dyn ObjectStore>>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LakeFsObjectStoreRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeFsObjectStoreRegistry")
            .field("client", &self.client)
            .field("presign", &self.presign)
            .field("verify", &self.verify)
            // The names of the repositories.
            .field("stores", &self.stores().keys().collect::<Vec<_>>())
            .field("fallback", &self.fallback)
            .finish()
    }
}

impl ObjectStoreRegistry for LakeFsObjectStoreRegistry {
    /// Sets the store of a repository, for example one with other settings. A URL that names no repository is passed to
    /// the other registry.
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        match repository(url) {
            Some(Ok(repository)) => self.stores().insert(repository, store),
            _ => self.fallback.register_store(url, store),
        }
    }

    fn deregister_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let Some(repository) = repository(url).transpose()? else {
            return self.fallback.deregister_store(url);
        };
        self.stores().remove(&repository).ok_or_else(|| {
            DataFusionError::Execution(format!("there is no store for repository {repository:?}"))
        })
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let Some(repository) = repository(url).transpose()? else {
            return self.fallback.get_store(url);
        };
        Ok(match self.stores().entry(repository) {
            Entry::Occupied(store) => store.get().clone(),
            Entry::Vacant(free) => {
                let store = self.store(free.key());
                free.insert(Arc::new(store)).clone()
            }
        })
    }
}

/// The repository in a URL. `None` if the URL has another scheme.
fn repository(url: &Url) -> Option<Result<String>> {
    if url.scheme() != "lakefs" {
        return None;
    }
    let invalid = |reason: &str| {
        let message = format!("the URL {url} {reason}; it must have the form lakefs://repository/ref/path");
        Some(Err(DataFusionError::Configuration(message)))
    };
    if !url.username().is_empty() || url.password().is_some() {
        // The message does not repeat the password.
        let message = "a lakefs:// URL has a user name or a password; set the credentials of the client";
        return Some(Err(DataFusionError::Configuration(message.to_owned())));
    }
    if url.port().is_some() {
        return invalid("has a port");
    }
    match url.host_str() {
        Some(name) if !name.is_empty() => Some(Ok(name.to_owned())),
        _ => invalid("names no repository"),
    }
}
