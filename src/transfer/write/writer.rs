//! Writes an object incrementally.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io};

use bytes::{Bytes, BytesMut};
use futures::{FutureExt as _, StreamExt as _, ready, stream};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinHandle;
use tokio_util::sync::PollSender;

use crate::error::{Error, ErrorKind, Result};
use crate::http::options::HasOptions as _;
use crate::macros::impl_into_future;
use crate::models::ObjectStats;
use crate::scope::ObjectScope;
use crate::transfer::CHUNK_SIZE;
use crate::transfer::wait_timeout::WaitTimeout;
use crate::transfer::write::payload::Payload;
use crate::transfer::write::replay::ReplayableStream;
use crate::transfer::write::spec::UploadSpec;
use crate::transfer::write::upload::upload_options;
use crate::transfer::write::{precheck, route};

/// How many chunks may wait to be sent.
const CHUNKS_AHEAD: usize = 2;

/// Opens an object for writing; see [`BranchObject::writer`](crate::BranchObject::writer).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct WriterRequest {
    spec: UploadSpec,
}

upload_options!(WriterRequest);

impl WriterRequest {
    pub(crate) fn new(object: ObjectScope) -> Self {
        Self { spec: UploadSpec::new(object) }
    }

    async fn execute(self) -> Result<ObjectWriter> {
        let Self { mut spec } = self;
        let action = spec.action()?;
        let route = route::choose(&spec, None).await?;
        // From here on, the time that the program takes to write does not count.
        let wait_timeout = WaitTimeout::new(spec.options_mut().take_timeout());
        let is_conditional = spec.if_none_match.is_some();
        let runtime = Handle::try_current().map_err(|error| {
            Error::invalid(&*action, "a writer requires a tokio runtime").with_source(error)
        })?;
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        let upload = runtime.spawn(async move {
            precheck::condition(&spec, None).await?;
            let stream = ReplayableStream::new(chunks(receiver).boxed(), None, spec.spool.clone());
            let payload = Payload::OneShot(stream);
            route::upload(&spec, route, payload).await
        });
        Ok(ObjectWriter {
            action,
            chunk: BytesMut::new(),
            sender: PollSender::new(sender),
            upload,
            state: State::Open,
            wait_timeout,
            is_conditional,
        })
    }
}

impl_into_future! {
    /// Bounds the opening of the writer, and then each wait of the writer: until earlier data were sent, and until the
    /// object is created. Default: no limit besides the timeouts and the retry policy of the client.
    ///
    /// The time in which nothing is written does not count. `Duration::MAX` means no limit.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout): a wait has not ended in time. If the object may have been created in
    /// spite of [`if_none_match`](Self::if_none_match),
    /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
    WriterRequest { spec } => ObjectWriter
}

enum Item {
    Chunk(Bytes),
    /// The end of the data.
    End,
}

/// The chunks that were written. If there is no end, the stream fails, so the server creates no object.
fn chunks(items: Receiver<Item>) -> impl stream::Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(items, |mut items| async {
        match items.recv().await {
            Some(Item::Chunk(chunk)) => Ok(Some((chunk, items))),
            Some(Item::End) => Ok(None),
            None => Err(io::Error::other("the writer was dropped before it was finished")),
        }
    })
}

/// Writes an object incrementally; see [`BranchObject::writer`](crate::BranchObject::writer).
///
/// It implements [`AsyncWrite`] of tokio. The object is created when [`finish`](Self::finish) or
/// [`shutdown`](tokio::io::AsyncWriteExt::shutdown) succeeds. If the writer is dropped before that, no object is created.
/// Up to about 1 MiB is buffered; beyond that, a write waits until earlier data were sent.
///
/// If a connection breaks, the data are sent again; see [`WriterRequest::spool_limit`].
///
/// # Errors
/// The [`io::Error`] of a method contains a [`lakefs::Error`](Error). If
/// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`, the object may exist, because the
/// response was lost. After any other error, this writer has created no object, except with the kind
/// [`Integrity`](crate::ErrorKind::Integrity), or [`Timeout`](crate::ErrorKind::Timeout) of the last wait.
pub struct ObjectWriter {
    /// Describes the upload, for error messages.
    action: String,
    /// Written bytes that do not fill a chunk yet.
    chunk: BytesMut,
    sender: PollSender<Item>,
    upload: JoinHandle<Result<ObjectStats>>,
    state: State,
    wait_timeout: WaitTimeout,
    /// Whether a second upload would not have the same effect.
    is_conditional: bool,
}

enum State {
    Open,
    /// All data are sent, and the upload is awaited.
    Finishing,
    Finished(ObjectStats),
    /// The failure was returned.
    Failed,
}

impl ObjectWriter {
    /// Sends the remaining data, creates the object, and returns its metadata.
    ///
    /// # Errors
    /// Those of [`BranchObject::upload`](crate::BranchObject::upload).
    pub async fn finish(mut self) -> Result<ObjectStats> {
        if let Err(error) = self.shutdown().await {
            return Err(error.downcast::<Error>().unwrap_or_else(|error| self.failed().with_source(error)));
        }
        match &self.state {
            State::Finished(stats) => Ok(stats.clone()),
            _ => Err(self.failed()),
        }
    }

    /// Returns the metadata of the object after the writer was shut down.
    #[must_use]
    pub fn stats(&self) -> Option<&ObjectStats> {
        match &self.state {
            State::Finished(stats) => Some(stats),
            _ => None,
        }
    }

    fn failed(&self) -> Error {
        Error::invalid(&*self.action, "the writer failed before; open another one")
    }

    /// Passes a chunk to the upload. If the upload has ended, returns its error.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.chunk.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if ready!(self.poll_reserve(cx))? {
            let chunk = self.chunk.split().freeze();
            if self.sender.send_item(Item::Chunk(chunk)).is_ok() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_upload(cx)
    }

    /// Waits until the upload takes data. Returns `false` if it has ended.
    fn poll_reserve(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let reserved = self.sender.poll_reserve(cx);
        self.check_wait(cx, reserved.is_ready(), false)?;
        reserved.map(|reserved| Ok(reserved.is_ok()))
    }

    /// Fails if the current wait has lasted too long. `is_last` is whether all data were sent.
    fn check_wait(&mut self, cx: &mut Context<'_>, is_ready: bool, is_last: bool) -> Result<()> {
        if !self.wait_timeout.poll_elapsed(cx, is_ready) {
            return Ok(());
        }
        self.state = State::Failed;
        self.upload.abort();
        let goal = if is_last { "the object was not created" } else { "no data were sent" };
        let error = self.wait_timeout.error("upload_object", &self.action, goal);
        Err(error.after(1, is_last && self.is_conditional))
    }

    /// Waits for the end of the upload.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = self.upload.poll_unpin(cx);
        let is_last = matches!(self.state, State::Finishing);
        self.check_wait(cx, ended.is_ready(), is_last)?;
        let outcome = ready!(ended);
        self.state = State::Failed;
        let stats = outcome.map_err(|error| {
            Error::new(ErrorKind::Cancelled, &*self.action, "the runtime was shut down").with_source(error)
        })??;
        self.state = State::Finished(stats);
        Poll::Ready(Ok(()))
    }

    fn closed(&self) -> io::Error {
        let error = if matches!(self.state, State::Failed) {
            self.failed()
        } else {
            Error::invalid(&*self.action, "the writer is shut down")
        };
        io::Error::new(io::ErrorKind::BrokenPipe, error)
    }
}

impl AsyncWrite for ObjectWriter {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if !matches!(self.state, State::Open) {
            return Poll::Ready(Err(self.closed()));
        }
        if self.chunk.len() >= CHUNK_SIZE {
            ready!(self.poll_send(cx))?;
        }
        let bytes = data.len().min(CHUNK_SIZE - self.chunk.len());
        if self.chunk.capacity() == 0 && bytes > 0 {
            self.chunk.reserve(CHUNK_SIZE);
        }
        self.chunk.extend_from_slice(&data[..bytes]);
        Poll::Ready(Ok(bytes))
    }

    /// Passes on what was written so far. Whether it has arrived is known only after a shutdown.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.state {
            State::Open => self.poll_send(cx),
            State::Failed => Poll::Ready(Err(self.closed())),
            State::Finishing | State::Finished(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.state {
                State::Open => {
                    ready!(self.poll_send(cx))?;
                    if !matches!(self.state, State::Open) {
                        continue;
                    }
                    if ready!(self.poll_reserve(cx))? {
                        // If the channel is closed, the upload has ended, which is awaited next.
                        _ = self.sender.send_item(Item::End);
                    }
                    self.state = State::Finishing;
                }
                State::Finishing => return self.poll_upload(cx),
                State::Finished(_) => return Poll::Ready(Ok(())),
                State::Failed => return Poll::Ready(Err(self.closed())),
            }
        }
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        // Closes the connection, so that the server creates no object.
        self.upload.abort();
    }
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Open => "open",
            State::Finishing => "finishing",
            State::Finished(_) => "finished",
            State::Failed => "failed",
        };
        f.debug_struct("ObjectWriter")
            .field("action", &self.action)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
