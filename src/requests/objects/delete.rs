//! Deletions: of one object, and of many.

use std::fmt;

use futures::FutureExt as _;
use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};

use crate::Object;
use crate::error::FailedObject;
use crate::handles::branch::Branch;
use crate::models::PathList;
use crate::requests::support::{When as _, awaits, flags};
use crate::{Error, Result};

/// How many paths the server takes at once.
pub(crate) const BATCH: usize = 1000;

/// How many batches are under way at once, unless said otherwise.
const CONCURRENCY: usize = 8;

/// The longest path, in bytes.
pub(crate) const LONGEST_PATH: usize = 1024;

/// Deletes an object; see [`Object::delete`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteObjectRequest {
    object: Object,
    force: Option<bool>,
    no_tombstone: Option<bool>,
}

impl DeleteObjectRequest {
    pub(crate) fn new(object: Object) -> Self {
        Self { object, force: None, no_tombstone: None }
    }

    flags! {
        /// Deletes it even if the repository is read-only.
        force => force;
        /// Drops an object that is not committed without leaving a mark of its deletion, where the server can.
        no_tombstone => no_tombstone;
    }

    async fn send(self) -> Result<()> {
        let reference = self.object.reference();
        let repository = reference.repository();
        let request = repository
            .client
            .api()
            .delete_object()
            .repository(repository.name())
            .branch(reference.expression())
            .path(self.object.path())
            .when(self.force, |request, force| request.force(force))
            .when(self.no_tombstone, |request, yes| request.no_tombstone(yes));
        request.send().await?;
        Ok(())
    }
}

awaits!(DeleteObjectRequest => ());

/// Deletes many objects; see [`Branch::delete_objects`] and [`Branch::delete_objects_from`].
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteObjectsRequest {
    paths: BoxStream<'static, Result<String>>,
    to: Target,
    concurrency: usize,
}

/// Where a batch goes, and how.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) branch: Branch,
    pub(crate) force: Option<bool>,
    pub(crate) no_tombstone: Option<bool>,
}

impl DeleteObjectsRequest {
    pub(crate) fn new(branch: Branch, paths: impl Stream<Item = Result<String>> + Send + 'static) -> Self {
        let to = Target { branch, force: None, no_tombstone: None };
        Self { paths: paths.boxed(), to, concurrency: CONCURRENCY }
    }

    /// How many requests of 1000 paths are under way at once: 8 unless said otherwise.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    flags! {
        /// Deletes even if the repository is read-only.
        force => to.force;
        /// Drops objects that are not committed without leaving marks of their deletion, where the server can.
        no_tombstone => to.no_tombstone;
    }

    async fn send(self) -> Result<()> {
        let Self { paths, to, concurrency } = self;
        // The server answers that all is well also for a branch that does not exist.
        to.branch.get().await?;
        let to = &to;
        // Once something failed, what is under way is finished, and nothing more is begun.
        let mut batches = paths.try_chunks(BATCH);
        let (begun, no_more) = stream::abortable(&mut batches);
        let mut replies = begun
            .map(|batch| async { to.delete(batch.map_err(|broken| broken.1)?).await })
            .buffer_unordered(concurrency);
        let (mut failed, mut failure) = (Vec::new(), None);
        while let Some(reply) = replies.next().await {
            match reply {
                Ok(objects) if objects.is_empty() => continue,
                Ok(mut objects) => failed.append(&mut objects),
                Err(error) => _ = failure.get_or_insert(error),
            }
            no_more.abort();
        }
        drop(replies);
        let error = match failure {
            Some(error) => error.with_failed_objects(failed),
            None if failed.is_empty() => return Ok(()),
            None => Error::objects("delete_objects", to.action(), failed),
        };
        Err(if has_rest(&mut batches) { error.leaving_rest() } else { error })
    }
}

awaits!(DeleteObjectsRequest => ());

/// Whether a list of which no more is wanted has more. What is not even known yet is more as well.
pub(crate) fn has_rest(list: &mut (impl Stream + Unpin)) -> bool {
    !matches!(list.next().now_or_never(), Some(None))
}

impl Target {
    /// Deletes a batch, and tells what could not be deleted.
    pub(crate) async fn delete(&self, paths: Vec<String>) -> Result<Vec<FailedObject>> {
        // Beside one of these the server would delete nothing at all, and for an empty one it would not say so.
        let (paths, impossible): (Vec<_>, Vec<_>) =
            paths.into_iter().partition(|path| (1..=LONGEST_PATH).contains(&path.len()));
        let mut failed: Vec<_> = impossible
            .into_iter()
            .map(|path| {
                let message =
                    format!("a path has 1 to {LONGEST_PATH} bytes, and this one has {}", path.len());
                FailedObject::new(Some(path), message, 400)
            })
            .collect();
        if !paths.is_empty() {
            let repository = self.branch.repository();
            let request = repository
                .client
                .api()
                .delete_objects()
                .repository(repository.name())
                .branch(self.branch.name())
                .when(self.force, |request, force| request.force(force))
                .when(self.no_tombstone, |request, yes| request.no_tombstone(yes))
                .body(PathList { paths });
            failed.extend(request.send().await?.into_inner().errors.into_iter().map(FailedObject::from));
        }
        Ok(failed)
    }

    fn action(&self) -> String {
        let (branch, repository) = (self.branch.name(), self.branch.repository().name());
        format!("delete objects from branch {branch:?} of repository {repository:?}")
    }
}

impl fmt::Debug for DeleteObjectsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { to, concurrency, .. } = self;
        f.debug_struct("DeleteObjectsRequest").field("to", to).field("concurrency", concurrency).finish()
    }
}
