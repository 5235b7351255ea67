//! Uploads in parts.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, Shared};
use futures::stream::{self, Stream};
use object_store::path::Path;
use object_store::{
    MultipartUpload, PutMultipartOptions, PutPayload, PutPayloadIntoIter, PutResult, Result, UploadPart,
};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::error::{generic, not_written};
use super::put::with_attributes;
use crate::Body;
use crate::handles::branch_object::BranchObject;
use crate::models::ObjectStats;
use crate::transfer::etag;
use crate::{Error, ErrorKind};

/// Parts that go to the server one behind the other, as one body, in the order in which they were put. The object is there
/// when the body has ended well, which only [`complete`](MultipartUpload::complete) makes it do.
pub(super) struct Parts {
    location: Path,
    /// Nothing holds up who puts a part: it is in memory already, and whether to put the next one before this one has
    /// gone is for the caller to say, who has a future for each.
    sender: Option<mpsc::UnboundedSender<Item>>,
    outcome: Outcome,
}

/// What became of the upload, for all who ask.
type Outcome = Shared<BoxFuture<'static, Result<ObjectStats, Arc<Error>>>>;

enum Item {
    /// A part, and who waits for it to be on its way.
    Part(PutPayload, oneshot::Sender<()>),
    /// There are no more.
    End,
}

/// Begins an upload, of a stream like any other: where the storage signs addresses, it goes there in parts. An
/// [`ObjectWriter`](crate::ObjectWriter) would not do, which has one owner, copies what it is given, and does not say of
/// each part when it has gone.
pub(super) fn begin(object: &BranchObject, location: &Path, options: &PutMultipartOptions) -> Result<Parts> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let upload = with_attributes(object.upload(Body::stream(body(receiver))), &options.attributes)?;
    let action = format!("upload {}", object.uri());
    // It goes on whichever of the futures of the parts is polled.
    let runtime = Handle::try_current().map_err(generic)?;
    let upload = runtime.spawn(upload.into_future());
    let outcome = async move {
        let outcome = upload.await.unwrap_or_else(|stopped| {
            Err(Error::new(ErrorKind::Cancelled, action, "the runtime has stopped").with_source(stopped))
        });
        outcome.map_err(Arc::new)
    };
    Ok(Parts { location: location.clone(), sender: Some(sender), outcome: outcome.boxed().shared() })
}

/// The parts in their order. Without an end to them, the body breaks off, and the server makes no object of it.
fn body(parts: mpsc::UnboundedReceiver<Item>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let nothing = PutPayload::new().into_iter();
    stream::try_unfold(Sending { parts, chunks: nothing, taken: None }, |mut sending| async move {
        Ok(sending.next().await?.map(|chunk| (chunk, sending)))
    })
}

struct Sending {
    parts: mpsc::UnboundedReceiver<Item>,
    /// What is left of the part that is being sent.
    chunks: PutPayloadIntoIter,
    taken: Option<oneshot::Sender<()>>,
}

impl Sending {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.chunks.next() {
                return Ok(Some(chunk));
            }
            // The connection asks for more, so it has taken what there was. Who put it may have gone.
            self.taken.take().map(|taken| taken.send(()));
            match self.parts.recv().await {
                Some(Item::Part(payload, taken)) => {
                    (self.chunks, self.taken) = (payload.into_iter(), Some(taken));
                }
                Some(Item::End) => return Ok(None),
                None => return Err(io::Error::other("the upload was abandoned")),
            }
        }
    }
}

#[async_trait]
impl MultipartUpload for Parts {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let (sent, taken) = oneshot::channel();
        if let Some(to) = &self.sender {
            // It can fail only with the upload, which the future below tells.
            _ = to.send(Item::Part(payload, sent));
        }
        let (location, outcome) = (self.location.clone(), self.outcome.clone());
        Box::pin(async move {
            if taken.await.is_ok() {
                return Ok(());
            }
            match outcome.await {
                Err(error) => Err(not_written(&location, &error)),
                Ok(_) => Err(generic("the upload was complete before this part was put")),
            }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if let Some(to) = self.sender.take() {
            _ = to.send(Item::End);
        }
        let stats = self.outcome.clone().await.map_err(|error| not_written(&self.location, &error))?;
        Ok(PutResult { e_tag: Some(etag::of_checksum(&stats.checksum)), version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        self.sender = None;
        match self.outcome.clone().await {
            Err(_) => Ok(()),
            Ok(_) => Err(generic("the upload is complete already")),
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("location", &self.location).finish_non_exhaustive()
    }
}
