//! The trait of registries, which differs between the versions of the `object_store` crate.

use std::sync::Arc;

use reqwest::Url;

use super::registry::LakeFsRegistry;
use super::version::object_store::path::Path;
use super::version::object_store::registry::ObjectStoreRegistry;
use super::version::object_store::{ObjectStore, Result};

impl ObjectStoreRegistry for LakeFsRegistry {
    fn register(&self, url: Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.register_store(url, store)
    }

    fn resolve(&self, url: &Url) -> Result<(Arc<dyn ObjectStore>, Path)> {
        self.resolve_url(url)
    }

    /// Removes the store that was registered for this URL, or the own store of the repository. The next URL of that
    /// repository creates a new one.
    fn deregister(&self, url: &Url) -> Option<Arc<dyn ObjectStore>> {
        self.others.deregister(url).or_else(|| self.take_own(url))
    }
}
