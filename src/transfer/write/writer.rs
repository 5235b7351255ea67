//! Objects that are written as their data come.

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

use crate::models::ObjectStats;
use crate::requests::support::awaits;
use crate::transfer::write::body::{CHUNK, Data};
use crate::transfer::write::upload::{Put, put_options};
use crate::{Error, ErrorKind, Result};
use crate::{Object, Progress};

/// How many chunks may wait to be sent.
const AHEAD: usize = 2;

/// Opens an object for writing; see [`Object::writer`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Write {
    put: Put,
}

put_options!(Write);

impl Write {
    pub(crate) fn new(object: Object) -> Self {
        Self { put: Put::new(object) }
    }

    async fn send(self) -> Result<ObjectWriter> {
        let action = self.put.action()?;
        let way = self.put.way(None).await?;
        let runtime = Handle::try_current()
            .map_err(|error| Error::invalid(&*action, "it needs a runtime of tokio").with_source(error))?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let upload = runtime.spawn(self.put.send_by(way, Data::Stream(chunks(receiver).boxed(), None)));
        Ok(ObjectWriter {
            action,
            chunk: BytesMut::new(),
            sender: PollSender::new(sender),
            upload,
            state: State::Open,
        })
    }
}

awaits!(Write => ObjectWriter);

enum Item {
    Chunk(Bytes),
    /// There are no more.
    End,
}

/// What was written. Without an end to it, the body breaks off, and the server makes no object of it.
fn chunks(items: Receiver<Item>) -> impl stream::Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(items, |mut items| async {
        match items.recv().await {
            Some(Item::Chunk(chunk)) => Ok(Some((chunk, items))),
            Some(Item::End) => Ok(None),
            None => Err(io::Error::other("the writer was dropped")),
        }
    })
}

/// Writes an object: see [`Object::writer`].
///
/// The object is there, all of it, once [`finish`](Self::finish) or [`shutdown`](tokio::io::AsyncWriteExt::shutdown)
/// has succeeded. Of a writer that is dropped without either, or fails, there is none. A write waits while what was written before has not
/// been sent, but for about a MiB.
///
/// An error of it is a [`lakefs::Error`](Error) inside of an [`io::Error`].
pub struct ObjectWriter {
    /// What is being done, for messages.
    action: String,
    /// What was written and is too little to be sent.
    chunk: BytesMut,
    sender: PollSender<Item>,
    upload: JoinHandle<Result<ObjectStats>>,
    state: State,
}

enum State {
    Open,
    /// All of it is on its way.
    Ending,
    Done(ObjectStats),
    /// The failure has been told.
    Failed,
}

impl ObjectWriter {
    /// Writes what is left, and makes the object: what [`shutdown`](tokio::io::AsyncWriteExt::shutdown) does, with an
    /// answer.
    ///
    /// # Errors
    /// Those of [`Object::upload`].
    pub async fn finish(mut self) -> Result<ObjectStats> {
        if let Err(error) = self.shutdown().await {
            return Err(error.downcast::<Error>().unwrap_or_else(|error| self.failed().with_source(error)));
        }
        match &self.state {
            State::Done(stats) => Ok(stats.clone()),
            _ => Err(self.failed()),
        }
    }

    /// The object, once the writer has been shut down.
    #[must_use]
    pub fn stats(&self) -> Option<&ObjectStats> {
        match &self.state {
            State::Done(stats) => Some(stats),
            _ => None,
        }
    }

    fn failed(&self) -> Error {
        Error::invalid(&*self.action, "the writer has failed before")
    }

    /// Gives a chunk to the upload, when there is room for one. When the upload takes no more, its end tells why.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.chunk.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if ready!(self.sender.poll_reserve(cx)).is_ok() {
            let chunk = self.chunk.split().freeze();
            if self.sender.send_item(Item::Chunk(chunk)).is_ok() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_end(cx)
    }

    /// Waits for the end of the upload.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(self.upload.poll_unpin(cx));
        self.state = State::Failed;
        let stats = outcome.map_err(|stopped| {
            Error::new(ErrorKind::Cancelled, &*self.action, "the runtime has stopped").with_source(stopped)
        })??;
        self.state = State::Done(stats);
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
        if self.chunk.len() >= CHUNK {
            ready!(self.poll_chunk(cx))?;
        }
        let bytes = data.len().min(CHUNK - self.chunk.len());
        if self.chunk.capacity() == 0 && bytes > 0 {
            self.chunk.reserve(CHUNK);
        }
        self.chunk.extend_from_slice(&data[..bytes]);
        Poll::Ready(Ok(bytes))
    }

    /// Sends what has been written so far. That it has arrived only a shutdown tells.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.state {
            State::Open => self.poll_chunk(cx),
            State::Failed => Poll::Ready(Err(self.closed())),
            State::Ending | State::Done(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.state {
                State::Open => {
                    ready!(self.poll_chunk(cx))?;
                    if !matches!(self.state, State::Open) {
                        continue;
                    }
                    if ready!(self.sender.poll_reserve(cx)).is_ok() {
                        // Where it takes no end, it has come to one.
                        _ = self.sender.send_item(Item::End);
                    }
                    self.state = State::Ending;
                }
                State::Ending => return self.poll_end(cx),
                State::Done(_) => return Poll::Ready(Ok(())),
                State::Failed => return Poll::Ready(Err(self.closed())),
            }
        }
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        // The connection breaks off with it.
        self.upload.abort();
    }
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Open => "open",
            State::Ending => "ending",
            State::Done(_) => "done",
            State::Failed => "failed",
        };
        f.debug_struct("ObjectWriter")
            .field("action", &self.action)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
