//! Delta Lake tables on lakeFS, through delta-rs.
//!
//! [`register_handlers`] makes delta-rs accept `lakefs://<repository>/<ref>/<path of the table>`:
//!
//! ```no_run
//! # use std::collections::HashMap;
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! lakefs_engines::delta::register_handlers(None);
//! let options = HashMap::from([
//!     ("endpoint".to_owned(), "https://lakefs.example.com".to_owned()),
//!     ("access_key_id".to_owned(), "AKIAIOSFODNN7EXAMPLE".to_owned()),
//!     ("secret_access_key".to_owned(), "…".to_owned()),
//! ]);
//! let url = "lakefs://repository/main/tables/events".parse()?;
//! let table = deltalake::open_table_with_storage_options(url, options).await?;
//! println!("version {:?}", table.version());
//! # Ok(())
//! # }
//! ```
//!
//! # Storage options
//! The options are those of [`LakeFsStoreBuilder::with_options`](lakefs::object_store_0_13::LakeFsStoreBuilder::with_options),
//! which [`ConfigKey`](lakefs::object_store_0_13::ConfigKey) lists: among others `endpoint`, `access_key_id`,
//! `secret_access_key` and their names with `aws_`, which users of delta-rs know, and `token`. `url` and `prefix` have no
//! effect, because the URL of the table says where it is. What the options do not set comes from the environment and the
//! configuration file of `lakectl`, as with [`lakefs::Client::from_env`]. Other options are ignored.
//!
//! Tables of one repository share a client if their options are equal. It reads the environment when it is made.
//!
//! # Commits
//! Each operation of delta-rs writes to a hidden branch, an open [`lakefs::Transaction`]. To commit it, the log entry is
//! written to the hidden branch, the branch is committed, and a squash merge brings all files to the branch of the table
//! with one commit. So a commit of lakeFS has all files of a version of the table, or none of them. The message and the
//! metadata (`delta.table`, `delta.version`, `delta.operation`) of the merge commit name the version.
//!
//! Of several writers of a version, one merge succeeds. The others have a conflict at the log entry: delta-rs checks
//! whether their changes are compatible with those of the winner, and commits the next version from the same hidden branch.
//! Nothing needs to be passed to the operation builders of delta-rs for any of this.
//!
//! Checkpoints, `_last_checkpoint` and the removal of expired log entries are merged in the same way, each as one
//! commit. A conflict there is resolved in favour of the branch.
//!
//! The branch must have no uncommitted changes when an operation begins to write, because lakeFS does not merge into such
//! a branch.
//!
//! # Cleanup
//! The hidden branch is deleted when the version is committed. When an operation fails or is dropped, its branch is
//! deleted in the background; [`finish_rollbacks`] waits for that, and should be called before a program exits. What an
//! operation with a session of the caller has begun is deleted after five minutes, because the session keeps the store of
//! the operation. After a crash, the hidden branch remains, and
//! [`abandoned_transactions`](lakefs::Repository::abandoned_transactions) finds it:
//!
//! ```no_run
//! # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
//! use std::time::Duration;
//!
//! use futures::TryStreamExt as _;
//!
//! // Longer than any operation of a running writer.
//! let mut abandoned = repository.abandoned_transactions(Duration::from_secs(24 * 60 * 60));
//! while let Some(transaction) = abandoned.try_next().await? {
//!     transaction.delete().await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Time travel
//! A ref can be a commit or a tag: `lakefs://repository/<commit>/tables/events` is the table at that commit. It has the
//! versions up to that commit. lakeFS keeps the files that `vacuum` deletes as long as a commit has them, unless garbage
//! collection removes them, so a table at a commit can be read after a `vacuum` of the branch.
//!
//! # Limitations
//! * Writes without an operation, such as those of `RecordBatchWriter`, share one hidden branch for all writers of a table
//!   with equal options in this process. They take effect with the next commit, or else are deleted when the last table
//!   or writer is dropped. `generate` (of symlink manifests) takes effect only with the next commit.
//! * The tokio runtime needs more than one thread: delta-rs blocks a thread while it writes a checkpoint, and the client
//!   would never get its responses.
//! * Options of delta-rs for retries and certificates have no effect; the client has its own.

mod commit;
mod factories;
mod log_store;
mod operation;
mod options;
mod rollback;
mod store;
#[cfg(test)]
mod tests;

pub use self::factories::{LakeFsLogStoreFactory, LakeFsObjectStoreFactory, register_handlers};
pub use self::rollback::finish_rollbacks;
