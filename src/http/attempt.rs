//! Sends one request, within the limits on its duration.

use std::pin::pin;

use futures::future::{self, Either};
use reqwest::{Request, Response};

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::clients::HttpClients;
use crate::http::failure::{response_timeout, transport_error};
use crate::http::request_body::BodyMonitor;

/// Sends a request and waits for the head of the response. `monitor` observes the body if that is streamed.
pub(super) async fn send_request(
    clients: &HttpClients,
    call: &Call,
    request: Request,
    monitor: Option<BodyMonitor>,
) -> Result<Response> {
    match monitor {
        None => {
            let sent = clients.buffered.execute(request).await;
            sent.map_err(|error| transport_error(error, Some(call.url())))
        }
        Some(monitor) => send_streamed(clients, call, request, &monitor).await,
    }
}

async fn send_streamed(
    clients: &HttpClients,
    call: &Call,
    request: Request,
    monitor: &BodyMonitor,
) -> Result<Response> {
    let timeout = async {
        match clients.response_timeout {
            Some(timeout) => monitor.response_timeout(timeout).await,
            None => future::pending().await,
        }
    };
    match future::select(pin!(clients.streaming.execute(request)), pin!(timeout)).await {
        Either::Left((Ok(response), _)) => Ok(response),
        Either::Left((Err(error), _)) => Err(match monitor.take_failure() {
            Some(failure) => Error::unreadable(failure),
            None => transport_error(error, Some(call.url())),
        }),
        Either::Right(_) => Err(response_timeout(call.url())),
    }
}
