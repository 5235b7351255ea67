//! Caches that keep only what cannot change.

use std::sync::Arc;
use std::time::Duration;

use ::datafusion::common::{HashMap, Result, TableReference};
use ::datafusion::execution::cache::cache_manager::CacheManagerConfig;
use ::datafusion::execution::cache::default_cache::DefaultCache;
use ::datafusion::execution::cache::{Cache, CacheEntryInfo, CacheKey, CacheValue, TableScopedPath};
use object_store::path::Path;

/// The number of characters of a commit id, which is a SHA-256 in hexadecimal digits.
const COMMIT_ID_LENGTH: usize = 64;

/// The caches of a session, with the limits of `DataFusion`. They keep entries of paths at a commit.
pub(super) fn of_commits() -> CacheManagerConfig {
    let config = CacheManagerConfig::default();
    let lists = CommitCache::new("CommitListFilesCache", config.list_files_cache_limit);
    let statistics = CommitCache::new("CommitFileStatisticsCache", config.file_statistics_cache_limit);
    let metadata = CommitCache::new("CommitFileMetadataCache", config.metadata_cache_limit);
    config
        .with_list_files_cache(Some(Arc::new(lists)))
        .with_file_statistics_cache(Some(Arc::new(statistics)))
        .with_file_metadata_cache(Some(Arc::new(metadata)))
}

/// The key of a cache, which is or has a path.
trait PathKey: CacheKey {
    fn path(&self) -> &Path;

    /// Whether the path starts with the id of a commit. Such an id is a hash of the content, so that the path has the same
    /// content in all repositories.
    fn is_at_commit(&self) -> bool {
        let first = self.path().as_ref().split('/').next().unwrap_or_default();
        first.len() == COMMIT_ID_LENGTH && first.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }
}

impl PathKey for Path {
    fn path(&self) -> &Path {
        self
    }
}

impl PathKey for TableScopedPath {
    fn path(&self) -> &Path {
        &self.path
    }
}

/// A cache that ignores entries whose paths are not at a commit.
struct CommitCache<K: CacheKey, V: CacheValue>(DefaultCache<K, V>);

impl<K: PathKey, V: CacheValue> CommitCache<K, V> {
    fn new(name: &str, limit: usize) -> Self {
        Self(DefaultCache::new(limit).with_name(name))
    }
}

impl<K: PathKey, V: CacheValue> Cache<K, V> for CommitCache<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    fn put(&self, key: &K, value: V) -> Option<V> {
        if key.is_at_commit() { self.0.put(key, value) } else { None }
    }

    fn remove(&self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn name(&self) -> String {
        self.0.name()
    }

    fn cache_limit(&self) -> usize {
        self.0.cache_limit()
    }

    fn update_cache_limit(&self, limit: usize) {
        self.0.update_cache_limit(limit);
    }

    fn cache_ttl(&self) -> Option<Duration> {
        self.0.cache_ttl()
    }

    fn update_cache_ttl(&self, ttl: Option<Duration>) {
        self.0.update_cache_ttl(ttl);
    }

    fn drop_table_entries(&self, table: &TableReference) -> Result<()> {
        self.0.drop_table_entries(table)
    }

    fn list_entries(&self) -> HashMap<K, CacheEntryInfo<V>> {
        self.0.list_entries()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_at_commit_starts_with_a_full_commit_id() {
        let id = "0123456789abcdef".repeat(4);
        let at_commit = |path: &str| Path::parse(path).unwrap().is_at_commit();
        assert!(at_commit(&format!("{id}/a/b.parquet")));
        assert!(at_commit(&id));
        for path in [
            "",
            "main/a",
            "main~1/a",
            &id[1..],
            &format!("{id}~1/a"),
            &format!("main/{id}"),
            &id.to_uppercase(),
        ] {
            assert!(!at_commit(path), "{path}");
        }
    }
}
