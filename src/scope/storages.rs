//! What a client knows of the storages of the server.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use crate::models;
use crate::scope::signed_objects::SignedObjects;
use crate::scope::storage_health::StorageHealth;

/// The storages of the server, as far as the client has requested them.
#[derive(Default)]
pub(super) struct Storages {
    /// The server does not report its storages.
    pub(super) unknown: AtomicBool,
    pub(super) health: StorageHealth,
    pub(super) signed: SignedObjects,
    /// The storage of each repository, where there are several; `None` where the server does not report it.
    pub(super) by_repository: Mutex<HashMap<String, Option<String>>>,
}

impl Storages {
    /// The id of the storage of a repository. A server with one storage has all repositories there.
    pub(super) fn id_of(&self, repository: &str) -> String {
        let by_repository = self.by_repository.lock().unwrap_or_else(PoisonError::into_inner);
        by_repository.get(repository).cloned().flatten().unwrap_or_default()
    }
}

/// The storage with this id. A server with one storage has all repositories there, whatever their ids say.
pub(crate) fn storage_with_id<'a>(config: &'a models::Config, id: &str) -> Option<&'a models::StorageConfig> {
    let mut listed = config.storage_config_list.iter().flat_map(|list| list.iter());
    if listed.clone().nth(1).is_none() {
        return listed.chain(&config.storage_config).next();
    }
    listed.find(|storage| storage.blockstore_id.as_deref().unwrap_or_default() == id)
}
