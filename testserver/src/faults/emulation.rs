//! Emulated operations: prepared responses instead of the handler's.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use bytes::Bytes;

use super::action::CannedResponse;
use super::plan::Faults;
use crate::http::Response;
use crate::operation_ids::is_same_operation;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The emulated operations, with the responses that each still sends.
#[derive(Debug, Default)]
pub(super) struct Emulations(Mutex<Vec<(String, VecDeque<CannedResponse>)>>);

impl Emulations {
    fn entries(&self) -> MutexGuard<'_, Vec<(String, VecDeque<CannedResponse>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    /// Emulates an operation that this server does not implement: from now on, its requests get these
    /// responses, one each in this order, and then the last one. A fault applies to such a request as if the
    /// operation were implemented.
    ///
    /// A response is a status and a JSON body, which may be empty. It has the `X-Request-Id` of a lakeFS.
    /// An empty list ends the emulation.
    ///
    /// # Panics
    ///
    /// Panics if there is no operation of this name.
    #[track_caller]
    pub fn emulate<B: Into<Bytes>>(&self, operation: &str, responses: impl IntoIterator<Item = (u16, B)>) {
        self.operations().assert_contains(operation);
        let request_id = || (REQUEST_ID, HeaderValue::from_static("emulated"));
        let responses: VecDeque<_> = responses
            .into_iter()
            .map(|(status, body)| CannedResponse::new(status, vec![request_id()], body.into()))
            .collect();
        let mut entries = self.emulations.entries();
        entries.retain(|(known, _)| !is_same_operation(known, operation));
        if !responses.is_empty() {
            entries.push((operation.to_owned(), responses));
        }
    }

    /// Returns the response of an emulated operation.
    pub(crate) fn emulated(&self, operation: &str) -> Option<Response> {
        let mut entries = self.emulations.entries();
        let (_, responses) = entries.iter_mut().find(|(known, _)| is_same_operation(known, operation))?;
        let response = if responses.len() > 1 { responses.pop_front() } else { responses.front().cloned() };
        Some(response?.into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation_ids::OperationIds;

    #[test]
    fn last_response_of_an_emulated_operation_is_repeated() {
        let faults = Faults::new(OperationIds::new(["createGroup", "getGroup"]));
        faults.emulate("create_group", [(201, "{}"), (409, "{}")]);
        let status = || faults.emulated("createGroup").map(|response| response.status().as_u16());
        assert_eq!([status(), status(), status()], [Some(201), Some(409), Some(409)]);
        assert!(faults.emulated("getGroup").is_none());
        faults.emulate("createGroup", [(0, ""); 0]);
        assert_eq!(status(), None);
    }
}
