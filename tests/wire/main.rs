//! Unusual responses: those in which lakeFS deviates from its contract, those of newer versions of lakeFS, and those of
//! proxies and other servers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod errors;
mod foreign;
#[path = "../support/mod.rs"]
mod support;

use std::error::Error as _;
use std::time::Duration;

use lakefs::models::{self, DiffType, HookRunStatus};
use lakefs::{Client, Error, ErrorKind, Result, RetryPolicy, TryStreamExt as _};
use tokio::io::AsyncReadExt as _;

use support::{ScriptedResponse, ScriptedServer};

/// A client of a server that sends one response.
async fn client_for(response: ScriptedResponse) -> (ScriptedServer, Client) {
    let server = ScriptedServer::start([response]).await;
    let client = server.client();
    (server, client)
}

/// Gets a repository from a server that sends one response.
async fn get(response: ScriptedResponse) -> Result<models::Repository> {
    let (_server, client) = client_for(response).await;
    Ok(client.api().get_repository().repository("example").send().await?.into_inner())
}

#[track_caller]
fn assert_error(error: &Error, operation: &str, status: impl Into<Option<u16>>, kind: ErrorKind) {
    let expected = (Some(operation), status.into(), kind);
    assert_eq!((error.operation(), error.status(), error.kind()), expected, "{error}");
}

const HTML: &str = "<html><body><h1>Bad <b>day</b></h1></body></html>";

#[tokio::test]
async fn null_is_accepted_for_lists_and_optional_values() {
    let (_server, client) =
        client_for(ScriptedResponse::json(200, r#"{"branches":null,"default_retention_days":21}"#)).await;
    let rules = client.api().get_gc_rules().repository("example").send().await.unwrap().into_inner();
    assert_eq!((rules.branches.len(), rules.default_retention_days), (0, 21));

    let location = r#"{"physical_address":"local://x/data/1","presigned_url":null}"#;
    let (_server, client) = client_for(ScriptedResponse::json(200, location)).await;
    let request = client.api().get_physical_address().repository("example").branch("main").path("a");
    let location = request.send().await.unwrap().into_inner();
    assert_eq!(
        (location.physical_address.as_deref(), location.presigned_url),
        (Some("local://x/data/1"), None)
    );

    let (_server, client) = client_for(ScriptedResponse::json(200, r#"{"storage_class":null}"#)).await;
    let request = client.api().get_underlying_properties().repository("example").ref_("main").path("a");
    assert_eq!(request.send().await.unwrap().into_inner().storage_class, None);

    let commit = r#"{"id":"1","parents":null,"committer":"","message":"","creation_date":-1,"meta_range_id":"","metadata":null}"#;
    let (_server, client) = client_for(ScriptedResponse::json(200, commit)).await;
    let commit = client.repository("example").reference("main").get_commit().await.unwrap();
    assert_eq!((commit.parents.len(), commit.metadata.len(), commit.generation), (0, 0, None));
    assert_eq!(commit.creation_date, -1);

    let list =
        r#"{"pagination":{"has_more":false,"max_per_page":0,"next_offset":"","results":0},"results":null}"#;
    let (_server, client) = client_for(ScriptedResponse::json(200, list)).await;
    assert!(client.repositories().try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn unknown_enum_values_are_kept() {
    let runs = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[
        {"hook_run_id":"1","action":"a","hook_id":"h","start_time":"0001-01-01T00:00:00Z","status":"skipped"}]}"#;
    let (_server, client) = client_for(ScriptedResponse::json(200, runs)).await;
    let request = client.api().list_run_hooks().repository("example").run_id("7");
    let runs = request.send().await.unwrap().into_inner().results;
    assert_eq!(runs[0].status, HookRunStatus::Unknown("skipped".to_owned()));
    assert_eq!((runs[0].status.to_string(), runs[0].end_time), ("skipped".to_owned(), None));
    // A skipped hook run starts in the year 1.
    assert_eq!(runs[0].start_time.to_rfc3339(), "0001-01-01T00:00:00+00:00");

    let diff = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[
        {"path":"a","path_type":"symlink","type":"moved","moved_from":{"path":"b"}}]}"#;
    for summary in [false, true] {
        let (_server, client) = client_for(ScriptedResponse::json(200, diff)).await;
        let diff = client.repository("example").branch("main").diff("exp");
        if summary {
            assert_eq!(diff.summary().await.unwrap().changed, 1);
        } else {
            let diff: Vec<_> = diff.try_collect().await.unwrap();
            assert_eq!(diff[0].type_, DiffType::Unknown("moved".to_owned()));
            assert_eq!((diff[0].path_type.to_string(), diff[0].size_bytes), ("symlink".to_owned(), None));
        }
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let repository = r#"{"id":"example","creation_date":1700000000,"default_branch":"main","storage_namespace":"s3://x",
        "read_only":false,"storage_id":"","owner":{"name":"me"},"tags":[1,null]}"#;
    assert_eq!(get(ScriptedResponse::json(200, repository)).await.unwrap().id, "example");
    // The parameters of the media type do not matter, nor does white space.
    for media_type in ["Application/JSON; charset=utf-8", ""] {
        let repository = ScriptedResponse::new(200, media_type, format!("\n {repository}\n\n"));
        assert_eq!(get(repository).await.unwrap().id, "example");
    }
}

#[tokio::test]
async fn missing_required_fields_are_accepted_where_lakefs_omits_them() {
    // The response to the creation of a bare repository.
    let bare =
        r#"{"id":"example","creation_date":1700000000,"default_branch":"main","storage_namespace":"s3://x"}"#;
    let (_server, client) = client_for(ScriptedResponse::json(201, bare)).await;
    let created = client.repository("example").create("s3://x").bare(true).await.unwrap();
    assert_eq!((created.read_only, created.storage_id), (None, None));

    // A list of pull requests has no descriptions.
    let list = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[{"id":"7",
        "author":"me","creation_date":"2026-07-01T10:11:12.123456789+02:00","destination_branch":"main",
        "source_branch":"exp","status":"open","title":"t"}]}"#;
    let (_server, client) = client_for(ScriptedResponse::json(200, list)).await;
    let list =
        client.api().list_pull_requests().repository("example").send().await.unwrap().into_inner().results;
    assert_eq!((&*list[0].id, &list[0].description), ("7", &None));
    assert_eq!(list[0].creation_date.timestamp_subsec_nanos(), 123_456_789);

    // A common prefix has no size and no metadata.
    let list = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[
        {"checksum":"","mtime":0,"path":"a/","path_type":"common_prefix","physical_address":""}]}"#;
    let (_server, client) = client_for(ScriptedResponse::json(200, list)).await;
    let list =
        client.api().list_objects().repository("example").ref_("main").send().await.unwrap().into_inner();
    assert_eq!((list.results[0].size_bytes, &list.results[0].metadata), (None, &None));
}

#[tokio::test]
async fn success_statuses_and_bodies_may_differ_from_the_contract() {
    // 204 instead of 200 and 201.
    let (_server, client) = client_for(ScriptedResponse::new(204, "", "")).await;
    let request = client.api().update_pull_request().repository("example").pull_request("7");
    let response = request.body(models::PullRequestBasic::new().title("t")).send().await.unwrap();
    assert_eq!((response.status(), response.request_id()), (204, Some("request-7")));

    let (_server, client) = client_for(ScriptedResponse::new(204, "", "")).await;
    let metadata = models::ObjectUserMetadata(std::collections::BTreeMap::new());
    let request = client.api().update_object_user_metadata().repository("example").branch("main").path("a");
    let response = request.body(models::UpdateObjectUserMetadata::new(metadata)).send().await.unwrap();
    assert_eq!(response.status(), 204);

    // 200 without a body.
    let (_server, client) = client_for(ScriptedResponse::new(200, "", "")).await;
    let dump = models::RefsRestore::new("1", "3", "2");
    let request = client.api().restore_refs().repository("example");
    assert_eq!(request.body(dump).send().await.unwrap().status(), 200);

    let (_server, client) = client_for(ScriptedResponse::new(200, "application/octet-stream", "")).await;
    let request = client.api().get_run_hook_output().repository("example").run_id("7").hook_run_id("1");
    let output: Vec<_> = request.send().await.unwrap().into_inner().try_collect().await.unwrap();
    assert!(output.concat().is_empty());

    // A commit id as text instead of HTML.
    for (content_type, body) in [("text/plain; charset=utf-8", "abc"), ("text/html", "abc\n"), ("", "abc")] {
        let (_server, client) = client_for(ScriptedResponse::new(201, content_type, body)).await;
        let request = client.api().create_branch().repository("example");
        let created = request.body(models::BranchCreation::new("exp", "main")).send().await.unwrap();
        assert_eq!(created.into_inner().trim(), "abc");
    }
}

#[tokio::test]
async fn status_304_is_not_modified() {
    let (_server, client) = client_for(ScriptedResponse::new(304, "", "").header("ETag", "\"1\"")).await;
    let object = client.repository("example").branch("main").object("a");
    let error = object.read().if_none_match("\"1\"").await.unwrap_err();
    assert_error(&error, "get_object", 304, ErrorKind::NotModified);
}

/// The `ETag` of branch protection rules is not quoted, and may be empty.
#[tokio::test]
async fn etag_without_quotes_is_kept() {
    for tag in ["abc", ""] {
        let (_server, client) = client_for(ScriptedResponse::json(200, "[]").header("ETag", tag)).await;
        let response = client.api().get_branch_protection_rules().repository("example").send().await.unwrap();
        assert_eq!((response.header("etag"), response.get_ref().len()), (Some(tag), 0));
    }
}

#[tokio::test]
async fn undecodable_success_keeps_its_body() {
    for (body, kind) in [
        ("junk", ErrorKind::UnexpectedResponse),
        ("", ErrorKind::UnexpectedResponse),
        (r#"{"id":"example","#, ErrorKind::UnexpectedResponse),
        (r#"{"id":"example"}"#, ErrorKind::Decode),
        (r#"{"id":7}"#, ErrorKind::Decode),
    ] {
        let error = get(ScriptedResponse::json(200, body)).await.unwrap_err();
        assert_error(&error, "get_repository", 200, kind);
        assert_eq!((error.request_id(), error.body()), (Some("request-7"), body.as_bytes()));
        assert!(!error.is_retryable() && !error.to_string().contains('<'), "{error}");
        assert!(error.source().is_some());
    }
}

/// lakeFS serves its web UI, with status 200, at every path outside of the API.
#[tokio::test]
async fn successful_web_page_is_an_unexpected_response() {
    let server = ScriptedServer::start([ScriptedResponse::new(200, "text/html; charset=utf-8", HTML)]).await;
    let error = server.client().repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", 200, ErrorKind::UnexpectedResponse);
    assert_eq!(error.body(), HTML.as_bytes());
    assert!(!error.is_retryable(), "{error}");
    for part in [server.endpoint(), "text/html", "<html>", "check the endpoint"] {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
}

#[tokio::test]
async fn start_of_a_long_error_body_is_kept() {
    let long = "x".repeat(200_000);
    let error = get(ScriptedResponse::new(502, "text/plain", &long)).await.unwrap_err();
    assert_error(&error, "get_repository", 502, ErrorKind::Server);
    assert_eq!(error.body(), &long.as_bytes()[..64 * 1024]);
    assert!(error.to_string().len() < 300, "{error}");
}

#[tokio::test]
async fn broken_and_refused_connections_are_transport_errors() {
    let whole = ScriptedResponse::json(200, r#"{"id":"example"}"#);
    let failure = ScriptedResponse::json(404, r#"{"message":"repository not found"}"#);
    // Before the response, in its head, in its body, in the body of an error.
    for response in [
        ScriptedResponse::connection_closed(),
        whole.clone().without_last(40),
        whole.without_last(3),
        failure.without_last(3),
    ] {
        let server = ScriptedServer::start([response]).await;
        let error = server.client().repository("example").get().await.unwrap_err();
        assert_error(&error, "get_repository", None, ErrorKind::Transport);
        assert!(error.is_retryable() && error.source().is_some(), "{error}");
        let cause = "it was closed before the response was complete";
        let endpoint = server.endpoint();
        assert_eq!(
            error.to_string(),
            format!(r#"get repository "example": the connection to {endpoint} failed: {cause}"#)
        );
    }

    // No server listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let client =
        Client::builder().endpoint(&endpoint).anonymous().retries(RetryPolicy::none()).build().unwrap();
    let error = client.repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", None, ErrorKind::Transport);
    assert_eq!(error.message(), format!("cannot connect to {endpoint}: connection refused"));
}

#[tokio::test]
async fn unknown_host_is_named() {
    // A label of more than 63 characters is invalid, so no name server is asked.
    let host = format!("{}.invalid", "a".repeat(64));
    let endpoint = format!("http://{host}:8000");
    let client =
        Client::builder().endpoint(&endpoint).anonymous().retries(RetryPolicy::none()).build().unwrap();
    let error = client.repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", None, ErrorKind::Transport);
    let expected = format!("cannot connect to {endpoint}: the host name {host:?} cannot be resolved");
    assert_eq!(error.message(), expected);
}

/// Go's HTTP server and nginx respond to HTTP on a port with TLS.
#[tokio::test]
async fn http_to_an_https_port_says_so() {
    for (content_type, body) in [
        ("", "Client sent an HTTP request to an HTTPS server.\n"),
        ("text/html", "<html><h1>400</h1>The plain HTTP request was sent to HTTPS port</html>"),
    ] {
        let server = ScriptedServer::start([ScriptedResponse::new(400, content_type, body)]).await;
        let error = server.client().repository("example").get().await.unwrap_err();
        assert_error(&error, "get_repository", 400, ErrorKind::UnexpectedResponse);
        assert!(error.message().contains("use https://"), "{error}");
    }
}

#[tokio::test]
async fn read_of_a_truncated_body_fails() {
    let (_server, client) = client_for(ScriptedResponse::new(200, "a/b", "0123456789").without_last(4)).await;
    let object = client.repository("example").branch("main").object("a");
    let mut reader = object.reader().await.unwrap();
    assert_eq!(reader.length(), Some(10));
    let mut read = Vec::new();
    let error = reader.read_to_end(&mut read).await.unwrap_err();
    assert_eq!(read, b"012345");
    let error = error.into_inner().unwrap().downcast::<Error>().unwrap();
    assert_error(&error, "get_object", None, ErrorKind::Transport);
}

#[tokio::test]
async fn unresponsive_server_is_a_timeout() {
    let server = ScriptedServer::start([ScriptedResponse::stalled()]).await;
    let client = server.builder().response_timeout(Duration::from_millis(50)).build().unwrap();
    let error = client.repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", None, ErrorKind::Timeout);
    assert!(error.is_retryable(), "{error}");
    let expected = format!("no response from {} within the response timeout of 50ms", server.endpoint());
    assert_eq!(error.message(), expected);
}

#[tokio::test]
async fn numbers_have_64_bits() {
    let stats = r#"{"checksum":"c","mtime":9007199254740993,"path":"a","path_type":"object","physical_address":"p",
        "size_bytes":9223372036854775807}"#;
    let (_server, client) = client_for(ScriptedResponse::json(200, stats)).await;
    let stats = client.repository("example").branch("main").object("a").stat().await.unwrap();
    assert_eq!((stats.mtime, stats.size_bytes), (9_007_199_254_740_993, Some(i64::MAX)));
}

/// Lists that have more items and no valid offset of the next page.
#[tokio::test]
async fn list_with_a_repeated_or_empty_offset_fails() {
    let page = |next: &str| {
        let repository =
            r#"{"id":"example","creation_date":1,"default_branch":"main","storage_namespace":"s3://x"}"#;
        ScriptedResponse::json(
            200,
            format!(
                r#"{{"pagination":{{"has_more":true,"max_per_page":1000,"next_offset":"{next}","results":1}},"results":[{repository}]}}"#
            ),
        )
    };
    for pages in [
        vec![page("")],
        vec![page("a"), page("a")],
        vec![page("a"), page("b"), page("a"), page("b"), page("a")],
    ] {
        let server = ScriptedServer::start(pages).await;
        let list: Result<Vec<models::Repository>> = server.client().repositories().try_collect().await;
        assert_eq!(list.unwrap_err().kind(), ErrorKind::Decode);
    }
}

#[tokio::test]
async fn unset_options_are_not_sent() {
    let server = ScriptedServer::start([
        ScriptedResponse::connection_closed(),
        ScriptedResponse::connection_closed(),
        ScriptedResponse::connection_closed(),
    ])
    .await;
    let client = server.builder().user_agent("tests/1").build().unwrap();
    let example = client.repository("example");
    example.branch("exp").object("a+b %41&?/ü").read().await.unwrap_err();
    example.get().await.unwrap_err();
    client.repositories().try_next().await.unwrap_err();
    let requests = server.requests();
    assert!(
        requests[0].starts_with(
            "get /api/v1/repositories/example/refs/exp/objects?path=a%2bb+%2541%26%3f%2f%c3%bc http/1.1\r\n"
        ),
        "{}",
        requests[0]
    );
    assert!(requests[1].starts_with("get /api/v1/repositories/example http/1.1\r\n"), "{}", requests[1]);
    assert!(
        requests[2].starts_with("get /api/v1/repositories?after=&amount=1000 http/1.1\r\n"),
        "{}",
        requests[2]
    );
    for request in requests {
        assert!(request.contains("\r\nuser-agent: tests/1 lakefs-rust/"), "{request}");
        assert!(request.contains("\r\nauthorization: basic "), "{request}");
    }
}
