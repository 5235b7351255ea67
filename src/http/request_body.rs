//! Streamed request bodies.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::ready;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::time::Instant;

/// The chunks of a body.
pub(crate) type Chunks = BoxStream<'static, io::Result<Bytes>>;

/// A body that is streamed instead of held in memory.
pub(crate) enum RequestBody {
    /// Creates the body and its length for each attempt.
    Replayable(Box<dyn Fn() -> (Chunks, u64) + Send + Sync>),
    /// A stream that can be sent once, and its length if that is known.
    OneShot(Mutex<Option<Chunks>>, Option<u64>),
}

impl RequestBody {
    pub(crate) fn one_shot(chunks: Chunks, length: Option<u64>) -> Self {
        // The mutex makes a call `Sync`, which its stream need not be.
        Self::OneShot(Mutex::new(Some(chunks)), length)
    }
}

/// Observes a body while it is sent.
///
/// A server responds after it received the whole body, so a timeout starts when the last bytes were sent.
#[derive(Clone)]
pub(crate) struct BodyMonitor(Arc<Mutex<Progress>>);

struct Progress {
    /// When the last bytes were handed over.
    last_sent: Instant,
    /// The source of the body has no bytes ready. The timeout does not run then, because the server is not late.
    idle: bool,
    /// Why the source of the body failed.
    failure: Option<io::Error>,
}

impl BodyMonitor {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Progress { last_sent: Instant::now(), idle: false, failure: None })))
    }

    /// The body of a request, which this monitor observes.
    pub(crate) fn body(&self, mut chunks: Chunks) -> reqwest::Body {
        let monitor = self.clone();
        reqwest::Body::wrap_stream(stream::poll_fn(move |cx| {
            monitor.with(|progress| progress.idle = true);
            let chunk = ready!(chunks.poll_next_unpin(cx));
            Poll::Ready(monitor.with(|progress| {
                (progress.idle, progress.last_sent) = (false, Instant::now());
                chunk.map(|chunk| {
                    chunk.map_err(|error| {
                        // reqwest reports the failure of a body without its cause, so the cause is kept here.
                        let reported = io::Error::new(error.kind(), "the data to send cannot be read");
                        progress.failure.get_or_insert(error);
                        reported
                    })
                })
            }))
        }))
    }

    /// Why the source of the body failed, if it did.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.with(|progress| progress.failure.take())
    }

    /// Completes when the server has neither taken bytes nor responded for `timeout`.
    pub(crate) async fn response_timeout(&self, timeout: Duration) {
        loop {
            let since = self.with(|progress| if progress.idle { Instant::now() } else { progress.last_sent });
            let end = since + timeout;
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }

    fn with<T>(&self, update: impl FnOnce(&mut Progress) -> T) -> T {
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
