//! The record of the requests that a server has received.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderName, request};

use crate::operation_ids::is_same_operation;

/// A request that a [`Server`](crate::Server) has received.
///
/// Requests are recorded when their headers have arrived, and before they are handled. Bodies and credentials
/// are not recorded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The `operationId` of the request in the lakeFS API, or `storageGet`, `storageHead`, `storagePut` or
    /// `storagePutPart` for a request to the [storage](crate::ServerBuilder::presigned_storage).
    pub operation: &'static str,
    /// The HTTP method, such as `GET`.
    pub method: String,
    /// The path as sent, percent-encoded, such as `/api/v1/repositories/example`.
    pub path: String,
    /// The query string as sent, without the question mark. Empty if there is none.
    pub query: String,
    /// The status of the response. `None` while the request is handled, and if a fault dropped the
    /// connection.
    pub status: Option<u16>,
    /// The status that the operation itself returned. `None` if a fault prevented it. It differs from `status`
    /// where a fault replaced or lost the response: a success here means that the request took effect.
    pub handled_status: Option<u16>,
    /// Whether the request had an `Authorization` or `Cookie` header.
    pub has_credentials: bool,
    headers: HeaderMap,
}

impl RecordedRequest {
    pub(crate) fn new(operation: &'static str, parts: &request::Parts) -> Self {
        let mut headers = parts.headers.clone();
        let removed = [AUTHORIZATION, COOKIE].map(|secret| headers.remove(secret));
        Self {
            operation,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            status: None,
            handled_status: None,
            has_credentials: removed.iter().any(Option::is_some),
            headers,
        }
    }

    /// Returns the first value of a header. The name is case-insensitive.
    ///
    /// Returns `None` for `Authorization` and `Cookie`, which are not recorded, and for values that are not
    /// visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the names of the recorded headers, in lower case.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.keys().map(HeaderName::as_str)
    }
}

/// The recorded requests, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of requests that were cleared, which is the number of the first of `requests`.
    cleared: usize,
    requests: Vec<RecordedRequest>,
}

impl RequestLog {
    /// Records a request and returns its number.
    pub(crate) fn begin(&self, request: RecordedRequest) -> usize {
        let mut state = self.state();
        state.requests.push(request);
        state.cleared + state.requests.len() - 1
    }

    /// Records the status that the operation returned.
    pub(crate) fn handled(&self, number: usize, status: u16) {
        self.update(number, |request| request.handled_status = Some(status));
    }

    /// Records the status of the response to a request.
    pub(crate) fn end(&self, number: usize, status: Option<u16>) {
        self.update(number, |request| request.status = status);
    }

    fn update(&self, number: usize, update: impl FnOnce(&mut RecordedRequest)) {
        let mut state = self.state();
        let index = number.checked_sub(state.cleared);
        if let Some(request) = index.and_then(|index| state.requests.get_mut(index)) {
            update(request);
        }
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.state().requests.clone()
    }

    pub(crate) fn for_operation(&self, operation: &str) -> Vec<RecordedRequest> {
        let state = self.state();
        let matching =
            state.requests.iter().filter(|request| is_same_operation(request.operation, operation));
        matching.cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.cleared += state.requests.len();
        state.requests.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
