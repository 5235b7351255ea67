//! What happens to every request around its handler: it is recorded, and the fault planned for it is applied.

use axum::http::request;

use crate::faults::{ConnectionDropped, Fault, Faults};
use crate::http::Response;
use crate::operation_ids::OperationIds;
use crate::recorder::{RecordedRequest, RequestLog};

/// The faults and the recorded requests of a server.
#[derive(Debug)]
pub(crate) struct Interceptor {
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
}

impl Interceptor {
    pub(crate) fn new(operations: OperationIds) -> Self {
        Self { faults: Faults::new(operations), requests: RequestLog::default() }
    }

    /// Records a request and takes the fault planned for it.
    pub(crate) fn begin(&self, operation: &'static str, parts: &request::Parts) -> Interception<'_> {
        let fault = self.faults.take(operation, parts.uri.path());
        let number = self.requests.begin(RecordedRequest::new(operation, parts));
        Interception { operation, fault, interceptor: self, number }
    }

    /// Returns the recorded requests for an operation.
    ///
    /// # Panics
    /// The id is unknown.
    #[track_caller]
    pub(crate) fn requests_for(&self, operation: &str) -> Vec<RecordedRequest> {
        self.faults.operations().assert_contains(operation);
        self.requests.for_operation(operation)
    }
}

/// A recorded request that is not handled yet.
#[derive(Debug)]
pub(crate) struct Interception<'a> {
    operation: &'static str,
    fault: Option<Fault>,
    interceptor: &'a Interceptor,
    number: usize,
}

impl Interception<'_> {
    /// Returns whether the fault responds instead of the handler.
    pub(crate) fn replaces_response(&self) -> bool {
        self.fault.as_ref().is_some_and(Fault::replaces_response)
    }

    /// Returns whether the fault reads the body of the request instead of the handler.
    pub(crate) fn reads_request(&self) -> bool {
        self.fault.as_ref().is_some_and(Fault::reads_request)
    }

    /// Runs the handler under the fault, and records the status that it returns and that of the response.
    pub(crate) async fn run(
        self,
        handler: impl Future<Output = Response>,
    ) -> Result<Response, ConnectionDropped> {
        let Self { operation, fault, interceptor, number } = self;
        let Interceptor { faults, requests } = interceptor;
        let handler = async {
            let response = match faults.emulated(operation) {
                Some(response) => response,
                None => handler.await,
            };
            requests.handled(number, response.status().as_u16());
            response
        };
        let response = match fault {
            None => Ok(handler.await),
            Some(fault) => fault.apply(handler).await,
        };
        requests.end(number, response.as_ref().ok().map(|response| response.status().as_u16()));
        response
    }
}
