//! Options of readers, writers, uploads, downloads and tasks.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use lakefs::{Body, Error, ErrorKind, RetryPolicy, TryStreamExt as _};
use tokio::io::AsyncWriteExt as _;

use crate::support::{ScriptedResponse, ScriptedServer, wait_until};
use crate::{SHORT, STALL, expect_timeout, start, start_with, within};

/// Returns the error of this crate inside an I/O error.
fn inner(error: std::io::Error) -> Error {
    error.downcast::<Error>().unwrap()
}

#[tokio::test]
async fn timeout_of_a_reader_bounds_each_wait() {
    let body = || ScriptedResponse::new(200, "text/plain", "abcdef").header("ETag", "\"1\"");
    let server = ScriptedServer::start([body().without_last(3).then_stalled()]).await;
    let object = server.client().repository("example").branch("main").object("a");
    let mut reader = within(object.reader().timeout(SHORT)).await.unwrap();
    // The time in which the reader is not read does not count.
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(within(reader.try_next()).await.unwrap().unwrap(), "abc");
    tokio::time::sleep(SHORT * 2).await;
    let start = Instant::now();
    let error = expect_timeout(within(reader.try_next()).await, "get_object");
    assert!(start.elapsed() >= SHORT);
    assert!(error.to_string().contains("read") || error.to_string().contains("object"), "{error}");
    // The reader has failed, and ends.
    assert!(within(reader.next()).await.is_none());
}

#[tokio::test]
async fn opening_of_a_reader_is_bounded() {
    let (fixture, main) = start().await;
    main.object("a").upload("1").await.unwrap();
    fixture.test_server().faults().on("getObject").always().delay(STALL).proceed();
    expect_timeout(within(main.object("a").reader().timeout(SHORT)).await.map(drop), "get_object");
    expect_timeout(within(main.object("a").read().timeout(SHORT)).await, "get_object");
    let reader = main.object("a").reader().attempt_timeout(SHORT).retries(RetryPolicy::none());
    expect_timeout(within(reader).await.map(drop), "get_object");
}

#[tokio::test]
async fn timeout_of_a_read_bounds_its_body() {
    let body = ScriptedResponse::new(200, "text/plain", "abcdef").without_last(3).then_stalled();
    let server = ScriptedServer::start([body.clone(), body]).await;
    let object = server.client().repository("example").branch("main").object("a");
    expect_timeout(within(object.read().timeout(SHORT)).await, "get_object");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a");
    expect_timeout(within(object.reader().timeout(SHORT).download_to(&file)).await, "get_object");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn timeout_bounds_an_upload() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("uploadObject").delay(STALL).proceed();
    let error = expect_timeout(within(object.upload("1").timeout(SHORT)).await, "upload_object");
    assert!(!error.is_outcome_unknown());
    server.faults().clear();
    // The source of the data counts, too.
    let pending = futures::stream::pending::<std::io::Result<Vec<u8>>>();
    expect_timeout(within(object.upload(Body::stream(pending)).timeout(SHORT)).await, "upload_object");
    // A conditional upload that is retried would find its own object.
    server.faults().on("uploadObject").delay(STALL).proceed();
    let upload = object.upload("1").if_none_match("*").timeout(SHORT);
    assert!(expect_timeout(within(upload).await, "upload_object").is_outcome_unknown());
}

#[tokio::test]
async fn timeout_of_a_writer_bounds_each_wait() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let mut writer = within(object.writer().timeout(SHORT).header("x-source", "nightly")).await.unwrap();
    // The time in which nothing is written does not count.
    for chunk in ["a", "b"] {
        tokio::time::sleep(SHORT * 2).await;
        within(writer.write_all(chunk.as_bytes())).await.unwrap();
        within(writer.flush()).await.unwrap();
    }
    within(writer.finish()).await.unwrap();
    assert_eq!(within(object.read()).await.unwrap(), "ab");
    assert_eq!(server.requests_for("uploadObject")[0].header("x-source"), Some("nightly"));

    server.faults().on("uploadObject").delay(STALL).proceed();
    let mut writer = within(object.writer().timeout(SHORT)).await.unwrap();
    within(writer.write_all(b"c")).await.unwrap();
    let error = inner(within(writer.shutdown()).await.unwrap_err());
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("upload_object")), "{error}");
    assert!(!error.is_outcome_unknown());
    assert_eq!(within(object.read()).await.unwrap(), "ab");
}

#[tokio::test]
async fn options_of_a_task_poller_apply_to_its_requests() {
    const STARTED: &str = r#"{"id":"7"}"#;
    const RUNNING: &str = r#"{"id":"7","done":false,"update_time":"2026-01-01T00:00:00Z"}"#;
    let responses = [ScriptedResponse::json(202, STARTED), ScriptedResponse::json(200, RUNNING)];
    let server = ScriptedServer::start(responses.clone()).await;
    let repository = server.client().repository("example");
    // The request passes its options on to the poller, which can change them.
    let dump = repository.dump().header("x-source", "nightly").wait_for_completion().timeout(SHORT);
    let error = expect_timeout(within(dump).await, "dump_status");
    assert!(!error.is_outcome_unknown(), "{error}");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.contains("x-source: nightly")), "{requests:?}");

    // The task of a request has none of its options.
    let server = ScriptedServer::start(responses).await;
    let repository = server.client().repository("example");
    let task = within(repository.dump().header("x-source", "nightly").start()).await.unwrap();
    assert_eq!(task, repository.dump_task("7"));
    within(task.status()).await.unwrap();
    let requests = server.requests();
    let sent: Vec<_> = requests.iter().map(|request| request.contains("x-source")).collect();
    assert_eq!(sent, [true, false]);
}

#[tokio::test]
async fn upload_of_parts_that_takes_too_long_is_aborted() {
    let (fixture, main) = start_with(lakefs_testserver::Server::builder().presigned_storage()).await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("storagePutPart").always().delay(STALL).proceed();
    let upload = object.upload(vec![7; 9 << 20]).timeout(Duration::from_millis(500));
    assert_eq!(within(upload).await.unwrap_err().kind(), ErrorKind::Timeout);
    wait_until("the upload is aborted", async || server.open_uploads() == 0).await;
    assert!(!server.requests_for("abortPresignMultipartUpload").is_empty());
    assert!(!within(object.exists()).await.unwrap());

    // An attempt to send a part is bounded, too, and retried.
    server.faults().clear();
    server.faults().on("storagePutPart").delay(STALL).proceed();
    within(object.upload(vec![7; 9 << 20]).attempt_timeout(Duration::from_secs(3))).await.unwrap();
    assert_eq!(server.requests_for("storagePutPart").len(), 2 + 2 + 1);
}
