//! HTTP: calls, attempts, retries, responses and reconciliation.
//!
//! The only module that handles credentials, attempts, status codes, headers, timeouts and spans.

mod attempt;
pub(crate) mod authorize;
pub(crate) mod call;
pub(crate) mod clients;
pub(crate) mod encode;
mod failure;
pub(crate) mod operation;
pub(crate) mod outcome;
pub(crate) mod recognition;
pub(crate) mod reconcile;
pub(crate) mod request_body;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod retry_table;
pub(crate) mod send;
mod telemetry;
