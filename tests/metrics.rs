//! Metrics of calls, as a recorder of the crate `metrics` gets them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use lakefs::RetryPolicy;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use support::{ScriptedResponse, ScriptedServer};

#[tokio::test]
async fn metrics_count_calls_attempts_bytes_and_throttling() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();

    let branch = r#"{"id":"exp","commit_id":"c0ffee"}"#;
    let server = ScriptedServer::start([
        ScriptedResponse::new(429, "", "").header("Retry-After", "0"),
        ScriptedResponse::json(200, branch),
        ScriptedResponse::json(404, r#"{"message":"branch not found"}"#),
        ScriptedResponse::new(200, "a/b", "data"),
    ])
    .await;
    let client = server.builder().retries(RetryPolicy::default().max_attempts(2)).build().unwrap();
    let exp = client.repository("example").branch("exp");
    exp.get().await.unwrap();
    exp.get().await.unwrap_err();
    exp.object("a").read().await.unwrap();

    let mut values = BTreeMap::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
        values.insert(format!("{} {}", key.key().name(), labels.join(" ")), value);
    }
    let counter = |name: &str| match values.get(name) {
        Some(DebugValue::Counter(count)) => Some(*count),
        _ => None,
    };
    assert_eq!(counter("lakefs_client_requests_total get_branch success"), Some(1), "{values:?}");
    assert_eq!(counter("lakefs_client_requests_total get_branch not found"), Some(1));
    assert_eq!(counter("lakefs_client_attempts_total get_branch"), Some(3));
    assert_eq!(counter("lakefs_client_throttled_total get_branch"), Some(1));
    assert_eq!(counter("lakefs_client_received_bytes_total get_branch"), Some(branch.len() as u64));
    assert_eq!(counter("lakefs_client_received_bytes_total get_object"), Some(4));
    let Some(DebugValue::Gauge(in_flight)) = values.get("lakefs_client_requests_in_flight get_branch") else {
        panic!("{values:?}")
    };
    assert!(in_flight.abs() < f64::EPSILON);
    let Some(DebugValue::Histogram(seconds)) = values.get("lakefs_client_request_seconds get_branch") else {
        panic!("{values:?}")
    };
    assert_eq!(seconds.len(), 2);
}
