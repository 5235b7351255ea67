//! The changes between two commits, and those of the directory.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures::stream::TryStreamExt as _;

use crate::error::{Error, FailedObject, Result};
use crate::models::DiffType;
use crate::ref_expr::RefExpr;
use crate::requests::diff::DiffEntries;
use crate::requests::working_copy::open::OpenCopy;
use crate::requests::working_copy::report::UnsupportedFile;
use crate::transfer::blocking;
use crate::transfer::dir::listing::sorted_objects;
use crate::transfer::dir::name_folding::NameFolding;
use crate::transfer::dir::names::NameChecker;
use crate::transfer::stat::StatRequest;
use crate::transfer::working::base::{BaseEntry, is_file};
use crate::transfer::working::base_file::{BaseKey, BaseReader, BaseWriter, rewrite};
use crate::transfer::working::plan::RemoteChange;
use crate::transfer::working::scan::{CancelOnDrop, Scan, scan};

/// How many objects are written to a file at once.
const BATCH: usize = 1000;

/// The changes between two commits.
#[derive(Debug, Default)]
pub(super) struct RemoteChanges {
    /// In byte order of the names.
    pub(super) changes: Vec<RemoteChange>,
    /// Objects that cannot be files.
    pub(super) unsupported: Vec<UnsupportedFile>,
}

impl RemoteChanges {
    /// Returns the names of the changes.
    pub(super) fn names(&self) -> HashSet<String> {
        self.changes.iter().map(|change| change.name.clone()).collect()
    }

    /// Fails if objects cannot be files.
    pub(super) fn require_supported(&self, action: impl FnOnce() -> String, prefix: &str) -> Result<()> {
        if self.unsupported.is_empty() {
            return Ok(());
        }
        let failed = self.unsupported.iter().map(|UnsupportedFile { path, reason }| {
            FailedObject::new(Some(format!("{prefix}{path}")), reason, 0)
        });
        Err(Error::invalid("", "").of_many(action(), failed.collect()))
    }

    fn add(&mut self, names: &mut NameChecker, change: RemoteChange) {
        match names.check(&change.name, change.entry.as_ref().map_or(0, |entry| entry.bytes)) {
            Ok(()) => self.changes.push(change),
            // There is no file to remove.
            Err(_) if change.entry.is_none() => {}
            Err(reason) => self.unsupported.push(UnsupportedFile { path: change.name, reason }),
        }
    }
}

impl OpenCopy {
    /// Reads the changes from one commit to another. `from` is `None` for a directory that has no files yet.
    pub(super) async fn remote_changes(&self, from: Option<&str>, to: &str) -> Result<RemoteChanges> {
        let mut remote = RemoteChanges::default();
        if from == Some(to) {
            return Ok(remote);
        }
        let root = self.root.clone();
        let folding = blocking(move || Ok(NameFolding::detect(&root))).await;
        let mut names = NameChecker::new(folding.unwrap_or_default());
        let reference = self.repository.reference(to);
        let Some(from) = from else {
            let reader = self.base_reader(&self.base_key(to)).await?;
            let read = blocking(move || {
                for entry in reader {
                    let entry = entry?;
                    let name = entry.name.clone();
                    remote.add(&mut names, RemoteChange { name, entry: Some(entry), is_added: true });
                }
                Ok(remote)
            });
            return read
                .await
                .map_err(|error| Error::io(self.action("update"), "the list cannot be read", error));
        };
        let left = self.repository.reference(from);
        let diff = DiffEntries::new(left, RefExpr::of(&reference)).two_dot(true).right_stats(true);
        let mut diff = diff.prefix(&*self.prefix).prefetch(true);
        while let Some(change) = diff.try_next().await? {
            let Some(name) = change.path.strip_prefix(&*self.prefix) else { continue };
            let bytes = change.size().unwrap_or_default();
            let is_removed = change.type_ == DiffType::Removed;
            // The size of a removed object may be missing.
            if !is_file(name, bytes) || is_removed && name.ends_with('/') {
                continue;
            }
            let name = name.to_owned();
            let entry = match change.right {
                _ if is_removed => None,
                Some(stat) => Some(BaseEntry::of_diff(name.clone(), bytes, &stat)),
                // An older server does not send it.
                None => {
                    let stats = StatRequest::new(reference.object(&*change.path)).await?;
                    Some(BaseEntry::of_object(name.clone(), &stats))
                }
            };
            let is_added = change.type_ == DiffType::Added;
            remote.add(&mut names, RemoteChange { name, entry, is_added });
        }
        Ok(remote)
    }

    /// Compares the directory with a commit, and returns the stamps of the files that `watched` names. Without a commit,
    /// every file is an added one.
    pub(super) async fn local_changes(&self, commit: Option<&str>, watched: HashSet<String>) -> Result<Scan> {
        let watched = Arc::new(watched);
        let Some(commit) = commit else {
            return self.scan(None, watched).await.map_err(|error| self.unreadable(error));
        };
        let key = self.base_key(commit);
        if let Some(reader) = self.cached(&key).await {
            match self.scan(Some(reader), watched.clone()).await {
                // The file is damaged.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::debug!(%error, "the cache of a working copy is not used");
                }
                scanned => return self.keep_verified(&key, scanned).await,
            }
        }
        let reader = self.list_base(&key).await?;
        let scanned = self.scan(Some(reader), watched).await;
        self.keep_verified(&key, scanned).await
    }

    /// Returns the list of the objects of a commit, from the cache or from the server.
    async fn base_reader(&self, key: &BaseKey) -> Result<BaseReader> {
        match self.cached(key).await {
            Some(reader) => Ok(reader),
            None => self.list_base(key).await,
        }
    }

    async fn cached(&self, key: &BaseKey) -> Option<BaseReader> {
        let (path, key) = (self.cache_file.clone()?, key.clone());
        blocking(move || Ok(BaseReader::open(&path, &key))).await.ok().flatten()
    }

    async fn scan(&self, base: Option<BaseReader>, watched: Arc<HashSet<String>>) -> io::Result<Scan> {
        let (root, cancel) = (self.root.clone(), CancelOnDrop::default());
        let cancelled = cancel.0.clone();
        let base = base.into_iter().flatten();
        blocking(move || scan(&root, base, &watched, &cancelled)).await
    }

    /// Adds what was verified to the cache, so that the files are not read again.
    async fn keep_verified(&self, key: &BaseKey, scanned: io::Result<Scan>) -> Result<Scan> {
        let mut scan = scanned.map_err(|error| self.unreadable(error))?;
        let verified = std::mem::take(&mut scan.verified);
        if !verified.is_empty() {
            self.rewrite_cache(key, key, verified).await;
        }
        Ok(scan)
    }

    /// Writes the cache for a commit from the list for another one. The cache is not required, so a failure is logged.
    pub(super) async fn rewrite_cache(
        &self,
        from: &BaseKey,
        to: &BaseKey,
        updates: BTreeMap<String, Option<BaseEntry>>,
    ) {
        let Some(path) = self.cache_file.clone() else { return };
        let Some(reader) = self.cached(from).await else { return };
        let to = to.clone();
        let written = blocking(move || rewrite(reader, updates, BaseWriter::create(Some(&path), &to)?));
        if let Err(error) = written.await {
            tracing::debug!(%error, "the cache of a working copy is not written");
        }
    }

    /// Lists the objects of a commit to a file.
    pub(super) async fn list_base(&self, key: &BaseKey) -> Result<BaseReader> {
        let failed = |error| Error::io("list the base of a working copy", "the list cannot be stored", error);
        let (path, own_key): (Option<PathBuf>, _) = (self.cache_file.clone(), key.clone());
        let create = blocking(move || BaseWriter::create(path.as_deref(), &own_key));
        let mut writer = create.await.map_err(failed)?;
        let mut batches = std::pin::pin!(self.objects(key.commit()).try_chunks(BATCH));
        while let Some(batch) = batches.try_next().await.map_err(|error| error.1)? {
            let written = blocking(move || {
                batch.iter().try_for_each(|entry| writer.push(entry))?;
                Ok(writer)
            });
            writer = written.await.map_err(failed)?;
        }
        blocking(move || writer.finish()).await.map_err(failed)
    }

    /// Lists the objects of a commit that are files.
    fn objects(&self, commit: &str) -> impl futures::Stream<Item = Result<BaseEntry>> + Send + use<> {
        let list = sorted_objects(&self.repository.reference(commit), &self.prefix, true);
        list.try_filter_map(|(name, stats)| {
            let entry = BaseEntry::of_object(name, &stats);
            std::future::ready(Ok(is_file(&entry.name, entry.bytes).then_some(entry)))
        })
    }

    fn unreadable(&self, error: io::Error) -> Error {
        Error::io(
            format!("compare working copy {}", self.root.display()),
            "the directory cannot be read",
            error,
        )
    }
}
