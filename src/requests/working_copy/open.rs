//! A working copy at its directory: its index file, its lock and its cache.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_has_options;
use crate::models;
use crate::requests::working_copy::report::WorkingCopyInfo;
use crate::scope::{ClientScope, RefScope, RepositoryScope};
use crate::transfer::blocking;
use crate::transfer::working::base_file::{BaseKey, cache_file};
use crate::transfer::working::files::remove_temporary_files;
use crate::transfer::working::index::{INDEX_FILE, Index, find_root};
use crate::transfer::working::lock::{DirectoryLock, lock};
use crate::uri::Uri;

/// How many files are transferred at once, unless the client has another default.
const CONCURRENCY: usize = 25;

/// A directory that may be a working copy, and the client for it.
#[derive(Clone, Debug)]
pub(crate) struct WorkingCopyScope {
    pub(crate) client: ClientScope,
    pub(crate) directory: PathBuf,
    /// The directory of the cache; `None` for no cache.
    pub(crate) cache: Option<PathBuf>,
}

impl_has_options!(WorkingCopyScope { client });

/// A working copy whose index file has been read.
#[derive(Debug)]
pub(crate) struct OpenCopy {
    pub(super) root: Arc<Path>,
    pub(super) index: Index,
    pub(super) source: Uri,
    /// The prefix, with a slash at its end unless it is empty.
    pub(super) prefix: String,
    pub(super) repository: RepositoryScope,
    /// The file of the cache.
    pub(super) cache_file: Option<PathBuf>,
    /// Held by operations that change the directory.
    pub(super) _lock: Option<DirectoryLock>,
}

impl WorkingCopyScope {
    pub(super) fn concurrency(&self) -> usize {
        self.client.defaults().dir_concurrency.unwrap_or(CONCURRENCY)
    }

    /// Describes an operation, for error messages.
    pub(super) fn action(&self, operation: &str) -> String {
        format!("{operation} working copy {}", self.directory.display())
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        operation: &str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        blocking(work)
            .await
            .map_err(|error| Error::io(self.action(operation), "the directory cannot be used", error))
    }

    /// Reads what the directory is linked to.
    pub(crate) async fn info(&self) -> Result<WorkingCopyInfo> {
        Ok(self.open("read").await?.info())
    }

    /// Finds the working copy, and reads its index file.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound): there is no index file in the directory or above it.
    pub(super) async fn open(&self, operation: &str) -> Result<OpenCopy> {
        let root = self.find(operation).await?;
        self.read(operation, root, None).await
    }

    /// Opens the working copy, and locks it.
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict): another program holds the lock.
    pub(super) async fn open_locked(&self, operation: &str) -> Result<OpenCopy> {
        let root = self.find(operation).await?;
        let held = self.lock(operation, &root).await?;
        let copy = self.read(operation, root, Some(held)).await?;
        if copy.interrupted().is_some() {
            let root = copy.root.clone();
            self.blocking(operation, move || remove_temporary_files(&root)).await?;
        }
        Ok(copy)
    }

    /// Links a directory, which is locked, to a prefix.
    pub(super) async fn create(&self, operation: &str, root: PathBuf, index: Index) -> Result<OpenCopy> {
        let held = self.lock(operation, &root).await?;
        let path = root.clone();
        let exists = self.blocking(operation, move || path.join(INDEX_FILE).try_exists()).await?;
        if exists {
            let message = format!("the directory has a file {INDEX_FILE} already");
            return Err(Error::new(ErrorKind::AlreadyExists, self.action(operation), message));
        }
        let path = root.clone();
        self.blocking(operation, move || index.write(&path)).await?;
        self.read(operation, root, Some(held)).await
    }

    async fn find(&self, operation: &str) -> Result<PathBuf> {
        let directory = self.directory.clone();
        self.blocking(operation, move || find_root(&directory)).await?.ok_or_else(|| {
            let message = format!("there is no file {INDEX_FILE} in the directory or above it");
            Error::new(ErrorKind::NotFound, self.action(operation), message)
        })
    }

    async fn lock(&self, operation: &str, root: &Path) -> Result<DirectoryLock> {
        let path = root.to_owned();
        self.blocking(operation, move || lock(&path)).await?.ok_or_else(|| {
            let message = "another program is changing the working copy";
            Error::new(ErrorKind::Conflict, self.action(operation), message)
        })
    }

    async fn read(&self, operation: &str, root: PathBuf, held: Option<DirectoryLock>) -> Result<OpenCopy> {
        let (path, cache) = (root.clone(), self.cache.clone());
        let read = move || {
            // The cache may be in a directory that cannot be resolved, so it is not required.
            let cache_file = cache.and_then(|cache| cache_file(&cache, &path).ok());
            Ok((Index::read(&path)?, cache_file))
        };
        let (index, cache_file) = self.blocking(operation, read).await?;
        let source = index.source()?;
        let prefix = directory_prefix(&source);
        let repository = self.client.repository(source.repository());
        Ok(OpenCopy { root: root.into(), index, source, prefix, repository, cache_file, _lock: held })
    }
}

/// Returns the prefix that a URI names, with a slash at its end unless it is empty.
pub(super) fn directory_prefix(source: &Uri) -> String {
    let mut prefix = source.path().unwrap_or_default().to_owned();
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    prefix
}

/// Reads the commit that a URI names, and returns the URI of the directory with the id of the commit.
pub(super) async fn resolve(client: &ClientScope, uri: &Uri) -> Result<(Uri, String)> {
    let reference = uri.reference().ok_or_else(|| {
        Error::invalid(
            format!("link a directory to {uri}"),
            "the URI names no ref: it needs a repository and a ref",
        )
    })?;
    let source = Uri::of_object(uri.repository(), reference, &directory_prefix(uri));
    let commit = get_commit(&client.repository(uri.repository()).reference(reference)).await?;
    Ok((source, commit.id))
}

pub(super) async fn get_commit(reference: &RefScope) -> Result<models::Commit> {
    crate::requests::commit::get_commit(reference).await
}

impl OpenCopy {
    /// The ref that the directory is linked to.
    pub(super) fn reference(&self) -> RefScope {
        self.repository.reference(self.source.reference().unwrap_or_default())
    }

    pub(super) fn base(&self) -> &str {
        &self.index.at_head
    }

    /// The operation that was interrupted.
    pub(super) fn interrupted(&self) -> Option<&str> {
        Some(&*self.index.active_operation).filter(|operation| !operation.is_empty())
    }

    pub(super) fn info(&self) -> WorkingCopyInfo {
        WorkingCopyInfo {
            root: self.root.to_path_buf(),
            source: self.source.clone(),
            base: self.base().to_owned(),
            active_operation: self.interrupted().map(str::to_owned),
        }
    }

    pub(super) fn base_key(&self, commit: &str) -> BaseKey {
        let endpoint = self.repository.api().base();
        BaseKey::new(endpoint, self.repository.name(), &self.prefix, commit)
    }

    /// Describes an operation, for error messages.
    pub(super) fn action(&self, operation: &str) -> String {
        format!("{operation} working copy {}", self.root.display())
    }

    /// Removes the index file of a directory that has no files yet.
    pub(super) async fn remove_index(&self) -> Result<()> {
        let path = self.root.join(INDEX_FILE);
        blocking(move || std::fs::remove_file(path)).await.map_err(|error| {
            let action = format!("remove {}", self.root.join(INDEX_FILE).display());
            Error::io(action, "the file cannot be removed", error)
        })
    }

    /// Replaces the index file.
    pub(super) async fn write_index(&mut self, index: Index) -> Result<()> {
        let (root, new) = (self.root.clone(), index.clone());
        blocking(move || new.write(&root)).await.map_err(|error| {
            let action = format!("write {}", self.root.join(INDEX_FILE).display());
            Error::io(action, "the file cannot be written", error)
        })?;
        self.index = index;
        Ok(())
    }
}
