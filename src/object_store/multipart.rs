//! Multipart uploads.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, Shared};
use futures::stream::{self, Stream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::error::{generic, write_error};
use super::location::StoreObject;
use super::put::with_attributes;
use super::version::object_store::path::Path;
use super::version::object_store::{
    MultipartUpload, PutMultipartOptions, PutPayload, PutPayloadIntoIter, PutResult, Result, UploadPart,
};
use super::version::put_result;
use crate::error::{Error, ErrorKind};
use crate::models::ObjectStats;
use crate::transfer::etag;
use crate::transfer::write::body::Body;

/// A multipart upload that sends its parts as one body, in the order in which they are put.
///
/// The object exists once the body has ended properly, which only [`complete`](MultipartUpload::complete) causes.
pub(super) struct PartUpload {
    location: Path,
    /// Unbounded, because a part is in memory already. The caller limits how many are: each has a future that resolves
    /// when the part is sent.
    sender: Option<mpsc::UnboundedSender<Message>>,
    outcome: Outcome,
}

/// The outcome of the upload, for each part and for the call that completes it.
type Outcome = Shared<BoxFuture<'static, Result<ObjectStats, Arc<Error>>>>;

enum Message {
    /// A part, and the sender to drop when the part is sent.
    Part(PutPayload, oneshot::Sender<()>),
    /// All parts have been put.
    End,
}

/// Starts an upload from a stream. To a storage with pre-signed URLs, the upload sends it in parts.
///
/// An [`ObjectWriter`](crate::ObjectWriter) does not fit: it has one owner, copies its input, and does not report when
/// a part is sent.
pub(super) fn start(target: &StoreObject, options: &PutMultipartOptions) -> Result<PartUpload> {
    let StoreObject { object, location } = target;
    let (sender, receiver) = mpsc::unbounded_channel();
    let upload = with_attributes(object.upload(Body::stream(body(receiver))), &options.attributes)?;
    let action = format!("upload {}", object.uri());
    // The upload runs in a task, so that it makes progress whichever part the caller awaits.
    let runtime = Handle::try_current().map_err(generic)?;
    let upload = runtime.spawn(upload.into_future());
    let outcome = async move {
        let outcome = upload.await.unwrap_or_else(|stopped| {
            let message = "the tokio runtime of the upload was shut down";
            Err(Error::new(ErrorKind::Cancelled, action, message).with_source(stopped))
        });
        outcome.map_err(Arc::new)
    };
    Ok(PartUpload { location: location.clone(), sender: Some(sender), outcome: outcome.boxed().shared() })
}

/// Returns the body: the parts in order. If the channel closes before the end, the body fails, and the server stores
/// nothing.
fn body(parts: mpsc::UnboundedReceiver<Message>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let no_chunks = PutPayload::new().into_iter();
    stream::try_unfold(PartReader { parts, chunks: no_chunks, sent: None }, |mut reader| async move {
        Ok(reader.next().await?.map(|chunk| (chunk, reader)))
    })
}

struct PartReader {
    parts: mpsc::UnboundedReceiver<Message>,
    /// The rest of the current part.
    chunks: PutPayloadIntoIter,
    /// Notified when the current part is sent.
    sent: Option<oneshot::Sender<()>>,
}

impl PartReader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.chunks.next() {
                return Ok(Some(chunk));
            }
            // The connection asks for more, so it has taken the current part. The caller may have dropped its future.
            self.sent.take().map(|sent| sent.send(()));
            match self.parts.recv().await {
                Some(Message::Part(payload, sent)) => {
                    (self.chunks, self.sent) = (payload.into_iter(), Some(sent));
                }
                Some(Message::End) => return Ok(None),
                None => return Err(io::Error::other("the multipart upload was dropped or aborted")),
            }
        }
    }
}

#[async_trait]
impl MultipartUpload for PartUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let (sent, is_sent) = oneshot::channel();
        if let Some(sender) = &self.sender {
            // This fails only if the upload has failed. The future below returns that error.
            _ = sender.send(Message::Part(payload, sent));
        }
        let (location, outcome) = (self.location.clone(), self.outcome.clone());
        Box::pin(async move {
            if is_sent.await.is_ok() {
                return Ok(());
            }
            match outcome.await {
                Err(error) => Err(write_error(&location, &error)),
                Ok(_) => Err(generic("the part was put after the upload was completed")),
            }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if let Some(sender) = self.sender.take() {
            _ = sender.send(Message::End);
        }
        let stats = self.outcome.clone().await.map_err(|error| write_error(&self.location, &error))?;
        Ok(put_result(etag::of_checksum(&stats.checksum)))
    }

    async fn abort(&mut self) -> Result<()> {
        self.sender = None;
        match self.outcome.clone().await {
            Err(_) => Ok(()),
            Ok(_) => Err(generic("the upload is completed and cannot be aborted")),
        }
    }
}

impl fmt::Debug for PartUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartUpload").field("location", &self.location).finish_non_exhaustive()
    }
}
