//! Deletes one object, or many.

use std::fmt;

use futures::FutureExt as _;
use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, FailedObject, Result};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::models::PathList;
use crate::scope::{ObjectScope, RefScope};

/// How many paths one request of the server takes.
pub(crate) const BATCH_SIZE: usize = 1000;

/// The default number of requests at the same time.
const CONCURRENCY: usize = 8;

/// The length of the longest path, in bytes.
pub(crate) const MAX_PATH_LENGTH: usize = 1024;

/// Deletes an object; see [`BranchObject::delete`](crate::BranchObject::delete).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteObjectRequest {
    object: ObjectScope,
    force: Option<bool>,
    no_tombstone: Option<bool>,
}

impl DeleteObjectRequest {
    pub(crate) fn new(object: ObjectScope) -> Self {
        Self { object, force: None, no_tombstone: None }
    }

    bool_setters! {
        /// Deletes the object even if the repository is read-only. Default: `false`.
        force => force;
        /// Deletes an uncommitted object without a tombstone, if the server supports it. Default: `false`.
        no_tombstone => no_tombstone;
    }

    async fn execute(self) -> Result<()> {
        let object = &self.object;
        let request = object
            .api()
            .delete_object()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .apply_if_some(self.force, |request, force| request.force(force))
            .apply_if_some(self.no_tombstone, |request, yes| request.no_tombstone(yes));
        request.send().await?;
        Ok(())
    }
}

impl_into_future!(DeleteObjectRequest { object } => ());

/// Deletes many objects; see [`Branch::delete_objects`](crate::Branch::delete_objects) and
/// [`Branch::delete_objects_from`](crate::Branch::delete_objects_from).
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteObjectsRequest {
    paths: BoxStream<'static, Result<String>>,
    batches: DeleteBatch,
    concurrency: usize,
}

impl DeleteObjectsRequest {
    pub(crate) fn new(branch: RefScope, paths: impl Stream<Item = Result<String>> + Send + 'static) -> Self {
        Self { paths: paths.boxed(), batches: DeleteBatch::new(branch), concurrency: CONCURRENCY }
    }

    /// Sets how many requests, of up to 1000 paths each, are sent at the same time. 0 counts as 1. Default: 8.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    bool_setters! {
        /// Deletes the objects even if the repository is read-only. Default: `false`.
        force => batches.force;
        /// Deletes uncommitted objects without tombstones, if the server supports it. Default: `false`.
        no_tombstone => batches.no_tombstone;
    }

    async fn execute(self) -> Result<()> {
        let Self { paths, batches: request, concurrency } = self;
        // The server reports success also for a branch that does not exist.
        let branch = &request.branch;
        branch
            .api()
            .get_branch()
            .repository(branch.repository().name())
            .branch(branch.expression())
            .send()
            .await?;
        let request = &request;
        // After a failure, requests that were sent are awaited, and no more are sent.
        let mut batches = paths.try_chunks(BATCH_SIZE);
        let (started, stop) = stream::abortable(&mut batches);
        let mut responses = started
            .map(|batch| async { request.send(batch.map_err(|error| error.1)?).await })
            .buffer_unordered(concurrency);
        let (mut failed, mut first_error) = (Vec::new(), None);
        while let Some(response) = responses.next().await {
            match response {
                Ok(objects) if objects.is_empty() => continue,
                Ok(mut objects) => failed.append(&mut objects),
                Err(error) => _ = first_error.get_or_insert(error),
            }
            stop.abort();
        }
        drop(responses);
        let error = match first_error {
            Some(error) => error.with_failed_objects(failed),
            None if failed.is_empty() => return Ok(()),
            None => Error::objects("delete_objects", request.action(), failed),
        };
        Err(if has_more(&mut batches) { error.leaving_rest() } else { error })
    }
}

impl_into_future!(DeleteObjectsRequest { batches.branch } => ());

impl fmt::Debug for DeleteObjectsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batches, concurrency, .. } = self;
        f.debug_struct("DeleteObjectsRequest")
            .field("batches", batches)
            .field("concurrency", concurrency)
            .finish_non_exhaustive()
    }
}

/// Whether a stream that is no longer read has more items. A stream that is not ready counts as having more.
pub(crate) fn has_more(stream: &mut (impl Stream + Unpin)) -> bool {
    !matches!(stream.next().now_or_never(), Some(None))
}

/// Deletes objects of one branch in batches.
#[derive(Debug)]
pub(crate) struct DeleteBatch {
    pub(crate) branch: RefScope,
    pub(crate) force: Option<bool>,
    pub(crate) no_tombstone: Option<bool>,
}

impl DeleteBatch {
    pub(crate) fn new(branch: RefScope) -> Self {
        Self { branch, force: None, no_tombstone: None }
    }

    /// Deletes up to [`BATCH_SIZE`] objects, and returns those that could not be deleted.
    pub(crate) async fn send(&self, paths: Vec<String>) -> Result<Vec<FailedObject>> {
        // The server deletes nothing of a batch with a path that is too long, and ignores an empty path without an error.
        let (paths, invalid): (Vec<_>, Vec<_>) =
            paths.into_iter().partition(|path| (1..=MAX_PATH_LENGTH).contains(&path.len()));
        let mut failed: Vec<_> = invalid
            .into_iter()
            .map(|path| {
                let length = path.len();
                let message = format!("the path must have 1 to {MAX_PATH_LENGTH} bytes, but it has {length}");
                FailedObject::new(Some(path), message, 400)
            })
            .collect();
        if !paths.is_empty() {
            let branch = &self.branch;
            let request = branch
                .api()
                .delete_objects()
                .repository(branch.repository().name())
                .branch(branch.expression())
                .apply_if_some(self.force, |request, force| request.force(force))
                .apply_if_some(self.no_tombstone, |request, yes| request.no_tombstone(yes))
                .body(PathList { paths });
            failed.extend(request.send().await?.into_inner().errors.into_iter().map(FailedObject::from));
        }
        Ok(failed)
    }

    fn action(&self) -> String {
        let (branch, repository) = (self.branch.expression(), self.branch.repository().name());
        format!("delete objects from branch {branch:?} of repository {repository:?}")
    }
}
