//! The object store of an operation.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use deltalake::logstore::ObjectStoreRef;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::{Path, PathPart};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};

use super::operation::{Lease, Operation, Write};

/// The name of the directory of the log.
pub(super) const LOG: &str = "_delta_log";

/// The store of the repository, as an operation sees it: locations on the branch of the table are those of the hidden
/// branch. It writes to the hidden branch, and reads from it as long as it exists.
#[derive(Clone, Debug)]
pub(super) struct OperationStore {
    inner: ObjectStoreRef,
    operation: Arc<Operation>,
    /// `None` for writes without an operation.
    _lease: Option<Arc<Lease>>,
}

impl OperationStore {
    pub(super) fn new(inner: ObjectStoreRef, operation: Arc<Operation>, is_root: bool) -> Self {
        let lease = (!operation.is_shared).then(|| Arc::new(Lease::new(Arc::clone(&operation), is_root)));
        Self { inner, operation, _lease: lease }
    }

    fn target(&self) -> &str {
        self.operation.target().name()
    }

    /// Returns whether the location is on the branch of the table.
    fn is_on_target(&self, location: &Path) -> bool {
        location.parts().next().is_some_and(|first| first.as_ref() == self.target())
    }

    /// The branch to list and to read from first. Writes without an operation are not seen by the readers of the table.
    fn source(&self) -> Option<Arc<str>> {
        if self.operation.is_shared { None } else { self.operation.hidden() }
    }

    fn to_hidden(&self, location: &Path, hidden: Option<&str>) -> Path {
        match hidden {
            Some(hidden) => with_branch(location, self.target(), hidden),
            None => location.clone(),
        }
    }

    fn renamed(&self, mut meta: ObjectMeta, hidden: Option<&str>) -> ObjectMeta {
        if let Some(hidden) = hidden {
            meta.location = with_branch(&meta.location, hidden, self.target());
        }
        meta
    }

    async fn start_write(&self) -> Result<Write> {
        start_write(&self.operation).await
    }

    /// Commits what maintains the log, if this location is the last one that is written for it.
    async fn after_write(&self, location: &Path) -> Result<()> {
        if is_last_of_maintenance(location) { publish(&self.operation).await } else { Ok(()) }
    }
}

async fn start_write(operation: &Arc<Operation>) -> Result<Write> {
    match operation.start_write().await {
        Ok(Ok(write)) => Ok(write),
        Ok(Err(rolled_back)) => Err(generic(rolled_back)),
        Err(error) => Err(generic(error)),
    }
}

async fn publish(operation: &Operation) -> Result<()> {
    operation.publish().await.map_err(generic)
}

fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: "LakeFS", source: source.into() }
}

/// Replaces the first segment of a location, if it is `from`.
fn with_branch(location: &Path, from: &str, to: &str) -> Path {
    let mut parts = location.parts();
    match parts.next() {
        Some(first) if first.as_ref() == from => std::iter::once(PathPart::from(to)).chain(parts).collect(),
        _ => location.clone(),
    }
}

/// Returns whether this file ends the maintenance of the log. A checkpoint ends with `_last_checkpoint`; other files of the
/// log, besides the entries, stand for themselves.
fn is_last_of_maintenance(location: &Path) -> bool {
    let mut parts = location.as_ref().rsplit('/');
    let (Some(name), Some(LOG)) = (parts.next(), parts.next()) else { return false };
    !name.contains(".checkpoint.") && !name.starts_with("_commit_")
}

/// Returns whether a location is in the log of a table.
fn is_in_log(location: &Path) -> bool {
    location.as_ref().rsplit('/').nth(1) == Some(LOG)
}

impl fmt::Display for OperationStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for OperationStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if !self.is_on_target(location) {
            return self.inner.put_opts(location, payload, options).await;
        }
        let write = self.start_write().await?;
        let hidden = self.to_hidden(location, Some(&write.branch));
        let put = self.inner.put_opts(&hidden, payload, options).await?;
        drop(write);
        self.after_write(location).await?;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !self.is_on_target(location) {
            return self.inner.put_multipart_opts(location, options).await;
        }
        let write = self.start_write().await?;
        let hidden = self.to_hidden(location, Some(&write.branch));
        let inner = self.inner.put_multipart_opts(&hidden, options).await?;
        let last = is_last_of_maintenance(location).then(|| Arc::clone(&self.operation));
        Ok(Box::new(Upload { inner, write: Some(write), last, _store: self.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let source = self.source();
        let read = self.inner.get_opts(&self.to_hidden(location, source.as_deref()), options.clone()).await;
        let (mut got, source) = match (read, self.operation.hidden()) {
            (Err(Error::NotFound { .. }), Some(hidden))
                if source.is_none() && self.is_on_target(location) =>
            {
                (self.inner.get_opts(&self.to_hidden(location, Some(&hidden)), options).await?, Some(hidden))
            }
            (read, _) => (read?, source),
        };
        got.meta = self.renamed(got.meta, source.as_deref());
        Ok(got)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let source = self.source();
        self.inner.get_ranges(&self.to_hidden(location, source.as_deref()), ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        let deleted = async move {
            let mut locations = Box::pin(locations.peekable());
            let is_log = match locations.as_mut().peek().await {
                Some(Ok(first)) if this.is_on_target(first) => is_in_log(first),
                // Other refs, an error, or no locations.
                _ => return Ok::<_, Error>(this.inner.delete_stream(locations.boxed())),
            };
            let write = this.start_write().await?;
            let (target, hidden) = (Arc::<str>::from(this.target()), Arc::clone(&write.branch));
            let on_hidden = {
                let (target, hidden) = (Arc::clone(&target), Arc::clone(&hidden));
                locations.map_ok(move |location| with_branch(&location, &target, &hidden)).boxed()
            };
            let deleted = this.inner.delete_stream(on_hidden);
            let deleted = deleted.map_ok(move |location| with_branch(&location, &hidden, &target));
            // Runs after the last deletion.
            let operation = Arc::clone(&this.operation);
            let end = stream::once(async move {
                drop(write);
                if is_log {
                    publish(&operation).await?;
                }
                drop(this);
                Ok::<_, Error>(())
            });
            let end = end.filter_map(|ended| async move { ended.err().map(Err) });
            Ok(deleted.chain(end).boxed())
        };
        stream::once(deleted).try_flatten().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let source = self.source();
        let prefix = prefix.map(|prefix| self.to_hidden(prefix, source.as_deref()));
        let this = self.clone();
        let listed = self.inner.list(prefix.as_ref());
        listed.map_ok(move |meta| this.renamed(meta, source.as_deref())).boxed()
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let source = self.source();
        let prefix = prefix.map(|prefix| self.to_hidden(prefix, source.as_deref()));
        let offset = self.to_hidden(offset, source.as_deref());
        let this = self.clone();
        let listed = self.inner.list_with_offset(prefix.as_ref(), &offset);
        listed.map_ok(move |meta| this.renamed(meta, source.as_deref())).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let source = self.source();
        let prefix = prefix.map(|prefix| self.to_hidden(prefix, source.as_deref()));
        let mut listed = self.inner.list_with_delimiter(prefix.as_ref()).await?;
        if let Some(hidden) = source.as_deref() {
            for prefix in &mut listed.common_prefixes {
                *prefix = with_branch(prefix, hidden, self.target());
            }
        }
        listed.objects =
            listed.objects.into_iter().map(|meta| self.renamed(meta, source.as_deref())).collect();
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if !self.is_on_target(to) {
            return self.inner.copy_opts(from, to, options).await;
        }
        let write = self.start_write().await?;
        let from = self.to_hidden(from, Some(&write.branch));
        self.inner.copy_opts(&from, &self.to_hidden(to, Some(&write.branch)), options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        if !self.is_on_target(to) {
            return self.inner.rename_opts(from, to, options).await;
        }
        let write = self.start_write().await?;
        let from = self.to_hidden(from, Some(&write.branch));
        self.inner.rename_opts(&from, &self.to_hidden(to, Some(&write.branch)), options).await
    }
}

/// A multipart upload to the hidden branch.
#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    write: Option<Write>,
    /// The operation, if the file ends the maintenance of the log.
    last: Option<Arc<Operation>>,
    /// The operation runs as long as the upload.
    _store: OperationStore,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.inner.complete().await?;
        self.write = None;
        if let Some(operation) = &self.last {
            publish(operation).await?;
        }
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await?;
        self.write = None;
        Ok(())
    }
}
