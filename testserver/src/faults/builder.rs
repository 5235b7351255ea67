//! The description of a fault.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue};
use bytes::Bytes;

use super::action::{Action, CannedResponse, Fault};
use super::plan::{Faults, Plan, Predicate};
use crate::operation_ids::is_same_operation;

impl Faults {
    /// Starts planning a fault for an operation.
    ///
    /// Call one of the methods of [`FaultBuilder`] that choose what happens, such as
    /// [`respond`](FaultBuilder::respond), to put the fault in force.
    ///
    /// # Panics
    ///
    /// Panics if there is no operation of this name. A fault that never applies would make a test
    /// meaningless.
    #[track_caller]
    pub fn on(&self, operation: impl Into<String>) -> FaultBuilder<'_> {
        let operation = operation.into();
        self.operations().assert_contains(&operation);
        FaultBuilder::new(self, operation)
    }
}

/// A fault that is being described; see [`Faults::on`].
///
/// [`times`](Self::times), [`always`](Self::always), [`after`](Self::after) and [`when`](Self::when) choose
/// the requests. [`respond`](Self::respond), [`redirect`](Self::redirect),
/// [`drop_connection`](Self::drop_connection), [`drop_after_body`](Self::drop_after_body) and
/// [`stall`](Self::stall) and [`write_dropped_by_commit`](Self::write_dropped_by_commit) choose what happens to them
/// instead of the operation; [`respond_after`](Self::respond_after), [`drop_response`](Self::drop_response),
/// [`commit_during_write`](Self::commit_during_write),
/// [`stall_response`](Self::stall_response), [`stall_body`](Self::stall_body),
/// [`truncate_body`](Self::truncate_body), [`replace_body`](Self::replace_body) and
/// [`proceed`](Self::proceed) choose what happens to them, and put the fault in force.
#[must_use = "a fault is in force only once a method has chosen what happens"]
pub struct FaultBuilder<'a> {
    faults: &'a Faults,
    operation: String,
    predicate: Option<Predicate>,
    skip: usize,
    times: usize,
    delay: Duration,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for FaultBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultBuilder").field("operation", &self.operation).finish_non_exhaustive()
    }
}

impl<'a> FaultBuilder<'a> {
    pub(super) fn new(faults: &'a Faults, operation: String) -> Self {
        Self {
            faults,
            operation,
            predicate: None,
            skip: 0,
            times: 1,
            delay: Duration::ZERO,
            headers: Vec::new(),
        }
    }

    /// Sets how many requests the fault applies to. With 0, nothing is planned. Default: 1.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Applies the fault to all requests until [`Faults::clear`]. Default: to one request.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// Sets how many matching requests are skipped before the fault applies. Default: 0.
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Restricts the fault to requests whose path satisfies a predicate. Default: all paths.
    ///
    /// The path is percent-encoded and has no query, such as `/api/v1/repositories/example`.
    pub fn when(mut self, predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    /// Sets how long the server waits before it does anything else. Default: no delay.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header to the response of [`respond`](Self::respond), [`respond_after`](Self::respond_after) or
    /// [`redirect`](Self::redirect), or replaces it in that of [`proceed`](Self::proceed). Ignores a name or a value that is invalid in HTTP.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            self.headers.push((name, value));
        }
        self
    }

    /// Responds with a status and a body. The operation is not performed.
    ///
    /// The `Content-Type` of a non-empty body is `application/json` unless [`header`](Self::header) has set
    /// another. An invalid status becomes 500.
    pub fn respond(mut self, status: u16, body: impl Into<Bytes>) {
        let response = CannedResponse::new(status, std::mem::take(&mut self.headers), body.into());
        self.plan(Action::Respond(response));
    }

    /// Performs the operation, then responds with this status and body instead, as a proxy that loses the
    /// response. Status, body and headers are those of [`respond`](Self::respond).
    pub fn respond_after(mut self, status: u16, body: impl Into<Bytes>) {
        let response = CannedResponse::new(status, std::mem::take(&mut self.headers), body.into());
        self.plan(Action::RespondAfter(response));
    }

    /// Performs a conditional write, then responds with 412, as lakeFS does if a commit seals the staging area during the
    /// write: lakeFS repeats the write, and its condition meets the object that the first one created.
    pub fn commit_during_write(self) {
        let response = self.precondition_failed();
        self.plan(Action::RespondAfter(response));
    }

    /// Reads a conditional write, and responds with 412 without an object, as lakeFS does if a commit had read the
    /// staging area before the write, and then drops it: see [`commit_during_write`](Self::commit_during_write).
    pub fn write_dropped_by_commit(self) {
        let response = self.precondition_failed();
        self.plan(Action::RespondToBody(response));
    }

    fn precondition_failed(&self) -> CannedResponse {
        let is_upload = is_same_operation(&self.operation, "uploadObject");
        let message = if is_upload { "path already exists" } else { "Precondition failed" };
        let headers = vec![(HeaderName::from_static("x-request-id"), HeaderValue::from_static("emulated"))];
        CannedResponse::new(412, headers, format!("{{\"message\":\"{message}\"}}\n").into())
    }

    /// Responds with status 302 and a `Location`. The operation is not performed.
    pub fn redirect(self, location: &str) {
        self.header(LOCATION.as_str(), location).respond(302, Bytes::new());
    }

    /// Drops the connection when the head of the request has arrived. The operation is not performed.
    pub fn drop_connection(self) {
        self.plan(Action::DropConnection);
    }

    /// Reads the request with its body, then drops the connection. The operation is not performed.
    pub fn drop_after_body(self) {
        self.plan(Action::DropAfterBody);
    }

    /// Reads the request with its body, and never responds. The operation is not performed.
    ///
    /// The connection stays open until the client closes it, or for ten minutes.
    pub fn stall(self) {
        self.plan(Action::Stall);
    }

    /// Performs the operation, and never responds. The connection stays open as with [`stall`](Self::stall).
    pub fn stall_response(self) {
        self.plan(Action::StallResponse);
    }

    /// Performs the operation, and sends only the first half of the response body. The connection stays open as
    /// with [`stall`](Self::stall). A response without a body is sent as it is.
    pub fn stall_body(self) {
        self.plan(Action::StallBody);
    }

    /// Performs the operation, then drops the connection without a response.
    pub fn drop_response(self) {
        self.plan(Action::DropResponse);
    }

    /// Performs the operation, then drops the connection after the first half of the response body. A response
    /// without a body is sent as it is.
    pub fn truncate_body(self) {
        self.plan(Action::TruncateBody);
    }

    /// Performs the operation, then responds with its status and headers but with another body.
    pub fn replace_body(self, body: impl Into<Bytes>) {
        self.plan(Action::ReplaceBody(body.into()));
    }

    /// Performs the operation and responds as usual. Useful with [`delay`](Self::delay) and [`header`](Self::header).
    pub fn proceed(mut self) {
        let headers = std::mem::take(&mut self.headers);
        self.plan(Action::Proceed(headers));
    }

    fn plan(self, action: Action) {
        self.faults.plan(Plan {
            operation: self.operation,
            predicate: self.predicate,
            skip: self.skip,
            remaining: self.times,
            fault: Fault { delay: self.delay, action },
        });
    }
}
