//! Streamed request bodies.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::ready;
use futures::stream::{self, BoxStream, StreamExt as _};
use reqwest::Url;
use tokio::time::Instant;

use crate::error::Error;
use crate::http::failure::{not_connected, not_taken, response_timeout};

/// How long a body waits for a response to the head of its request, if the connection broke while it was sent before.
///
/// A server that refuses a request without reading its body may close the connection. If the client still sends, it gets
/// the failure of the connection instead of the response.
const EARLY_RESPONSE: Duration = Duration::from_millis(500);

/// The chunks of a body.
pub(crate) type Chunks = BoxStream<'static, io::Result<Bytes>>;

/// The source of a body that is streamed.
pub(crate) trait BodySource: Send + Sync {
    /// Returns the chunks for the next attempt, from the first one on. The second value is their number of bytes, if the
    /// request states it.
    fn open(&self) -> (Chunks, Option<u64>);

    /// Returns why the data cannot be sent again, if that is so.
    fn lost(&self) -> Option<String>;
}

/// A body that is streamed instead of held in memory.
pub(crate) struct RequestBody(Box<dyn BodySource>);

impl RequestBody {
    pub(crate) fn new(source: impl BodySource + 'static) -> Self {
        Self(Box::new(source))
    }

    pub(super) fn open(&self) -> (Chunks, Option<u64>) {
        self.0.open()
    }

    pub(super) fn lost(&self) -> Option<String> {
        self.0.lost()
    }
}

/// Observes a body while it is sent.
///
/// A server responds after it received the whole body, so a timeout starts when the last bytes were sent.
#[derive(Clone)]
pub(crate) struct BodyMonitor(Arc<Mutex<Progress>>);

/// How far the sending of a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The connection has not asked for the body.
    NotStarted,
    Sending,
    /// The connection has all bytes of the body.
    Complete,
}

struct Progress {
    /// When the last bytes were handed over.
    last_sent: Instant,
    /// The source of the body has no bytes ready. The timeout does not run then, because the server is not late.
    idle: bool,
    /// Where the body is.
    phase: Phase,
    /// Why the source of the body failed.
    failure: Option<io::Error>,
}

impl BodyMonitor {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Progress {
            last_sent: Instant::now(),
            idle: false,
            phase: Phase::NotStarted,
            failure: None,
        })))
    }

    /// The body of a request, which this monitor observes. `length` is its length, if that is known. With `waits`, the body
    /// starts [`EARLY_RESPONSE`] after the head of the request.
    pub(crate) fn body(&self, mut chunks: Chunks, length: Option<u64>, waits: bool) -> reqwest::Body {
        let monitor = self.clone();
        let mut wait = waits.then(|| Box::pin(tokio::time::sleep(EARLY_RESPONSE)));
        let mut missing = length;
        if length == Some(0) {
            monitor.with(|progress| progress.phase = Phase::Complete);
        }
        reqwest::Body::wrap_stream(stream::poll_fn(move |cx| {
            monitor.with(|progress| {
                progress.idle = true;
                if progress.phase == Phase::NotStarted {
                    progress.phase = Phase::Sending;
                }
            });
            if let Some(timer) = &mut wait {
                ready!(timer.as_mut().poll(cx));
                wait = None;
            }
            let chunk = ready!(chunks.poll_next_unpin(cx));
            Poll::Ready(monitor.with(|progress| {
                (progress.idle, progress.last_sent) = (false, Instant::now());
                // The connection need not ask for more than the length of the body.
                if let (Some(missing), Some(Ok(chunk))) = (&mut missing, &chunk) {
                    *missing = missing.saturating_sub(chunk.len() as u64);
                }
                if chunk.is_none() || missing == Some(0) {
                    progress.phase = Phase::Complete;
                }
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

    /// Whether the connection has not taken all bytes of the body. A server cannot act on an incomplete request.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.with(|progress| progress.phase != Phase::Complete)
    }

    /// Whether the connection has taken a part of the body.
    pub(crate) fn is_partial(&self) -> bool {
        self.with(|progress| progress.phase == Phase::Sending)
    }

    /// Completes when the server has neither taken bytes nor responded for `limit`.
    pub(crate) async fn response_timeout(&self, limit: Duration) {
        loop {
            let since = self.with(|progress| if progress.idle { Instant::now() } else { progress.last_sent });
            match since.checked_add(limit) {
                Some(end) if end <= Instant::now() => return,
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        }
    }

    /// The error after [`response_timeout`](Self::response_timeout).
    pub(crate) fn timeout_error(&self, url: &Url, limit: Duration) -> Error {
        match self.with(|progress| progress.phase) {
            Phase::NotStarted => not_connected(url, limit),
            Phase::Sending => not_taken(url, limit),
            Phase::Complete => response_timeout(url, limit),
        }
    }

    fn with<T>(&self, update: impl FnOnce(&mut Progress) -> T) -> T {
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
