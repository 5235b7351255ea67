//! What delta-rs calls for a URL of lakeFS.

use std::sync::Arc;

use deltalake::DeltaResult;
use deltalake::logstore::{
    DeltaIOStorageBackend, LogStore, LogStoreFactory, ObjectStoreFactory, ObjectStoreRef, StorageConfig,
    logstore_factories, object_store_factories,
};
use object_store::path::Path;
use url::Url;

use super::log_store::LakeFsLogStore;
use super::options::store;

/// Registers the factories for `lakefs://` and for the scheme of another URL, for all tables of this process that are
/// opened afterwards.
pub fn register_handlers(additional_scheme: Option<Url>) {
    let scheme = Url::parse("lakefs://").ok();
    for url in scheme.into_iter().chain(additional_scheme) {
        object_store_factories().insert(url.clone(), Arc::new(LakeFsObjectStoreFactory));
        logstore_factories().insert(url, Arc::new(LakeFsLogStoreFactory));
    }
}

/// Makes the object store of a repository. The first segment of its locations is the ref.
#[derive(Clone, Copy, Debug, Default)]
pub struct LakeFsObjectStoreFactory;

impl ObjectStoreFactory for LakeFsObjectStoreFactory {
    fn parse_url_opts(&self, url: &Url, config: &StorageConfig) -> DeltaResult<(ObjectStoreRef, Path)> {
        let store = store(url, &config.raw)?;
        let store: ObjectStoreRef = match &config.runtime {
            Some(runtime) => Arc::new(DeltaIOStorageBackend::new(Arc::new(store), runtime.clone())),
            None => Arc::new(store),
        };
        Ok((store, Path::parse(url.path())?))
    }
}

/// Makes the log store of a table.
#[derive(Clone, Copy, Debug, Default)]
pub struct LakeFsLogStoreFactory;

impl LogStoreFactory for LakeFsLogStoreFactory {
    fn with_options(
        &self,
        prefixed_store: ObjectStoreRef,
        root_store: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Arc<dyn LogStore>> {
        let repository = store(location, &options.raw)?.repository();
        Ok(Arc::new(LakeFsLogStore::new(repository, prefixed_store, root_store, location, options)?))
    }
}
