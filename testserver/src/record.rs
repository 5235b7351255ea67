//! A record of the requests that a server has seen.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderName, request};

/// A request that a server has seen.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The `operationId` that the contract gives to it; `storageGet`, `storageHead`, `storagePut` or `storagePutPart` if
    /// it came to the storage.
    pub operation: &'static str,
    /// The method, such as `GET`.
    pub method: String,
    /// The path as it was sent, such as `/api/v1/repositories/example`.
    pub path: String,
    /// The query string as it was sent, without the question mark; empty if there was none.
    pub query: String,
    /// The status that was answered; none while there is no answer, or if the connection was dropped.
    pub status: Option<u16>,
    /// Whether it carried an `Authorization` or a cookie, which are not recorded themselves.
    pub with_credentials: bool,
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
            with_credentials: removed.iter().any(Option::is_some),
            headers,
        }
    }

    /// A header of the request. Credentials are not recorded.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The names of the headers of the request, in lower case.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.keys().map(HeaderName::as_str)
    }
}

/// The requests seen so far, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Requests>);

#[derive(Debug, Default)]
struct Requests {
    /// How many requests were forgotten before the first that is kept.
    forgotten: usize,
    kept: Vec<RecordedRequest>,
}

impl RequestLog {
    /// Records a request; the number tells it from others.
    pub(crate) fn begin(&self, request: RecordedRequest) -> usize {
        let mut requests = self.requests();
        requests.kept.push(request);
        requests.forgotten + requests.kept.len() - 1
    }

    /// Records how a request ended.
    pub(crate) fn end(&self, number: usize, status: Option<u16>) {
        let mut requests = self.requests();
        let index = number.checked_sub(requests.forgotten);
        if let Some(request) = index.and_then(|index| requests.kept.get_mut(index)) {
            request.status = status;
        }
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.requests().kept.clone()
    }

    pub(crate) fn clear(&self) {
        let mut requests = self.requests();
        requests.forgotten += requests.kept.len();
        requests.kept.clear();
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
