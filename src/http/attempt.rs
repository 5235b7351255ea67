//! Sends one request, within the limits on its duration.

use std::pin::pin;
use std::time::Duration;

use futures::future::{self, Either};
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use reqwest::{Client, Method, Request, Response};

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::failure::{response_timeout, transport_error};
use crate::http::http_client::HttpClient;
use crate::http::operation::SuccessBody;
use crate::http::request_body::BodyMonitor;
use crate::http::response_body::BodyLimits;

/// Sends a request and waits for the head of the response. `monitor` observes the body if that is streamed.
pub(super) async fn send_request(
    http: &HttpClient,
    call: &Call,
    mut request: Request,
    monitor: Option<BodyMonitor>,
) -> Result<Response> {
    let limit = http.time_limits.of(call.operation());
    let is_head = request.method() == Method::HEAD;
    // A read that is redirected to the storage has another URL than the call.
    let is_at_storage = call.is_at_storage() || request.url() != call.url();
    if !is_at_storage {
        for (name, value) in &http.default_headers {
            request.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
    if call.operation().body == SuccessBody::Stream {
        // Sizes, ranges and checksums are those of the bytes as they are stored.
        request.headers_mut().entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    }
    let client = http.client_for(request.url(), is_at_storage);
    let mut response = match monitor {
        None => send_buffered(client, request, limit).await?,
        Some(monitor) => send_streamed(client, request, &monitor, limit).await?,
    };
    if is_at_storage {
        http.storage.record_response(response.url());
    }
    // With HTTP/2, the body of a response to HEAD has the length of the object, and no bytes.
    let size = if is_head { usize::MAX } else { http.max_response_size };
    response.extensions_mut().insert(BodyLimits { idle: limit, size });
    Ok(response)
}

/// Sends a request that has no body, or one in memory. The limit includes the connection and the body.
async fn send_buffered(client: &Client, request: Request, limit: Duration) -> Result<Response> {
    let url = request.url().clone();
    match tokio::time::timeout(limit, client.execute(request)).await {
        Ok(sent) => sent.map_err(|error| transport_error(error, Some(&url))),
        Err(_) => Err(response_timeout(&url, limit)),
    }
}

/// Sends a request whose body is streamed. The limit starts again whenever the server takes bytes.
async fn send_streamed(
    client: &Client,
    request: Request,
    monitor: &BodyMonitor,
    limit: Duration,
) -> Result<Response> {
    let url = request.url().clone();
    let timeout = monitor.response_timeout(limit);
    match future::select(pin!(client.execute(request)), pin!(timeout)).await {
        Either::Left((Ok(response), _)) => Ok(response),
        Either::Left((Err(error), _)) => Err(match monitor.take_failure() {
            Some(failure) => Error::unreadable(failure),
            None => {
                let error = transport_error(error, Some(&url));
                let not_applied = error.not_applied() || monitor.is_incomplete();
                error.with_not_applied(not_applied)
            }
        }),
        Either::Right(_) => Err(monitor.timeout_error(&url, limit)),
    }
}
