//! The accept loops, and the HTTP/1.1 connections that they serve.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::api::{self, ApiState};
use crate::faults::ConnectionDropped;
use crate::http::Response;
use crate::interceptor::Interceptor;
use crate::storage::{self, Storage};

/// As much as a lakeFS server accepts.
const MAX_HEADERS_SIZE: usize = 1 << 20;
const MAX_HEADERS: usize = 1000;

/// What responds to the requests of a listener.
#[derive(Debug, Clone)]
pub(super) enum Service {
    Api(Arc<ApiState>, Arc<Interceptor>),
    Storage(Arc<Storage>, Arc<Interceptor>),
}

impl Service {
    async fn respond(self, request: Request<Body>) -> Result<Response, ConnectionDropped> {
        match self {
            Self::Api(state, interceptor) => api::respond(&state, &interceptor, request).await,
            Self::Storage(storage, interceptor) => storage::respond(&storage, &interceptor, request).await,
        }
    }
}

/// Serves connections until it is cancelled, which drops them.
pub(super) async fn serve_all(listeners: Vec<(TcpListener, Service)>) {
    futures_util::future::join_all(
        listeners.into_iter().map(|(listener, service)| accept(listener, service)),
    )
    .await;
}

async fn accept(listener: TcpListener, service: Service) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, service.clone()));
                }
                // Temporary: too many open files, or a connection that the client has closed already.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, service: Service) {
    // Responses are small, and a client often waits for one before it sends the next request.
    let _nodelay = stream.set_nodelay(true);
    let service = service_fn(move |request| service.clone().respond(Request::map(request, Body::new)));
    let connection = http1::Builder::new()
        .max_buf_size(MAX_HEADERS_SIZE)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    // Fails if the client or a fault drops the connection.
    let _dropped = connection.await;
}
