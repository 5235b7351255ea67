//! Transfer of object bytes, and the object requests that transfers are made of.
//!
//! Imports point downwards, in this order: `working`; `dir`; `read` and `write`, which do not know each other; `stat`,
//! `list` and `delete`; `wait_timeout`, `spool`, `beneath`, `budget`, `jobs`, `etag`, `digest`, `hasher`, `md5`,
//! `part_size`, `positioned` and `progress`.

#[cfg(feature = "fs")]
pub(crate) mod beneath;
#[cfg(feature = "fs")]
pub(crate) mod budget;
pub(crate) mod delete;
pub(crate) mod digest;
#[cfg(feature = "fs")]
pub(crate) mod dir;
pub(crate) mod etag;
mod hasher;
#[cfg(feature = "fs")]
pub(crate) mod jobs;
pub(crate) mod list;
pub(crate) mod md5;
mod part_size;
#[cfg(feature = "fs")]
mod positioned;
pub(crate) mod progress;
pub(crate) mod read;
#[cfg(feature = "fs")]
pub(crate) mod spool;
pub(crate) mod stat;
mod wait_timeout;
#[cfg(all(feature = "config", feature = "fs"))]
pub(crate) mod working;
pub(crate) mod write;

use std::io;
#[cfg(feature = "fs")]
use std::path::Path;

use tokio::task::spawn_blocking;

/// How many bytes are read from a source, or sent, at a time.
const CHUNK_SIZE: usize = 256 * 1024;

/// How many bytes are written or hashed in one job on the blocking thread pool.
#[cfg(feature = "fs")]
const JOB_SIZE: usize = 1024 * 1024;

/// Runs blocking work on the blocking thread pool.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Adds the path of a file to an error.
#[cfg(feature = "fs")]
fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
