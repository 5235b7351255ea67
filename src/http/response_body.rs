//! The reading of response bodies, within limits on time and size.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, ready};
use reqwest::Url;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::error::Result;
use crate::http::failure::{response_timeout, too_large, transport_error};
use crate::http::response::BufferedResponse;

/// How many bytes of the body of an error are kept.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// How long the body of an error is awaited. The status is known by then, and says more than a timeout.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The limits of the body of a response. The transport adds them to each response as an extension.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    /// How long the next bytes may take.
    pub(super) idle: Duration,
    /// The largest body that is read into memory.
    pub(super) size: usize,
}

impl BodyLimits {
    fn of(response: &reqwest::Response) -> Self {
        response.extensions().get().copied().unwrap_or(Self { idle: Duration::MAX, size: usize::MAX })
    }
}

/// Reads the whole body.
pub(super) async fn read_body(mut response: reqwest::Response) -> Result<BufferedResponse> {
    let BodyLimits { idle, size } = BodyLimits::of(&response);
    let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
    if response.content_length().is_some_and(|length| length > size as u64) {
        return Err(too_large(&url, size));
    }
    // Most bodies are a single chunk, which need not be copied.
    let mut first = Bytes::new();
    let mut buffer = BytesMut::new();
    while let Some(chunk) = next_chunk(&mut response, &url, idle).await? {
        if first.len().max(buffer.len()) + chunk.len() > size {
            return Err(too_large(&url, size));
        }
        if first.is_empty() {
            first = chunk;
            continue;
        }
        if buffer.is_empty() {
            buffer.extend_from_slice(&first);
        }
        buffer.extend_from_slice(&chunk);
    }
    let body = if buffer.is_empty() { first } else { buffer.freeze() };
    Ok(BufferedResponse { status, headers, body, url })
}

/// Reads the start of the body, which is all of it for any error that lakeFS writes. If the body stalls, the result is
/// what has been received, because the status says more than a timeout. A body that breaks off is an error, unless
/// `keeps_incomplete` is set: what is left of it could be taken for the response of a proxy.
pub(super) async fn read_error_body(
    mut response: reqwest::Response,
    keeps_incomplete: bool,
) -> Result<BufferedResponse> {
    let end = Instant::now() + BodyLimits::of(&response).idle.min(ERROR_BODY_TIMEOUT);
    let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
    let mut body = BytesMut::new();
    while body.len() < MAX_ERROR_BODY {
        let Ok(chunk) = timeout_at(end, response.chunk()).await else { break };
        let chunk = match chunk {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(_) if keeps_incomplete => break,
            Err(error) => return Err(transport_error(error, Some(&url))),
        };
        body.extend_from_slice(&chunk[..chunk.len().min(MAX_ERROR_BODY - body.len())]);
    }
    Ok(BufferedResponse { status, headers, body: body.freeze(), url })
}

async fn next_chunk(response: &mut reqwest::Response, url: &Url, idle: Duration) -> Result<Option<Bytes>> {
    match tokio::time::timeout(idle, response.chunk()).await {
        Ok(chunk) => chunk.map_err(|error| transport_error(error, Some(url))),
        Err(_) => Err(response_timeout(url, idle)),
    }
}

/// The body as a stream. It fails if the next bytes do not arrive in time; the time in which nobody polls it does not
/// count.
pub(super) fn body_stream(response: reqwest::Response) -> impl Stream<Item = Result<Bytes>> + Send + Sync {
    let BodyLimits { idle, .. } = BodyLimits::of(&response);
    let url = response.url().clone();
    IdleLimited {
        body: Box::pin(response.bytes_stream()),
        url,
        idle,
        timer: None,
        is_waiting: false,
        is_finished: false,
    }
}

struct IdleLimited<S> {
    body: Pin<Box<S>>,
    url: Url,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// The consumer waits for bytes, and the timer runs.
    is_waiting: bool,
    is_finished: bool,
}

impl<S> IdleLimited<S> {
    /// Completes when the consumer has waited for too long.
    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Longer than the clock can measure is no limit.
        let Some(end) = Instant::now().checked_add(self.idle) else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if !self.is_waiting {
            self.is_waiting = true;
            timer.as_mut().reset(end);
        }
        timer.as_mut().poll(cx)
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>>> Stream for IdleLimited<S> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_finished {
            return Poll::Ready(None);
        }
        let chunk = match self.body.as_mut().poll_next(cx) {
            Poll::Ready(chunk) => {
                self.is_waiting = false;
                chunk.map(|chunk| chunk.map_err(|error| transport_error(error, Some(&self.url))))
            }
            Poll::Pending => {
                ready!(self.poll_timeout(cx));
                Some(Err(response_timeout(&self.url, self.idle)))
            }
        };
        self.is_finished = !matches!(chunk, Some(Ok(_)));
        Poll::Ready(chunk)
    }
}
