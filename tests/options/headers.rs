//! Headers of calls and lists.

use std::time::Duration;

use lakefs::{Branch, ErrorKind, Result, TryStreamExt as _};
use lakefs_testserver::Server;

use crate::support::Fixture;
use crate::{start, start_with, within};

const NAME: &str = "x-source";
const VALUE: &str = "nightly";

/// Asserts that there were requests to lakeFS, and that all of them had the header, and none to the storage.
#[track_caller]
fn assert_header_was_sent(fixture: &Fixture) {
    let requests = fixture.test_server().requests();
    let (storage, server): (Vec<_>, Vec<_>) =
        requests.iter().partition(|request| request.operation.starts_with("storage"));
    assert!(!server.is_empty());
    for request in server {
        assert_eq!(request.header(NAME), Some(VALUE), "{:?}", request.operation);
    }
    for request in storage {
        assert_eq!(request.header(NAME), None, "{:?}", request.operation);
    }
    fixture.test_server().clear_requests();
}

#[tokio::test]
async fn header_is_sent_with_all_requests_of_a_call() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    within(main.object("a").upload("1").header(NAME, VALUE)).await.unwrap();
    assert_header_was_sent(&fixture);
    within(main.object("a").get_opt().header(NAME, VALUE)).await.unwrap().unwrap();
    assert_header_was_sent(&fixture);
    within(main.delete_objects(["b"]).header(NAME, VALUE)).await.unwrap();
    assert_header_was_sent(&fixture);

    // A retry, and the check of an unknown outcome.
    server.faults().on("getBranch").respond(503, r#"{"message":"Throughput exceeded. Slow down and retry"}"#);
    within(main.get().header(NAME, VALUE)).await.unwrap();
    assert_eq!(server.requests().len(), 2);
    assert_header_was_sent(&fixture);
    server.faults().on("commit").drop_response();
    within(main.commit("one").header(NAME, VALUE)).await.unwrap();
    assert!(server.requests().len() > 1);
    assert_header_was_sent(&fixture);

    // Pages of a list, and a reader whose connection breaks.
    main.repository().branch("b").create("main").await.unwrap();
    server.clear_requests();
    let branches = main.repository().branches().page_size(1).header(NAME, VALUE);
    assert_eq!(within(branches.try_collect::<Vec<_>>()).await.unwrap().len(), 2);
    assert_header_was_sent(&fixture);
    main.object("a").upload("x".repeat(100_000)).await.unwrap();
    server.clear_requests();
    server.faults().on("getObject").truncate_body();
    let reader = within(main.object("a").reader().header(NAME, VALUE)).await.unwrap();
    assert_eq!(within(reader.try_collect::<Vec<_>>()).await.unwrap().concat().len(), 100_000);
    assert_eq!(server.requests_for("getObject").len(), 2);
    assert_header_was_sent(&fixture);
}

#[tokio::test]
async fn header_is_not_sent_to_the_storage() {
    let (fixture, main) = start_with(Server::builder().presigned_storage()).await;
    let server = fixture.test_server();
    for bytes in [1 << 20, 9 << 20] {
        let object = main.object("a");
        within(object.upload(vec![7; bytes]).header(NAME, VALUE)).await.unwrap();
        assert_header_was_sent(&fixture);
        server.clear_requests();
        let read = within(object.read().presign(true).header(NAME, VALUE)).await.unwrap();
        assert_eq!(read.len(), bytes);
        let etag = "\"0\"";
        within(object.read().presign(true).header("If-None-Match", etag)).await.unwrap();
        for request in server.requests_for("storageGet") {
            assert_eq!(request.header("if-none-match"), None);
        }
        let is_marked = |name: Option<&str>| name == Some(etag);
        assert!(
            server
                .requests_for("statObject")
                .iter()
                .any(|request| is_marked(request.header("if-none-match")))
        );
        server.clear_requests();
        within(object.read().presign(true).header(NAME, VALUE)).await.unwrap();
        assert!(!server.requests_for("storageGet").is_empty());
        assert_header_was_sent(&fixture);
    }
}

#[tokio::test]
async fn header_of_the_client_is_refused() {
    async fn refused(main: &Branch, name: &str, value: &str) {
        let results: [(&str, Result<()>); 4] = [
            ("get_branch", within(main.get().header(name, value)).await.map(drop)),
            ("commit", within(main.commit("one").header(name, value)).await.map(drop)),
            ("upload_object", within(main.object("a").upload("1").header(name, value)).await.map(drop)),
            (
                "list_branches",
                within(main.repository().branches().header(name, value).try_next()).await.map(drop),
            ),
        ];
        for (operation, result) in results {
            let error = result.unwrap_err();
            let found = (error.kind(), error.operation(), error.attempts());
            assert_eq!(found, (ErrorKind::InvalidRequest, Some(operation), 0), "{name}: {error}");
            assert!(!error.is_outcome_unknown());
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
    }

    let (fixture, main) = start().await;
    for name in [
        "Authorization",
        "authorization",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "Accept-Encoding",
        "Content-Type",
        "Range",
    ] {
        refused(&main, name, "hush").await;
    }
    refused(&main, "not a name", "hush").await;
    refused(&main, "", "hush").await;
    refused(&main, NAME, "hush\r\nx-other: 1").await;
    assert_eq!(fixture.test_server().requests().len(), 0);
}

#[tokio::test]
async fn header_of_the_operation_is_refused() {
    let (fixture, main) = start().await;
    let object = main.object("a");
    object.upload("1").await.unwrap();
    fixture.test_server().clear_requests();
    let upload = object.upload("2").if_none_match("*").header("If-None-Match", "\"7\"");
    let error = within(upload).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    let upload = object.upload("2").metadata("key", "value").header("x-lakefs-meta-key", "other");
    assert_eq!(within(upload).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(fixture.test_server().requests().len(), 0);
}

#[tokio::test]
async fn last_value_of_a_header_applies() {
    let (fixture, main) = start().await;
    within(main.get().header(NAME, "first").header("X-Source", VALUE).header("x-other", "1")).await.unwrap();
    let requests = fixture.test_server().requests();
    assert_eq!((requests[0].header(NAME), requests[0].header("x-other")), (Some(VALUE), Some("1")));
}

#[tokio::test]
async fn values_of_headers_are_not_printed() {
    let (_fixture, main) = start().await;
    let request = main.commit("one").header(NAME, "hush").timeout(Duration::from_secs(1));
    assert!(!format!("{request:?}").contains("hush"));
    let request = main.get().header(NAME, "hush");
    assert!(format!("{request:?}").contains(NAME));
    assert!(!format!("{request:?}").contains("hush"));
}
