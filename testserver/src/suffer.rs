//! What a fault does to a request.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::fault::{Action, Fault};

/// The connection is to be dropped without a reply.
#[derive(Debug)]
pub(crate) struct ConnectionDropped;

impl std::fmt::Display for ConnectionDropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection dropped on purpose")
    }
}

impl std::error::Error for ConnectionDropped {}

/// Does to a request what was asked to be done to it.
pub(crate) async fn suffer(
    fault: Fault,
    act: impl Future<Output = Response<Body>>,
) -> Result<Response<Body>, ConnectionDropped> {
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    match fault.action {
        Action::Nothing => Ok(act.await),
        Action::Reply(reply) => Ok(reply.into_response()),
        Action::DropRequest => Err(ConnectionDropped),
        Action::DropReply => {
            act.await;
            Err(ConnectionDropped)
        }
        Action::CutBody => Ok(cut(act.await).await),
        Action::ReplaceBody(body) => {
            let (mut parts, _) = act.await.into_parts();
            parts.headers.remove(CONTENT_LENGTH);
            Ok(Response::from_parts(parts, Body::from(body)))
        }
    }
}

/// Keeps the first half of a body, under the length of the whole.
async fn cut(reply: Response<Body>) -> Response<Body> {
    let (mut parts, body) = reply.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let stream = async_chunks(half).chain(futures_util::stream::once(async {
        // Lets the first half leave before the connection goes.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(ConnectionDropped)
    }));
    Response::from_parts(parts, Body::from_stream(stream))
}

fn async_chunks(bytes: Bytes) -> impl Stream<Item = Result<Bytes, ConnectionDropped>> {
    futures_util::stream::iter((!bytes.is_empty()).then_some(Ok(bytes)))
}
