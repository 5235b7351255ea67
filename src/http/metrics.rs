//! Metrics of calls, recorded through the facade `metrics`. Without the feature of the same name, nothing is recorded.

use std::time::Instant;

use reqwest::Request;
use reqwest::header::CONTENT_LENGTH;

use crate::error::{Error, ErrorKind};

/// Records the metrics of one call.
#[derive(Debug)]
pub(super) struct CallMeter {
    operation: &'static str,
    start: Instant,
    /// Whether the outcome was recorded. A call that is dropped has none.
    is_recorded: bool,
}

impl CallMeter {
    /// Starts a call of an operation.
    pub(super) fn start(operation: &'static str) -> Self {
        facade::in_flight(operation, 1.0);
        Self { operation, start: Instant::now(), is_recorded: false }
    }

    /// Records an attempt, and the bytes of its request body where their number is known.
    pub(super) fn attempt(&self, request: &Request) {
        let length = || request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        let in_memory = request.body().and_then(|body| body.as_bytes()).map(|body| body.len() as u64);
        facade::count(facade::ATTEMPTS, self.operation, 1);
        facade::count(facade::SENT, self.operation, in_memory.or_else(length).unwrap_or_default());
    }

    /// Records the failure of an attempt.
    pub(super) fn failed_attempt(&self, error: &Error) {
        if error.kind() == ErrorKind::RateLimited || error.status() == Some(503) {
            facade::count(facade::THROTTLED, self.operation, 1);
        }
    }

    /// Records the outcome of the call.
    pub(super) fn finish(mut self, error: Option<&Error>) {
        self.is_recorded = true;
        match error {
            None => facade::finish(self.operation, &"success", self.start.elapsed().as_secs_f64()),
            Some(error) => facade::finish(self.operation, &error.kind(), self.start.elapsed().as_secs_f64()),
        }
    }
}

impl Drop for CallMeter {
    fn drop(&mut self) {
        facade::in_flight(self.operation, -1.0);
        if !self.is_recorded {
            facade::finish(self.operation, &"dropped", self.start.elapsed().as_secs_f64());
        }
    }
}

/// Records bytes of a response body.
pub(super) fn received(operation: &'static str, bytes: usize) {
    facade::count(facade::RECEIVED, operation, bytes as u64);
}

/// Records with the crate `metrics`.
#[cfg(feature = "metrics")]
mod facade {
    use std::fmt::Display;

    pub(super) const ATTEMPTS: &str = "lakefs_client_attempts_total";
    pub(super) const SENT: &str = "lakefs_client_sent_bytes_total";
    pub(super) const RECEIVED: &str = "lakefs_client_received_bytes_total";
    pub(super) const THROTTLED: &str = "lakefs_client_throttled_total";

    pub(super) fn count(name: &'static str, operation: &'static str, count: u64) {
        metrics::counter!(name, "operation" => operation).increment(count);
    }

    pub(super) fn in_flight(operation: &'static str, change: f64) {
        metrics::gauge!("lakefs_client_requests_in_flight", "operation" => operation).increment(change);
    }

    pub(super) fn finish(operation: &'static str, outcome: &dyn Display, seconds: f64) {
        metrics::counter!("lakefs_client_requests_total", "operation" => operation, "outcome" => outcome.to_string()).increment(1);
        metrics::histogram!("lakefs_client_request_seconds", "operation" => operation).record(seconds);
    }
}

/// Records nothing.
#[cfg(not(feature = "metrics"))]
mod facade {
    use std::fmt::Display;

    pub(super) const ATTEMPTS: &str = "";
    pub(super) const SENT: &str = "";
    pub(super) const RECEIVED: &str = "";
    pub(super) const THROTTLED: &str = "";

    pub(super) fn count(_: &'static str, _: &'static str, _: u64) {}

    pub(super) fn in_flight(_: &'static str, _: f64) {}

    pub(super) fn finish(_: &'static str, _: &dyn Display, _: f64) {}
}
