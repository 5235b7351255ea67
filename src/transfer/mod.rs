//! Transfer of object bytes.

pub(crate) mod digest;
#[cfg(feature = "fs")]
pub(crate) mod dir;
pub(crate) mod parent_dirs;
pub(crate) mod progress;
pub(crate) mod read;
pub(crate) mod write;

use std::io;

use tokio::task::spawn_blocking;

/// Runs blocking work on the blocking thread pool.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
