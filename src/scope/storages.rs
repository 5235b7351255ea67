//! What a client knows of the storages of the server.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::models;

/// How long uploads to a repository go through the server after its storage could not be reached.
const BYPASS: Duration = Duration::from_secs(5 * 60);

/// The storages of the server, as far as the client has requested them.
#[derive(Default)]
pub(super) struct Storages {
    /// The server does not report its storages.
    pub(super) unknown: AtomicBool,
    pub(super) unreachable: UnreachableStorages,
    /// The storage of each repository, where there are several; `None` where the server does not report it.
    pub(super) by_repository: Mutex<HashMap<String, Option<String>>>,
}

/// The repositories whose storage could not be reached from this program lately, and when that was.
#[derive(Default)]
pub(super) struct UnreachableStorages(Mutex<HashMap<String, Instant>>);

impl UnreachableStorages {
    pub(super) fn add(&self, repository: &str) {
        let mut repositories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        repositories.retain(|_, since| since.elapsed() < BYPASS);
        repositories.insert(repository.to_owned(), Instant::now());
    }

    pub(super) fn contains(&self, repository: &str) -> bool {
        let repositories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        repositories.get(repository).is_some_and(|since| since.elapsed() < BYPASS)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn unreachable_storage_concerns_one_repository_for_some_time() {
        let unreachable = UnreachableStorages::default();
        unreachable.add("a");
        assert!(unreachable.contains("a") && !unreachable.contains("b"));
        tokio::time::advance(BYPASS).await;
        assert!(!unreachable.contains("a"));
        unreachable.add("b");
        assert!(unreachable.contains("b") && !unreachable.contains("a"));
    }
}
