//! The HTTP client of a transport, with what all its requests have in common.

use std::fmt;
use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Request, Url};

use crate::client::settings::{HttpSettings, Traceparent};
use crate::error::Result;
use crate::http::retry_budget::RetryBudget;
use crate::http::storage_client::StorageClient;
use crate::http::time_limits::TimeLimits;

/// An HTTP client with its limits. Clones share connections and the retry budget.
///
/// reqwest's own timeouts for responses are off: its read timeout starts with the request and includes the time to send
/// the body, so that an upload which takes longer would fail, and it includes the time in which nobody reads a body.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    pub(super) storage: StorageClient,
    pub(super) time_limits: TimeLimits,
    /// The largest body that is read into memory.
    pub(super) max_response_size: usize,
    /// The headers of requests to lakeFS. Requests to a storage do not get them, because they may be secrets.
    pub(super) default_headers: HeaderMap,
    pub(super) retry_budget: Arc<RetryBudget>,
    /// Returns the value of `traceparent`.
    traceparent: Option<Traceparent>,
}

impl HttpClient {
    /// `is_https` is whether the endpoint needs TLS.
    pub(crate) fn new(settings: &HttpSettings, is_https: bool) -> Result<Self> {
        Ok(Self {
            client: settings.build(is_https)?,
            storage: StorageClient::new(settings),
            time_limits: TimeLimits::new(settings.response_timeout),
            max_response_size: settings.max_response_size,
            default_headers: settings.default_headers()?,
            retry_budget: Arc::new(RetryBudget::new(settings.retry_budget)),
            traceparent: settings.traceparent.clone(),
        })
    }

    /// The client for a URL of the server, or of a storage.
    pub(super) fn client_for(&self, url: &Url, is_at_storage: bool) -> &reqwest::Client {
        let storage = if is_at_storage { self.storage.client(url) } else { None };
        storage.unwrap_or(&self.client)
    }

    /// Adds the context of the trace to a request, if the program provides it. A value that cannot be a header is ignored:
    /// a trace is not worth a failure.
    pub(super) fn trace(&self, request: &mut Request) {
        let value = self.traceparent.as_ref().and_then(|traceparent| traceparent());
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            request.headers_mut().insert("traceparent", value);
        }
    }
}

/// Leaves out what could have secrets: headers, and the proxies of the HTTP client.
impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("time_limits", &self.time_limits)
            .field("max_response_size", &self.max_response_size)
            .field("retry_budget", &self.retry_budget)
            .finish_non_exhaustive()
    }
}
