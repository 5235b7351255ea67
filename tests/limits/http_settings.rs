//! Settings of the HTTP client.

use std::time::Duration;

use lakefs::reexports::reqwest::redirect::Policy;
use lakefs::{Client, ErrorKind, RetryPolicy};

use crate::support::{Fixture, ScriptedResponse, ScriptedServer};
use crate::within_deadline;

const REPOSITORY: &str =
    r#"{"id":"example","creation_date":1,"default_branch":"main","storage_namespace":"mem://x"}"#;

#[tokio::test]
async fn function_cannot_change_what_the_transport_depends_on() {
    let fixture = Fixture::in_memory().await;
    let repository = fixture.repository("function").await;
    let configure = |builder: lakefs::ClientBuilder| {
        builder.retries(RetryPolicy::none()).configure_http(|http| {
            http.redirect(Policy::limited(5))
                .timeout(Duration::from_millis(50))
                .read_timeout(Duration::from_millis(50))
                .user_agent("other")
        })
    };
    // Timeouts.
    let client = configure(fixture.builder()).build().unwrap();
    fixture.test_server().faults().on("getRepository").delay(Duration::from_millis(300)).proceed();
    within_deadline(client.repository(repository.name()).get()).await.0.unwrap();

    // Redirects and the user agent.
    let target = ScriptedServer::start([ScriptedResponse::json(200, REPOSITORY)]).await;
    let redirect = ScriptedResponse::json(302, "").header("Location", &format!("{}/x", target.endpoint()));
    let server = ScriptedServer::start([redirect]).await;
    let client = configure(server.builder()).build().unwrap();
    let error = within_deadline(client.repository("example").get()).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    assert!(target.requests().is_empty());
    assert!(server.requests()[0].contains("user-agent: lakefs-rust/"), "{:?}", server.requests());
}

#[tokio::test]
async fn default_headers_are_sent_to_lakefs_and_not_to_the_storage() {
    let storage = ScriptedServer::start([ScriptedResponse::new(200, "a/b", "abc")]).await;
    let url = format!("{}/bucket/key?signature=hush", storage.endpoint());
    let server = ScriptedServer::start([ScriptedResponse::signed_object(&url, 3)]).await;
    let client = server
        .builder()
        .default_header("X-Gateway", "open sesame")
        .default_header("X-Team", "data")
        .build()
        .unwrap();
    let object = client.repository("example").branch("main").object("a");
    let data = within_deadline(object.read().presign(true).verify(false).into_future()).await.0.unwrap();
    assert_eq!(&data[..], b"abc");
    let (request, to_storage) = (&server.requests()[0], &storage.requests()[0]);
    assert!(request.contains("x-gateway: open sesame\r\n") && request.contains("x-team: data"), "{request}");
    for absent in ["x-gateway", "x-team", "authorization"] {
        assert!(!to_storage.contains(absent), "{to_storage}");
    }
}

#[test]
fn invalid_settings_fail_the_build_without_showing_secrets() {
    let builder = Client::builder().endpoint("http://localhost:1").anonymous();
    for builder in [
        builder.clone().default_header("Authorization", "hush"),
        builder.clone().default_header("host", "hush"),
        builder.clone().default_header("Transfer-Encoding", "hush"),
        builder.clone().default_header("X-Team", "hush\n"),
        builder.clone().default_header("a b", "hush"),
        builder.clone().proxy("id:hush@proxy"),
        builder.clone().proxy("ftp://id:hush@proxy"),
        builder.clone().user_agent("a\nb"),
    ] {
        let debug = format!("{builder:?}");
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        for text in [debug, format!("{error:?}"), error.to_string()] {
            assert!(!text.contains("hush"), "{text}");
        }
    }
    let builder = builder.proxy("http://id:hush@proxy:3128").default_header("X-Token", "hush");
    assert!(!format!("{builder:?}").contains("hush"), "{builder:?}");
    let client = builder.build().unwrap();
    let debug = format!("{client:?} {:?}", client.api());
    // `id:hush` in the header of the proxy.
    assert!(!debug.contains("hush") && !debug.contains("aWQ6aHVzaA"), "{debug}");
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let proxy = ScriptedServer::start([ScriptedResponse::json(200, REPOSITORY)]).await;
    let url = proxy.endpoint().replace("http://", "http://user:hush@");
    let builder = Client::builder().endpoint("http://lakefs.test").anonymous().retries(RetryPolicy::none());
    let client = builder.proxy(url).build().unwrap();
    within_deadline(client.repository("example").get()).await.0.unwrap();
    let request = &proxy.requests()[0];
    assert!(request.starts_with("get http://lakefs.test/api/v1/repositories/example "), "{request}");
    // `user:hush`, in lower case as the whole request.
    assert!(request.contains("proxy-authorization: basic dxnlcjpodxno"), "{request}");
}

/// Building reads no files: it takes microseconds, not the 20 ms of loading certificates. In a debug build of the test,
/// the limit is generous.
#[test]
fn clients_are_built_fast() {
    let build = || Client::builder().endpoint("https://localhost:1").anonymous().build().unwrap();
    build();
    let start = std::time::Instant::now();
    for _ in 0..20 {
        build();
    }
    let each = start.elapsed() / 20;
    println!("building a client takes {each:?}");
    assert!(each < Duration::from_millis(10), "{each:?}");
}
