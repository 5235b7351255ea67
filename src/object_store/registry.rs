//! The registry of stores by URL.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use reqwest::Url;

use super::error::generic;
use super::store::LakeFsStore;
use super::store_url::StoreUrl;
use super::version::object_store::path::Path;
use super::version::object_store::registry::{DefaultObjectStoreRegistry, ObjectStoreRegistry as _};
use super::version::object_store::{ObjectStore, Result};
use crate::handles::client::Client;
use crate::verify::Verify;

/// The scheme of the URLs that this registry resolves itself.
const SCHEME: &str = "lakefs";

/// A registry that resolves `lakefs://repository/ref/path` to a store of the repository and the location `ref/path`.
///
/// The stores are created when they are first used, and cached. They share the client. Percent-encoded characters of a URL
/// are decoded. A URL with a query, a fragment, a user name or a port is an error.
///
/// A store that is registered for a `lakefs://` URL replaces the own ones for URLs below it. URLs of other schemes are
/// those of a [`DefaultObjectStoreRegistry`].
#[derive(Debug)]
pub struct LakeFsRegistry {
    client: Client,
    presign: Option<bool>,
    verify: Option<Verify>,
    /// The own stores, by repository.
    stores: RwLock<HashMap<String, Arc<dyn ObjectStore>>>,
    /// The registered stores of all schemes, and the stores of other schemes.
    pub(super) others: DefaultObjectStoreRegistry,
    /// Whether a store was ever registered for a `lakefs://` URL.
    has_registered: AtomicBool,
}

impl LakeFsRegistry {
    /// Creates a registry for the repositories of one server.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            presign: None,
            verify: None,
            stores: RwLock::default(),
            others: DefaultObjectStoreRegistry::new(),
            has_registered: AtomicBool::new(false),
        }
    }

    /// Creates a registry whose client has the configuration of `lakectl`; see
    /// [`Client::from_env`](crate::Client::from_env).
    ///
    /// # Errors
    /// Those of [`Client::from_env`](crate::Client::from_env).
    pub fn from_env() -> crate::error::Result<Self> {
        Client::from_env().map(Self::new)
    }

    /// Sets [`LakeFsStore::with_presign`] of the stores. Default: the choice of each read.
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

    /// Returns the client of the stores.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn register_store(
        &self,
        url: Url,
        store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        if url.scheme() == SCHEME {
            self.has_registered.store(true, Relaxed);
        }
        let own = self.take_own(&url);
        self.others.register(url, store).or(own)
    }

    pub(super) fn resolve_url(&self, url: &Url) -> Result<(Arc<dyn ObjectStore>, Path)> {
        if url.scheme() != SCHEME {
            return self.others.resolve(url);
        }
        if self.has_registered.load(Relaxed)
            && let Ok(registered) = self.others.resolve(url)
        {
            return Ok(registered);
        }
        let StoreUrl { repository, location } = StoreUrl::parse(url.as_str()).map_err(generic)?;
        let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
        let known = stores.get(&repository).map(Arc::clone);
        drop(stores);
        Ok((known.unwrap_or_else(|| self.create(repository)), location))
    }

    /// Returns the store of a repository. If another thread has created it meanwhile, that one.
    fn create(&self, repository: String) -> Arc<dyn ObjectStore> {
        let mut stores = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        let entry = stores.entry(repository);
        let mut store = LakeFsStore::new(&self.client.repository(entry.key()));
        if let Some(presign) = self.presign {
            store = store.with_presign(presign);
        }
        if let Some(verify) = self.verify {
            store = store.with_verify(verify);
        }
        Arc::clone(entry.or_insert_with(|| Arc::new(store)))
    }

    /// Removes the own store of the repository that is exactly this URL.
    pub(super) fn take_own(&self, url: &Url) -> Option<Arc<dyn ObjectStore>> {
        let StoreUrl { repository, location } = StoreUrl::parse(url.as_str()).ok()?;
        if !location.is_root() {
            return None;
        }
        self.stores.write().unwrap_or_else(PoisonError::into_inner).remove(&repository)
    }
}
