//! The log store of a table.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use deltalake::kernel::Version;
use deltalake::kernel::transaction::TransactionError;
use deltalake::logstore::{
    CommitOrBytes, LogStore, LogStoreConfig, ObjectStoreRef, StorageConfig, commit_uri_from_version,
    get_latest_version, read_commit_entry,
};
use deltalake::{DeltaResult, DeltaTableError};
use lakefs::Repository;
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use url::Url;
use uuid::Uuid;

use super::commit::{Entry, log_store_error};
use super::operation::Operation;
use super::store::OperationStore;

/// The log of one table. Commits are merges of hidden branches.
#[derive(Debug)]
pub(super) struct LakeFsLogStore {
    repository: Repository,
    /// The ref of the table.
    reference: String,
    /// The path of the table, which starts with the ref.
    prefix: Path,
    /// The store of the table, and that of the repository, as they are.
    table: ObjectStoreRef,
    root: ObjectStoreRef,
    config: LogStoreConfig,
    /// Writes without an operation.
    shared: Arc<Operation>,
    operations: Mutex<HashMap<Uuid, Arc<Operation>>>,
}

/// The writes without an operation, by the table and its options. A writer of delta-rs can have a log store of its own, but
/// commit through another one.
type Shared = HashMap<(Url, Vec<(String, String)>), Weak<Operation>>;
static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(Mutex::default);

impl LakeFsLogStore {
    pub(super) fn new(
        repository: Repository,
        table: ObjectStoreRef,
        root: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Self> {
        let prefix = Path::parse(location.path())?;
        let Some(reference) = prefix.parts().next().map(|first| first.as_ref().to_owned()) else {
            let message = format!("{location}: there is no branch, tag or commit in the path");
            return Err(DeltaTableError::InvalidTableLocation(message));
        };
        let config = LogStoreConfig::new(location, options.clone());
        let shared = {
            let mut options: Vec<_> = options.raw.clone().into_iter().collect();
            options.sort();
            let mut all = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, operation| operation.strong_count() > 0);
            let known = all.entry((config.location().clone(), options)).or_default();
            known.upgrade().unwrap_or_else(|| {
                let shared = Arc::new(Operation::new(repository.branch(&*reference), true));
                *known = Arc::downgrade(&shared);
                shared
            })
        };
        Ok(Self { repository, reference, prefix, table, root, config, shared, operations: Mutex::default() })
    }

    /// Returns the operation with this id. It is known as long as it has a store or a hidden branch.
    fn operation(&self, id: Uuid) -> Arc<Operation> {
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        operations.retain(|known, operation| {
            *known == id || Arc::strong_count(operation) > 1 || !operation.is_forgettable()
        });
        let new = || Arc::new(Operation::new(self.repository.branch(&*self.reference), false));
        Arc::clone(operations.entry(id).or_insert_with(new))
    }

    fn store(&self, operation_id: Option<Uuid>, is_root: bool) -> OperationStore {
        let operation = operation_id.map_or_else(|| Arc::clone(&self.shared), |id| self.operation(id));
        OperationStore::new(Arc::clone(&self.root), operation, is_root)
    }

    /// Returns the operation whose hidden branch has the files of a commit.
    fn committer(&self, id: Uuid) -> Arc<Operation> {
        let operation = self.operation(id);
        let is_written = operation.has_writes() || operation.hidden().is_some();
        if !is_written && self.shared.hidden().is_some() { Arc::clone(&self.shared) } else { operation }
    }
}

#[async_trait]
impl LogStore for LakeFsLogStore {
    /// delta-rs passes the content of a log entry, and not a temporary file, to the log store of this name.
    fn name(&self) -> String {
        "LakeFSLogStore".to_owned()
    }

    async fn read_commit_entry(&self, version: Version) -> DeltaResult<Option<Bytes>> {
        read_commit_entry(&self.table, version).await
    }

    async fn write_commit_entry(
        &self,
        version: Version,
        commit_or_bytes: CommitOrBytes,
        operation_id: Uuid,
    ) -> Result<(), TransactionError> {
        let CommitOrBytes::LogBytes(content) = commit_or_bytes else {
            return Err(log_store_error("log entries cannot be committed from temporary files"));
        };
        let table: Path = self.prefix.parts().skip(1).collect();
        let path: Path = table.parts().chain(commit_uri_from_version(Some(version)).parts()).collect();
        let entry = Entry {
            version,
            path: path.to_string(),
            content,
            table: table.to_string(),
            operation_id: operation_id.to_string(),
        };
        self.committer(operation_id).commit_entry(entry).await
    }

    async fn abort_commit_entry(
        &self,
        _version: Version,
        _commit_or_bytes: CommitOrBytes,
        operation_id: Uuid,
    ) -> Result<(), TransactionError> {
        self.operation(operation_id).abort().await;
        Ok(())
    }

    async fn get_latest_version(&self, start_version: Version) -> DeltaResult<Version> {
        get_latest_version(self, start_version).await
    }

    fn object_store(&self, operation_id: Option<Uuid>) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(self.store(operation_id, false), self.prefix.clone()))
    }

    fn root_object_store(&self, operation_id: Option<Uuid>) -> Arc<dyn ObjectStore> {
        Arc::new(self.store(operation_id, true))
    }

    fn config(&self) -> &LogStoreConfig {
        &self.config
    }
}
