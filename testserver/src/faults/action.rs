//! What a fault does to a request.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::http::Response;

/// How long a stalled response keeps its connection open at most.
const MAX_STALL: Duration = Duration::from_secs(10 * 60);

/// A delay and an action, in this order.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(super) delay: Duration,
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    /// Replaces these headers of the response.
    Proceed(Vec<(HeaderName, HeaderValue)>),
    Respond(CannedResponse),
    RespondAfter(CannedResponse),
    RespondToBody(CannedResponse),
    DropConnection,
    DropAfterBody,
    DropResponse,
    Stall,
    StallResponse,
    StallBody,
    TruncateBody,
    ReplaceBody(Bytes),
}

/// A response that was written by a test.
#[derive(Debug, Clone)]
pub(super) struct CannedResponse {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

impl CannedResponse {
    /// An invalid status becomes 500. A body without a media type is JSON.
    pub(super) fn new(status: u16, mut headers: Vec<(HeaderName, HeaderValue)>, body: Bytes) -> Self {
        if !body.is_empty() && !headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
            headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers, body }
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

/// Tells the HTTP server to drop the connection without a response.
#[derive(Debug)]
pub(crate) struct ConnectionDropped;

impl std::fmt::Display for ConnectionDropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection dropped by an injected fault")
    }
}

impl std::error::Error for ConnectionDropped {}

impl Fault {
    /// Returns whether the fault responds without running the handler.
    pub(crate) fn replaces_response(&self) -> bool {
        matches!(self.action, Action::Respond(_))
    }

    /// Returns whether the fault reads the body of the request, and does not run the handler.
    pub(crate) fn reads_request(&self) -> bool {
        matches!(self.action, Action::DropAfterBody | Action::RespondToBody(_) | Action::Stall)
    }

    /// Handles a request under this fault.
    pub(crate) async fn apply(
        self,
        handler: impl Future<Output = Response>,
    ) -> Result<Response, ConnectionDropped> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.action {
            Action::Proceed(headers) => {
                let mut response = handler.await;
                for (name, value) in headers {
                    response.headers_mut().insert(name, value);
                }
                Ok(response)
            }
            Action::Respond(response) | Action::RespondToBody(response) => Ok(response.into_response()),
            Action::RespondAfter(response) => {
                handler.await;
                Ok(response.into_response())
            }
            Action::DropConnection | Action::DropAfterBody => Err(ConnectionDropped),
            Action::DropResponse => {
                handler.await;
                Err(ConnectionDropped)
            }
            Action::Stall => Err(stall().await),
            Action::StallResponse => {
                handler.await;
                Err(stall().await)
            }
            Action::StallBody => Ok(stall_body(handler.await).await),
            Action::TruncateBody => Ok(truncate_body(handler.await).await),
            Action::ReplaceBody(body) => {
                let (mut parts, _) = handler.await.into_parts();
                parts.headers.remove(CONTENT_LENGTH);
                Ok(Response::from_parts(parts, Body::from(body)))
            }
        }
    }
}

/// Sends the first half of a body, then drops the connection.
async fn truncate_body(response: Response) -> Response {
    // Gives the first half time to be sent before the connection is dropped.
    half_of_body(response, async { tokio::time::sleep(Duration::from_millis(20)).await }).await
}

/// Sends the first half of a body, then nothing until the client closes the connection.
async fn stall_body(response: Response) -> Response {
    half_of_body(response, async {
        stall().await;
    })
    .await
}

/// Sends the first half of a body with the `Content-Length` of the full body, waits, and drops the connection. A
/// response without a body is sent as it is.
async fn half_of_body(response: Response, wait: impl Future<Output = ()> + Send + 'static) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    if body.is_empty() {
        return Response::from_parts(parts, Body::empty());
    }
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let stream = stream_of(half).chain(futures_util::stream::once(async {
        wait.await;
        Err(ConnectionDropped)
    }));
    Response::from_parts(parts, Body::from_stream(stream))
}

/// Waits until the client closes the connection, which drops the future, but not for ever.
async fn stall() -> ConnectionDropped {
    tokio::time::sleep(MAX_STALL).await;
    ConnectionDropped
}

fn stream_of(bytes: Bytes) -> impl Stream<Item = Result<Bytes, ConnectionDropped>> {
    futures_util::stream::iter((!bytes.is_empty()).then_some(Ok(bytes)))
}
