//! HTTP: calls, attempts, retries, responses and reconciliation.

pub(crate) mod encode;
pub(crate) mod operation;
pub(crate) mod reconcile;
pub(crate) mod request_body;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod send;
