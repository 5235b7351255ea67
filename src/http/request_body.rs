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

    /// The body of a request, which this monitor observes. `length` is its length, if that is known.
    pub(crate) fn body(&self, mut chunks: Chunks, length: Option<u64>) -> reqwest::Body {
        let monitor = self.clone();
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
