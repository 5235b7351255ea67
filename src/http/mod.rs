//! HTTP: calls, attempts, retries, responses and reconciliation.
//!
//! The only module that handles credentials, attempts, status codes, headers, timeouts and spans.

mod attempt;
pub(crate) mod authorize;
pub(crate) mod call;
pub(crate) mod conditional_create;
pub(crate) mod credential;
pub(crate) mod deadline;
pub(crate) mod encode;
mod failure;
pub(crate) mod http_client;
mod limits;
mod metrics;
pub(crate) mod operation;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod recognition;
pub(crate) mod reconcile;
pub(crate) mod request_body;
pub(crate) mod response;
mod response_body;
pub(crate) mod retry;
mod retry_budget;
pub(crate) mod retry_table;
pub(crate) mod send;
mod storage_client;
mod telemetry;
mod time_limits;
