//! What a fault does to a request.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::http::Response;

/// A delay and an action, in this order.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(super) delay: Duration,
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Proceed,
    Respond(CannedResponse),
    DropConnection,
    DropResponse,
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
    fn into_response(self) -> Response {
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

    /// Handles a request under this fault.
    pub(crate) async fn apply(
        self,
        handler: impl Future<Output = Response>,
    ) -> Result<Response, ConnectionDropped> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.action {
            Action::Proceed => Ok(handler.await),
            Action::Respond(response) => Ok(response.into_response()),
            Action::DropConnection => Err(ConnectionDropped),
            Action::DropResponse => {
                handler.await;
                Err(ConnectionDropped)
            }
            Action::TruncateBody => Ok(truncate_body(handler.await).await),
            Action::ReplaceBody(body) => {
                let (mut parts, _) = handler.await.into_parts();
                parts.headers.remove(CONTENT_LENGTH);
                Ok(Response::from_parts(parts, Body::from(body)))
            }
        }
    }
}

/// Sends the first half of a body with the `Content-Length` of the full body, then drops the connection.
async fn truncate_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let stream = stream_of(half).chain(futures_util::stream::once(async {
        // Gives the first half time to be sent before the connection is dropped.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(ConnectionDropped)
    }));
    Response::from_parts(parts, Body::from_stream(stream))
}

fn stream_of(bytes: Bytes) -> impl Stream<Item = Result<Bytes, ConnectionDropped>> {
    futures_util::stream::iter((!bytes.is_empty()).then_some(Ok(bytes)))
}
