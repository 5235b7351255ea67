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
}
