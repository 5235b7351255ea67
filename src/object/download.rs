//! From an object to a file.

use std::io;
use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use crate::object::ObjectReader;
use crate::{Error, Result};

/// Writes what a reader has to a file that has its name only at the end.
pub(super) async fn to_file(mut reader: ObjectReader, path: &Path) -> Result<u64> {
    let action = reader.action().to_owned();
    let failed = |error: io::Error| {
        Error::invalid(&*action, format!("{} cannot be written", path.display()))
            .during("get_object", String::new)
            .with_source(error)
    };
    // Beside its place: a file moves in one step only within a file system.
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let temporary = blocking(move || temporary(&folder)).await.map_err(failed)?;
    let mut file = tokio::fs::File::from_std(temporary.reopen().map_err(failed)?);
    let mut bytes = 0;
    while let Some(chunk) = reader.try_next().await? {
        file.write_all(&chunk).await.map_err(failed)?;
        bytes += chunk.len() as u64;
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    let target = path.to_owned();
    blocking(move || persist(temporary, &target)).await.map_err(failed)?;
    Ok(bytes)
}

/// A file with the rights that any new file has: those of a temporary one are for its owner alone.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lakefs-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn persist(temporary: NamedTempFile, path: &Path) -> io::Result<()> {
    temporary.persist(path)?;
    // The name is an entry of the directory, which has its own place on the disk.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
