//! The commit of an operation.

use std::sync::Arc;

use bytes::Bytes;
use deltalake::kernel::Action;
use deltalake::kernel::transaction::TransactionError;
use deltalake::logstore::get_actions;
use lakefs::{Branch, Error, ErrorKind, MergeStrategy, Transaction};

use super::operation::{Operation, RolledBack, State};

/// A log entry to be committed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) version: u64,
    /// The path in the repository.
    pub(super) path: String,
    pub(super) content: Bytes,
    /// The path of the table in the repository.
    pub(super) table: String,
    /// The id of the operation.
    pub(super) operation_id: String,
}

/// Rolls an operation back if the future of its commit is dropped.
struct CommitGuard<'a>(Option<&'a Arc<Operation>>);

impl Drop for CommitGuard<'_> {
    fn drop(&mut self) {
        if let Some(operation) = self.0 {
            operation.abandon();
        }
    }
}

impl Operation {
    /// Writes the log entry to the hidden branch, commits it, and merges it into the branch of the table.
    ///
    /// [`VersionAlreadyExists`](TransactionError::VersionAlreadyExists): another writer has committed the version. The
    /// hidden branch stays as it was before, for the next version.
    pub(super) async fn commit_entry(self: &Arc<Self>, entry: Entry) -> Result<(), TransactionError> {
        let mut guard = CommitGuard((!self.is_shared).then_some(self));
        let committed = self.try_commit(&entry).await;
        guard.0 = None;
        if matches!(committed, Err(TransactionError::VersionAlreadyExists(_))) {
            self.watch();
        }
        committed
    }

    async fn try_commit(&self, entry: &Entry) -> Result<(), TransactionError> {
        let mut state = self.lock().await;
        let finished = self.finished();
        if let Err(error) = self.ensure_open(&mut state).await {
            return Err(log_store_error(error));
        }
        let State::Open(transaction) = &*state else {
            return Err(log_store_error(RolledBack));
        };
        let conflict = match merge_entry(transaction, self.target(), entry).await {
            Ok(()) => {
                self.close(&mut state, finished).await;
                return Ok(());
            }
            Err(Failure::OutcomeUnknown(error)) => {
                let found = self.target().object(&entry.path).read().await;
                match found {
                    Ok(found) if found == entry.content => {
                        self.close(&mut state, finished).await;
                        return Ok(());
                    }
                    // Another writer has committed the version, so this merge has failed.
                    Ok(_) => {}
                    Err(_) => {
                        self.keep(&mut state);
                        return Err(log_store_error(error));
                    }
                }
                Failure::VersionExists { is_written: true }
            }
            Err(failure) => failure,
        };
        match conflict {
            Failure::VersionExists { is_written } => {
                if !self.has_writes() {
                    // There is nothing but the log entry.
                    self.roll_back(&mut state).await;
                } else if is_written {
                    let hidden = transaction.branch();
                    if let Err(error) = hidden.object(&entry.path).delete().await {
                        self.roll_back(&mut state).await;
                        return Err(log_store_error(error));
                    }
                }
                Err(TransactionError::VersionAlreadyExists(entry.version))
            }
            Failure::OutcomeUnknown(error) | Failure::Other(error) => {
                if self.is_shared {
                    // The branch may have files of other writers. The entry must not be merged with theirs.
                    if transaction.branch().object(&entry.path).delete().await.is_err() {
                        self.roll_back(&mut state).await;
                    }
                } else {
                    self.roll_back(&mut state).await;
                }
                Err(log_store_error(error))
            }
        }
    }

    /// Rolls back after a failed commit.
    pub(super) async fn abort(&self) {
        let mut state = self.lock().await;
        if !self.is_shared {
            self.roll_back(&mut state).await;
        }
    }

    /// Merges what maintains the log: a checkpoint, or deletions of log entries.
    pub(super) async fn publish(&self) -> Result<(), Error> {
        let mut state = self.lock().await;
        let finished = self.finished();
        let State::Open(transaction) = &*state else { return Ok(()) };
        let merged = merge_maintenance(transaction, self.target()).await;
        match merged {
            Err(error) if error.is_outcome_unknown() => {
                self.keep(&mut state);
                Err(error)
            }
            Err(error) => {
                if !self.is_shared {
                    self.roll_back(&mut state).await;
                }
                Err(error)
            }
            Ok(()) => {
                self.close(&mut state, finished).await;
                Ok(())
            }
        }
    }
}

enum Failure {
    VersionExists {
        /// The log entry is on the hidden branch.
        is_written: bool,
    },
    OutcomeUnknown(Error),
    Other(Error),
}

async fn merge_entry(transaction: &Transaction, target: &Branch, entry: &Entry) -> Result<(), Failure> {
    let hidden = transaction.branch();
    // Entries of equal bytes must not be taken for the same: lakeFS compares the user metadata as well.
    let upload = hidden.object(&entry.path).upload(entry.content.clone()).if_none_match("*");
    let upload = upload.content_type("application/json").metadata("delta-operation-id", &entry.operation_id);
    match upload.await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::PreconditionFailed => {
            return Err(Failure::VersionExists { is_written: false });
        }
        Err(error) => return Err(Failure::Other(error)),
    }

    let operation = operation_of(entry).unwrap_or_else(|| "COMMIT".to_owned());
    let (table, version) = (&entry.table, entry.version.to_string());
    let message = format!("{operation}: version {version} of the Delta table {table:?}");
    let metadata =
        [("delta.table", table.as_str()), ("delta.version", &version), ("delta.operation", &operation)];
    let mut commit = hidden.commit(&message);
    let mut merge = hidden.merge_into(target).message(&message).squash(true);
    for (key, value) in metadata {
        commit = commit.metadata(key, value);
        merge = merge.metadata(key, value);
    }
    commit.await.map_err(Failure::Other)?;
    match merge.await {
        Ok(_) => Ok(()),
        Err(error) if error.is_outcome_unknown() => Err(Failure::OutcomeUnknown(error)),
        Err(error) if error.kind() == ErrorKind::MergeConflict => {
            let is_entry = |conflict: &lakefs::Conflict| conflict.path == entry.path;
            if error.conflicts().iter().any(is_entry) {
                Err(Failure::VersionExists { is_written: true })
            } else {
                Err(Failure::Other(error))
            }
        }
        Err(error) => Err(Failure::Other(error)),
    }
}

async fn merge_maintenance(transaction: &Transaction, target: &Branch) -> Result<(), Error> {
    let hidden = transaction.branch();
    let message = "Maintain the log of a Delta table";
    match hidden.commit(message).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NoChanges => return Ok(()),
        Err(error) => return Err(error),
    }
    let merge = hidden.merge_into(target).message(message).squash(true);
    match merge.strategy(MergeStrategy::DestinationWins).await {
        Err(error) if error.kind() != ErrorKind::NoChanges => Err(error),
        _ => Ok(()),
    }
}

/// Returns the name of the operation, such as `WRITE`. It is in the first action of the entry.
fn operation_of(entry: &Entry) -> Option<String> {
    let end = entry.content.iter().position(|byte| *byte == b'\n').unwrap_or(entry.content.len());
    let actions = get_actions(entry.version, &entry.content.slice(..end)).ok()?;
    actions.into_iter().find_map(|action| match action {
        Action::CommitInfo(info) => info.operation,
        _ => None,
    })
}

pub(super) fn log_store_error(
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> TransactionError {
    let source = source.into();
    TransactionError::LogStoreError { msg: source.to_string(), source }
}
