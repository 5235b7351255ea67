//! Spans and events of calls. They contain no bodies, no queries and no secrets.
//!
//! The fields have the names of the semantic conventions of OpenTelemetry for HTTP clients. A bridge such as
//! `tracing-opentelemetry` takes name, kind and status of a span from the fields `otel.*`.

use std::time::Duration;

use reqwest::Url;
use tracing::{Span, field};

use crate::error::{Error, Result};
use crate::http::call::Call;
use crate::http::response::Response;

/// The span of a call, which covers all its attempts.
pub(super) fn span(call: &Call) -> Span {
    let operation = call.operation();
    let span = tracing::info_span!(
        "lakefs",
        otel.name = operation.id,
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = operation.method,
        http.request.resend_count = field::Empty,
        http.response.status_code = field::Empty,
        server.address = field::Empty,
        server.port = field::Empty,
        url.full = field::Empty,
        url.template = operation.path,
        "error.type" = field::Empty,
        lakefs.repository = field::Empty,
        lakefs.reference = field::Empty,
        lakefs.request_id = field::Empty,
        lakefs.elapsed_ms = field::Empty,
    );
    if !span.is_disabled() {
        let url = call.server_url();
        span.record("server.address", url.host_str());
        span.record("server.port", url.port_or_known_default());
        span.record("url.full", without_query(url));
        let parameter = |name| operation.parameter(url, name);
        if let Some(repository) = parameter("repository") {
            span.record("lakefs.repository", &*repository);
        }
        if let Some(reference) = parameter("branch").or_else(|| parameter("ref")) {
            span.record("lakefs.reference", &*reference);
        }
    }
    span
}

/// A query can contain a code to log in with.
fn without_query(url: &Url) -> &str {
    let url = url.as_str();
    url.split_once('?').map_or(url, |(before, _)| before)
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
    span.record("http.response.status_code", status);
    span.record("lakefs.request_id", request_id);
    span.record("http.request.resend_count", attempts.checked_sub(1).filter(|resends| *resends > 0));
    span.record("lakefs.elapsed_ms", u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
    if let Err(error) = outcome {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", field::display(error_type(error)));
        tracing::debug!(%error, outcome_unknown = error.is_outcome_unknown(), "the lakeFS call failed");
    }
}

/// Reports an attempt, whose number counts from 1, and which took `elapsed`.
pub(super) fn attempted<T>(attempt: u32, outcome: Result<&Response<T>, &Error>, elapsed: Duration) {
    let status = outcome.map_or_else(Error::status, |response| Some(response.status()));
    tracing::debug!(
        http.request.resend_count = attempt.saturating_sub(1),
        http.response.status_code = status,
        "error.type" = outcome.err().map(|error| field::display(error_type(error))),
        ?elapsed,
        "a lakeFS request was sent"
    );
}

/// Reports that a call is sent again after `backoff`.
pub(super) fn retrying(attempts: u32, backoff: Duration, error: &Error) {
    tracing::debug!(attempts, ?backoff, %error, "an attempt of a lakeFS call failed, retrying");
}

/// The status of an error response, or else the kind of the error.
fn error_type(error: &Error) -> String {
    error.status().map_or_else(|| error.kind().to_string(), |status| status.to_string())
}
