//! The options that every request and list has: time limits, retries and headers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod coverage;
mod headers;
mod limits;
#[path = "../source/mod.rs"]
#[allow(dead_code, reason = "this test needs a part of it")]
mod source;
mod streams;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use lakefs::{Branch, Error, ErrorKind, Result, RetryPolicy};
use lakefs_testserver::Server;

use support::{Fixture, wait_for};

/// A time limit of a call that is expected to reach it.
const SHORT: Duration = Duration::from_millis(150);

/// How long the server stalls: longer than a test.
const STALL: Duration = Duration::from_secs(60);

/// Starts a test server, and returns it with the default branch of a repository. No requests are recorded yet.
async fn start() -> (Fixture, Branch) {
    start_with(Server::builder()).await
}

async fn start_with(server: lakefs_testserver::ServerBuilder) -> (Fixture, Branch) {
    let fixture = Fixture::start(server).await;
    let retries = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    let client = fixture.builder().retries(retries).build().unwrap();
    let main = client.repository("options").branch("main");
    main.repository().create("mem://options").await.unwrap();
    client.server_config().await.unwrap();
    fixture.test_server().clear_requests();
    (fixture, main)
}

/// Awaits a call that must end soon.
async fn within<F: IntoFuture>(call: F) -> F::Output {
    wait_for("the call ends", call.into_future()).await
}

/// Awaits a call that must end with an error of its time limit, and returns the error.
#[track_caller]
fn expect_timeout<T>(result: Result<T>, operation: &str) -> Error {
    let Err(error) = result else { panic!("the call has succeeded") };
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some(operation)), "{error}");
    error
}
