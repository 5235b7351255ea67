//! Logins: how many there are, and who waits for them.

use std::time::{Duration, Instant};

use futures::future::join_all;
use futures::{StreamExt as _, stream};
use lakefs::{Body, Client, Credentials, ErrorKind, RetryPolicy};
use lakefs_testserver::Server;

use crate::support::{Fixture, wait_for, wait_until};

const REFUSAL: &str = r#"{"message":"error authenticating request"}"#;

/// A test server, and a client that logs in.
async fn start() -> (Fixture, Client) {
    let fixture = Fixture::start(Server::builder()).await;
    let client = login_client(&fixture, RetryPolicy::none());
    (fixture, client)
}

fn login_client(fixture: &Fixture, retries: RetryPolicy) -> Client {
    let [id, secret] = fixture.access_key();
    fixture.anonymous().credentials(Credentials::login(id, secret)).retries(retries).build().unwrap()
}

#[tokio::test]
async fn concurrent_calls_share_one_failed_login() {
    let (fixture, client) = start().await;
    let server = fixture.test_server();
    let delay = Duration::from_millis(500);
    for (status, message) in
        [(401, REFUSAL), (503, r#"{"message":"Throughput exceeded. Slow down and retry"}"#)]
    {
        server.clear_requests();
        server.faults().on("login").always().delay(delay).respond(status, message);
        let client = login_client(&fixture, RetryPolicy::none());
        let begin = Instant::now();
        let calls = join_all((0..20).map(|_| async { client.repository("any").get().await }));
        for result in wait_for("the failure of the login", calls).await {
            let error = result.unwrap_err();
            assert_eq!((error.operation(), error.status()), (Some("login"), Some(status)), "{error}");
        }
        // One after the other, the logins take 10 seconds.
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        assert_eq!(server.requests_for("login").len(), 1);
        server.faults().clear();
    }
    drop(client);
}

#[tokio::test]
async fn concurrent_calls_share_the_attempts_of_a_login() {
    let (fixture, _) = start().await;
    let server = fixture.test_server();
    let busy = r#"{"message":"Throughput exceeded. Slow down and retry"}"#;
    server.faults().on("login").always().delay(Duration::from_millis(100)).respond(503, busy);
    let retries = RetryPolicy::default().max_attempts(3).initial_backoff(Duration::from_millis(1));
    let client = login_client(&fixture, retries);
    let calls = join_all((0..20).map(|_| async { client.repository("any").get().await }));
    for result in wait_for("the failure of the login", calls).await {
        assert_eq!(result.unwrap_err().attempts(), 3);
    }
    assert_eq!(server.requests_for("login").len(), 3);
}

#[tokio::test]
async fn concurrent_calls_share_one_failed_server_config() {
    let (fixture, _) = start().await;
    let server = fixture.test_server();
    let delay = Duration::from_millis(500);
    server.faults().on("get_config").always().delay(delay).respond(500, r#"{"message":"no"}"#);
    let client = fixture.builder().retries(RetryPolicy::none()).build().unwrap();
    server.clear_requests();
    let begin = Instant::now();
    let calls = join_all((0..20).map(|_| async { client.server_config().await.map(drop) }));
    for result in wait_for("the failure of the request", calls).await {
        assert_eq!(result.unwrap_err().status(), Some(500));
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(server.requests_for("get_config").len(), 1);
    server.faults().clear();
    wait_until("the configuration is requested again", async || client.server_config().await.is_ok()).await;
}

#[tokio::test]
async fn token_that_a_streamed_upload_finds_rejected_is_renewed_for_the_next_call() {
    let (fixture, client) = start().await;
    let server = fixture.test_server();
    let name = fixture.main("rejected_upload").await.repository().name().to_owned();
    client.repository(&name).get().await.unwrap();
    assert_eq!(server.requests_for("login").len(), 1);

    server.faults().on("upload_object").respond(401, REFUSAL);
    let object = client.repository(&name).branch("main").object("a");
    // More than is kept to be sent again.
    let chunks = || stream::repeat_with(|| std::io::Result::Ok(vec![0_u8; 1024 * 1024])).take(20);
    let upload = object.upload(Body::stream(chunks())).presign(false).spool_limit(0);
    let error = wait_for("the refusal", upload.into_future()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)), "{error}");
    assert_eq!(server.requests_for("login").len(), 1);

    object.upload(Body::stream(chunks())).presign(false).spool_limit(0).await.unwrap();
    assert_eq!(server.requests_for("login").len(), 2);
}

#[tokio::test]
async fn failed_login_keeps_the_unknown_outcome_of_the_attempt_before() {
    let (fixture, _) = start().await;
    let server = fixture.test_server();
    let repository = fixture.repository("unknown_outcome").await;
    repository.branch("exp").create("main").await.unwrap();
    let retries = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    let client = login_client(&fixture, retries);
    let branch = client.repository(repository.name()).branch("exp");
    branch.get().await.unwrap();
    // The response is lost, then the token expires, then the login fails, and so do all checks.
    server.faults().on("delete_branch").drop_response();
    for operation in ["delete_branch", "get_branch", "login"] {
        server.faults().on(operation).always().respond(401, REFUSAL);
    }
    let error = wait_for("the failure of the login", branch.delete().into_future()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
}
