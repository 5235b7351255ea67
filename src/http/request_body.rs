//! Bodies on their way to the server.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::ready;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::time::Instant;

/// Data as they come.
pub(crate) type Chunks = BoxStream<'static, io::Result<Bytes>>;

/// A body that is not kept in memory as a whole.
pub(crate) enum Outgoing {
    /// One that is made anew for each attempt, with its length.
    Anew(Box<dyn Fn() -> (Chunks, u64) + Send + Sync>),
    /// One that goes by once, and is gone then; with its length, if that is known.
    Once(Mutex<Option<Chunks>>, Option<u64>),
}

impl Outgoing {
    pub(crate) fn once(chunks: Chunks, length: Option<u64>) -> Self {
        // A stream need not be fit for several threads at once, which a call that is shared must be.
        Self::Once(Mutex::new(Some(chunks)), length)
    }
}

/// What is seen of a body while it is sent.
///
/// A server says nothing before it has all of it. It is silent only from the last bytes on, so those are what a timeout
/// counts from.
#[derive(Clone)]
pub(crate) struct Flow(Arc<Mutex<Seen>>);

struct Seen {
    /// When bytes were given to be sent.
    last: Instant,
    /// There are none to be sent, which is not for the server to mend.
    waiting: bool,
    /// Why there is no more of it.
    failure: Option<io::Error>,
}

impl Flow {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Seen { last: Instant::now(), waiting: false, failure: None })))
    }

    /// The body of a request that is looked at as it goes by.
    pub(crate) fn body(&self, mut chunks: Chunks) -> reqwest::Body {
        let flow = self.clone();
        reqwest::Body::wrap_stream(stream::poll_fn(move |cx| {
            flow.with(|seen| seen.waiting = true);
            let chunk = ready!(chunks.poll_next_unpin(cx));
            Poll::Ready(flow.with(|seen| {
                (seen.waiting, seen.last) = (false, Instant::now());
                chunk.map(|chunk| {
                    chunk.map_err(|error| {
                        // The one who sends sees no more of it than that it is broken.
                        let told = io::Error::new(error.kind(), "the data to send cannot be read");
                        seen.failure.get_or_insert(error);
                        told
                    })
                })
            }))
        }))
    }

    /// Why the body broke off, if it did by itself.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.with(|seen| seen.failure.take())
    }

    /// Waits until the server has taken and said nothing for so long.
    pub(crate) async fn silent(&self, time: Duration) {
        loop {
            let since = self.with(|seen| if seen.waiting { Instant::now() } else { seen.last });
            let end = since + time;
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
