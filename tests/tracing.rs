//! Spans and events of `tracing`: every call with its result, and no secret.
//!
//! A test binary of its own, because `tracing` caches for the whole process which spans a subscriber wants.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lakefs::{RetryPolicy, TryStreamExt as _, models};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use support::{ScriptedResponse, ScriptedServer};

/// Records spans and events of every level.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    spans: Vec<(&'static Metadata<'static>, BTreeMap<String, String>)>,
    events: Vec<String>,
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = BTreeMap::new();
        span.record(&mut Fields(&mut fields));
        let mut recorded = self.0.lock().unwrap();
        recorded.spans.push((span.metadata(), fields));
        Id::from_u64(recorded.spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut recorded = self.0.lock().unwrap();
        values.record(&mut Fields(&mut recorded.spans[index(span)].1));
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        self.0.lock().unwrap().events.push(format!("{} {fields:?}", event.metadata().target()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn index(span: &Id) -> usize {
    usize::try_from(span.into_u64() - 1).unwrap()
}

impl Recorder {
    /// The spans of this crate's calls.
    fn calls(&self) -> Vec<BTreeMap<String, String>> {
        let recorded = self.0.lock().unwrap();
        let calls = recorded.spans.iter().filter(|(metadata, _)| metadata.name() == "lakefs");
        calls.map(|(_, fields)| fields.clone()).collect()
    }

    fn everything(&self) -> String {
        let recorded = self.0.lock().unwrap();
        format!("{:?} {:?}", recorded.spans, recorded.events)
    }
}

#[tokio::test]
async fn spans_have_the_result_of_a_call_and_no_secret() {
    let recorder = Recorder::default();
    let _recording = tracing::subscriber::set_default(recorder.clone());

    let storage = ScriptedServer::start([ScriptedResponse::new(200, "a/b", "the data")]).await;
    let signed = format!("{}/bucket/key?X-Amz-Signature=5ec3e7", storage.endpoint());
    let login = r#"{"token":"hush","token_expiration":7}"#;
    let server = ScriptedServer::start([
        ScriptedResponse::new(503, "text/html", "<html>busy</html>").header("Retry-After", "0"),
        ScriptedResponse::json(200, r#"{"id":"exp","commit_id":"c0ffee"}"#),
        ScriptedResponse::json(404, r#"{"message":"branch not found"}"#),
        ScriptedResponse::new(302, "", "").header("Location", &signed),
        ScriptedResponse::json(200, login),
        ScriptedResponse::connection_closed(),
    ])
    .await;
    let client = server
        .builder()
        .retries(RetryPolicy::default().max_attempts(2).reconcile_timeout(Duration::ZERO))
        .build()
        .unwrap();
    let branch = client.repository("example").branch("exp");
    branch.get().await.unwrap();
    branch.uncommitted().summary().await.unwrap_err();
    let object = client.api().get_object().repository("example").ref_("exp").path("secret plans");
    object.presign(true).send().await.unwrap();
    let body = models::LoginInformation::new("key", "hush");
    client.api().login().body(body).send().await.unwrap();
    branch.commit("message").metadata("k", "v").await.unwrap_err();

    let calls = recorder.calls();
    let field = |call: usize, name: &str| calls[call].get(name).map(String::as_str);
    let operations: Vec<_> = (0..calls.len()).map(|call| field(call, "otel.name").unwrap()).collect();
    // The commit whose response was lost is looked up.
    assert_eq!(operations, ["get_branch", "diff_branch", "get_object", "login", "commit", "log_commits"]);
    // The first attempt is not a resend.
    let resends: Vec<_> = (0..calls.len()).map(|call| field(call, "http.request.resend_count")).collect();
    assert_eq!(resends, [Some("1"), None, None, None, None, Some("1")]);
    let status: Vec<_> = (0..calls.len()).map(|call| field(call, "http.response.status_code")).collect();
    assert_eq!(status, [Some("200"), Some("404"), Some("200"), Some("200"), None, None]);
    for call in [0, 1, 2, 4] {
        assert_eq!(field(call, "lakefs.repository"), Some("example"));
        assert_eq!(field(call, "lakefs.reference"), Some("exp"));
    }
    assert_eq!((field(3, "lakefs.repository"), field(3, "lakefs.reference")), (None, None));
    for call in 0..4 {
        assert_eq!(field(call, "lakefs.request_id"), Some("request-7"));
        assert!(field(call, "lakefs.elapsed_ms").unwrap().parse::<u64>().is_ok());
    }

    // A failure has its status, or else its kind.
    let failures: Vec<_> = (0..calls.len()).map(|call| field(call, "error.type")).collect();
    assert_eq!(failures, [None, Some("404"), None, None, Some("transport error"), Some("transport error")]);
    for (call, failure) in failures.iter().enumerate() {
        assert_eq!(field(call, "otel.status_code"), failure.map(|_| "ERROR"));
        assert_eq!(field(call, "otel.kind"), Some("client"));
        assert_eq!(field(call, "server.address"), Some("127.0.0.1"));
        assert!(server.endpoint().ends_with(field(call, "server.port").unwrap()));
        assert!(!field(call, "url.full").unwrap().contains('?'));
    }
    assert_eq!(field(0, "http.request.method"), Some("GET"));
    assert_eq!(field(0, "url.template"), Some("/repositories/{repository}/branches/{branch}"));
    let expected = format!("{}/api/v1/repositories/example/branches/exp", server.endpoint());
    assert_eq!(field(0, "url.full"), Some(&*expected));
    // One event for each attempt.
    let attempts = recorder.everything().matches("a lakeFS request was sent").count();
    assert_eq!(attempts, 8);

    // No secret in plain text or as it is sent, no signature and no data, in the events of other crates neither.
    let everything = recorder.everything();
    for data in ["hush", "a2V5Omh1c2g=", "5ec3e7", "the data", "c0ffee", "busy"] {
        assert!(!everything.contains(data), "{data:?} is in {everything}");
    }
    assert!(everything.contains("branch not found"));
    assert!(everything.contains("retrying"));
}

#[tokio::test]
async fn checksum_that_is_no_md5_is_a_warning() {
    let object =
        ScriptedResponse::new(200, "a/b", "hello").header("ETag", "\"0123456789abcdef0123456789abcdef\"");
    for (is_read_again, warning) in
        [(true, "two reads returned the same bytes"), (false, "do not have the MD5 of the object")]
    {
        let recorder = Recorder::default();
        let _recording = tracing::subscriber::set_default(recorder.clone());
        let server = ScriptedServer::start(vec![object.clone(); 3]).await;
        let object = server.client().repository("example").branch("exp").object("a");
        if is_read_again {
            object.read().await.unwrap();
            object.read().await.unwrap();
        } else {
            object.reader().await.unwrap().try_collect::<Vec<_>>().await.unwrap();
        }
        let everything = recorder.everything();
        assert_eq!(everything.matches(warning).count(), 1, "{everything}");
    }
}
