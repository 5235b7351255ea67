//! Emulated operations: prepared responses instead of the handler's.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use bytes::Bytes;

use super::action::CannedResponse;
use crate::operation_ids::is_same_operation;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The emulated operations.
#[derive(Debug, Default)]
pub(super) struct Emulations(Mutex<Vec<Emulation>>);

#[derive(Debug)]
pub(super) struct Emulation {
    pub(super) operation: String,
    /// The responses that it still sends.
    pub(super) responses: VecDeque<CannedResponse>,
    /// The emulations that replace others when this one has succeeded.
    pub(super) effects: Vec<Emulation>,
}

impl Emulation {
    pub(super) fn new<B: Into<Bytes>>(
        operation: &str,
        responses: impl IntoIterator<Item = (u16, B)>,
    ) -> Self {
        let request_id = || (REQUEST_ID, HeaderValue::from_static("emulated"));
        let responses = responses.into_iter();
        let responses = responses
            .map(|(status, body)| CannedResponse::new(status, vec![request_id()], body.into()))
            .collect();
        Self { operation: operation.to_owned(), responses, effects: Vec::new() }
    }
}

impl Emulations {
    pub(super) fn entries(&self) -> MutexGuard<'_, Vec<Emulation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts an emulation in force instead of that of the same operation.
pub(super) fn replace(entries: &mut Vec<Emulation>, emulation: Emulation) {
    entries.retain(|known| !is_same_operation(&known.operation, &emulation.operation));
    if !emulation.responses.is_empty() {
        entries.push(emulation);
    }
}
