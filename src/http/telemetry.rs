//! Spans and events of calls. They contain no bodies and no secrets.

use std::time::Duration;

use tracing::{Span, field};

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::response::Response;

/// The span of a call, which covers all its attempts.
pub(super) fn span(call: &Call) -> Span {
    let operation = call.operation();
    let span = tracing::info_span!(
        "lakefs",
        operation = operation.id,
        method = operation.method,
        repository = field::Empty,
        reference = field::Empty,
        status = field::Empty,
        request_id = field::Empty,
        attempts = field::Empty,
        elapsed_ms = field::Empty,
    );
    if !span.is_disabled() {
        let parameter = |name| operation.parameter(call.server_url(), name);
        if let Some(repository) = parameter("repository") {
            span.record("repository", &*repository);
        }
        if let Some(reference) = parameter("branch").or_else(|| parameter("ref")) {
            span.record("reference", &*reference);
        }
    }
    span
}

/// Records the result of a call in its span.
pub(super) fn record<T>(span: &Span, outcome: &Result<Response<T>>, attempts: u32, elapsed: Duration) {
    if span.is_disabled() {
        return;
    }
    let (status, request_id) = match outcome {
        Ok(response) => (Some(response.status()), response.request_id()),
        Err(error) => (error.status(), error.request_id()),
    };
    if let Some(status) = status {
        span.record("status", status);
    }
    if let Some(request_id) = request_id {
        span.record("request_id", request_id);
    }
    span.record("attempts", attempts);
    span.record("elapsed_ms", u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
    if let Err(error) = outcome {
        tracing::debug!(%error, "the lakeFS call failed");
    }
}

/// Reports an attempt that failed and is retried after `backoff`.
pub(super) fn retrying(attempts: u32, backoff: Duration, error: &Error) {
    tracing::debug!(attempts, ?backoff, %error, "an attempt of a lakeFS call failed, retrying");
}
