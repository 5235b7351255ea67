//! Files with tokens that somebody else replaces.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The size that no file with a token exceeds.
const MAX_SIZE: u64 = 1024 * 1024;

/// A file, and its state when it was last read.
#[derive(Clone, Debug)]
pub(super) struct WatchedFile {
    path: PathBuf,
    read: Arc<Mutex<Option<Stamp>>>,
}

/// What changes when a file is written or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    #[cfg(unix)]
    inode: u64,
}

impl WatchedFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, read: Arc::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file, and converts its text. Only a successful conversion counts as read.
    pub(super) async fn read<T: Send + 'static, E: Send + 'static>(
        &self,
        convert: impl FnOnce(io::Result<String>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, tokio::task::JoinError> {
        let Self { path, read } = self.clone();
        tokio::task::spawn_blocking(move || {
            // The state before the content: a change between the two is seen as one.
            let stamp = Stamp::of(&path).ok();
            let value = convert(content(&path))?;
            *read.lock().unwrap_or_else(PoisonError::into_inner) = stamp;
            Ok(value)
        })
        .await
    }

    /// Whether the file has been changed since it was read. A file that is missing has not.
    pub(super) async fn has_changed(&self) -> bool {
        let Self { path, read } = self.clone();
        let changed = tokio::task::spawn_blocking(move || {
            let now = Stamp::of(&path).ok();
            now.is_some() && now != *read.lock().unwrap_or_else(PoisonError::into_inner)
        });
        changed.await.unwrap_or(false)
    }
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            modified: metadata.modified().ok(),
            size: metadata.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&metadata),
        })
    }
}

fn content(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(MAX_SIZE + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= MAX_SIZE) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 1 MiB"))
    }
}
