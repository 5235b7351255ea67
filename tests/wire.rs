//! What the client makes of odd replies: those that lakeFS gives against its own contract, those of a newer lakeFS, and
//! those of whoever stands in between.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::error::Error as _;
use std::time::Duration;

use lakefs::models::{self, DiffType, HookRunStatus};
use lakefs::{Client, Error, ErrorKind, Result, RetryPolicy, TryStreamExt as _};
use tokio::io::AsyncReadExt as _;

use support::{ScriptedResponse, ScriptedServer};

/// A client for one reply.
async fn answered(reply: ScriptedResponse) -> (ScriptedServer, Client) {
    let script = ScriptedServer::start([reply]).await;
    let client = script.client();
    (script, client)
}

/// What reading a repository comes to.
async fn get(reply: ScriptedResponse) -> Result<models::Repository> {
    let (_script, client) = answered(reply).await;
    Ok(client.api().get_repository().repository("example").send().await?.into_inner())
}

#[track_caller]
fn assert_error(error: &Error, operation: &str, status: impl Into<Option<u16>>, kind: ErrorKind) {
    let expected = (Some(operation), status.into(), kind);
    assert_eq!((error.operation(), error.status(), error.kind()), expected, "{error}");
}

const HTML: &str = "<html><body><h1>Bad <b>day</b></h1></body></html>";

/// A response, the kind of the error that it makes, and a part of its message.
type Row<'a> = (u16, &'a str, &'a str, ErrorKind, &'a str);

/// Asserts that an error keeps status, request id and body, whatever they are.
async fn assert_errors(rows: &[Row<'_>]) {
    for &(status, content_type, body, kind, expected) in rows {
        let script = ScriptedServer::start([ScriptedResponse::new(status, content_type, body)]).await;
        let error = script.client().repository("example").get().await.unwrap_err();
        assert_error(&error, "get_repository", status, kind);
        assert_eq!(error.request_id(), Some("request-7"), "{error}");
        assert_eq!(error.body(), body.as_bytes(), "{error}");
        assert!(error.message().contains(expected), "{expected:?} is not in {error}");
        // One short line, which says what was attempted.
        let shown = error.to_string();
        assert!(shown.starts_with(r#"get repository "example": "#), "{shown}");
        assert!(!shown.contains('\n') && shown.len() < 300, "{shown}");
        if kind == ErrorKind::UnexpectedResponse {
            // Where it comes from, what it is, and what to do.
            for part in [script.endpoint(), &format!("status {status}"), "check the endpoint"] {
                assert!(shown.contains(part), "{part:?} is not in {shown}");
            }
        } else {
            assert!(!shown.contains("<h1>"), "{shown}");
        }
    }
}

#[tokio::test]
async fn errors_with_few_words_or_none() {
    use ErrorKind as Kind;
    assert_errors(&[
        // Nothing at all.
        (429, "", "", Kind::RateLimited, "no body"),
        (499, "", "", Kind::InvalidRequest, "no body"),
        (500, "", "", Kind::Server, "no body"),
        // Plain text, of the server's own framework.
        (
            400,
            "text/plain; charset=utf-8",
            "Invalid format for parameter amount: x\n",
            Kind::InvalidRequest,
            "Invalid format for parameter amount: x",
        ),
        (
            431,
            "text/plain",
            "431 Request Header Fields Too Large",
            Kind::InvalidRequest,
            "431 Request Header Fields Too Large",
        ),
    ])
    .await;
}

/// Proxies, and others that are no lakeFS.
#[tokio::test]
async fn errors_of_whoever_stands_in_between() {
    use ErrorKind as Kind;
    assert_errors(&[
        (401, "text/html", HTML, Kind::Unauthenticated, "text/html"),
        (403, "text/html", HTML, Kind::PermissionDenied, "text/html"),
        (404, "text/html", HTML, Kind::UnexpectedResponse, "text/html, 49 bytes, starting with \"<html>"),
        (404, "text/plain", "404 page not found", Kind::UnexpectedResponse, "404 page not found"),
        (404, "", "", Kind::UnexpectedResponse, "no body"),
        (404, "application/json", "{\"error\":\"no\nroute\"}", Kind::UnexpectedResponse, "no\\nroute"),
        (400, "text/html", HTML, Kind::UnexpectedResponse, "text/html"),
        (405, "text/html", HTML, Kind::UnexpectedResponse, "text/html"),
        (409, "text/html", HTML, Kind::Conflict, "text/html, 49 bytes"),
        (408, "", "", Kind::Timeout, "no body"),
        (502, "text/html", HTML, Kind::Server, "text/html, 49 bytes"),
        (503, "text/html", HTML, Kind::Server, "text/html, 49 bytes"),
        (504, "text/html", HTML, Kind::Timeout, "text/html, 49 bytes"),
        (500, "application/json", "{\"message\":", Kind::Server, "application/json"),
        (500, "application/json", "[1]", Kind::Server, "application/json"),
        (500, "application/json", "{\"message\":7}", Kind::Server, "application/json"),
        (302, "text/html", HTML, Kind::UnexpectedResponse, "redirects"),
    ])
    .await;
}

/// lakeFS has no codes of its own: its words tell the kind.
#[tokio::test]
async fn errors_that_words_tell_apart() {
    use ErrorKind as Kind;
    for (status, message, kind) in [
        (400, "commit: no changes", Kind::NoChanges),
        (400, "main: uncommitted changes (dirty branch)", Kind::UncommittedChanges),
        (400, "cannot use source MetaRange on a branch with uncommitted changes", Kind::UncommittedChanges),
        (400, "local adapter presigned URL: operation not supported", Kind::Unsupported),
        (401, "insufficient permissions", Kind::PermissionDenied),
        (401, "error authenticating request", Kind::Unauthenticated),
        (403, "cannot write to protected branch", Kind::WriteProtected),
        (403, "read-only repository", Kind::WriteProtected),
        (403, "import is not supported for this storage", Kind::Unsupported),
        (404, "repository not found", Kind::NotFound),
        (404, "invalid API endpoint", Kind::Unsupported),
        (409, "error creating repository: not unique", Kind::AlreadyExists),
        (409, "Already exists", Kind::AlreadyExists),
        (409, "conflict found", Kind::Conflict),
        (410, "No data", Kind::DataDeleted),
        (410, "repository in deletion", Kind::DataDeleted),
        (412, "Precondition failed", Kind::PreconditionFailed),
        (412, "pre-commit hook aborted, run id '7': no", Kind::HookFailed),
        (416, "Requested Range Not Satisfiable", Kind::RangeNotSatisfiable),
        (418, "a <teapot> & more", Kind::InvalidRequest),
        (429, "Too many attempts, try again later", Kind::RateLimited),
        (500, "update branch: predicate failed", Kind::Conflict),
        (500, "predicate failed: partition=example-x, key=branches/main", Kind::Conflict),
        (500, "invalid API endpoint", Kind::Unsupported),
        (500, "no predicate failed", Kind::Server),
        (500, "predicate failed or so", Kind::Server),
        (500, "argument branch: required value: validation error", Kind::InvalidRequest),
        (500, "internal server error", Kind::Server),
        (501, "Not Implemented", Kind::Unsupported),
        (503, "Throughput exceeded. Slow down and retry", Kind::Server),
        (599, "odd", Kind::Server),
    ] {
        // As Go writes it, and with a field that is new.
        let escaped = message.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        let body = format!("{{\"message\":\"{escaped}\",\"code\":[7]}}\n");
        assert_errors(&[(status, "application/json", &body, kind, message)]).await;
        assert_errors(&[(status, "", &body, kind, message)]).await;
    }
}

#[tokio::test]
async fn the_404_of_a_proxy_is_not_that_there_is_nothing() {
    for reply in [
        ScriptedResponse::new(404, "text/html", HTML),
        ScriptedResponse::new(404, "", ""),
        ScriptedResponse::json(404, r#"{"error":"no route"}"#),
    ] {
        let script = ScriptedServer::start(vec![reply; 4]).await;
        let repository = script.client().repository("example");
        let main = repository.branch("main");
        for (operation, outcome) in [
            ("get_repository", repository.exists().await),
            ("get_repository", repository.get_opt().await.map(|found| found.is_some())),
            ("get_branch", main.exists().await),
            ("stat_object", main.object("a").exists().await),
        ] {
            assert_error(&outcome.unwrap_err(), operation, 404, ErrorKind::UnexpectedResponse);
        }
    }
}

/// The reply to HEAD has no body to tell by: there, 404 is that there is no object.
#[tokio::test]
async fn errors_of_head_have_no_words() {
    for (status, kind) in [
        (401, ErrorKind::Unauthenticated),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::DataDeleted),
        (416, ErrorKind::RangeNotSatisfiable),
        (500, ErrorKind::Server),
    ] {
        // The length is that of a body which a GET would have had.
        let reply = ScriptedResponse::json(status, "0123456789").without_last(10);
        let (_script, client) = answered(reply).await;
        let request = client.api().head_object().repository("example").ref_("main").path("a");
        let error = request.send().await.unwrap_err();
        assert_error(&error, "head_object", status, kind);
        assert_eq!(error.request_id(), Some("request-7"));
        assert!(error.body().is_empty());
    }
}

/// A merge that meets a conflict answers as if it had succeeded, but for the status.
#[tokio::test]
async fn a_conflict_with_the_body_of_a_merge_is_a_conflict() {
    let conflict = ScriptedResponse::json(409, r#"{"reference":""}"#);
    let diff = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":2},"results":[
        {"path":"a","path_type":"object","type":"conflict","size_bytes":1},
        {"path":"b","path_type":"object","type":"added","size_bytes":1}]}"#;
    let script = ScriptedServer::start([conflict.clone(), ScriptedResponse::json(200, diff)]).await;
    let branch = script.client().repository("example").branch("exp");
    let error = branch.merge_into("main").await.unwrap_err();
    assert_error(&error, "merge_into_branch", 409, ErrorKind::MergeConflict);
    assert_eq!((error.message(), error.body()), ("conflict found", &br#"{"reference":""}"#[..]));
    assert_eq!(error.conflicts().iter().map(|entry| &*entry.path).collect::<Vec<_>>(), ["a"]);

    // Where the paths cannot be read, it is a conflict all the same.
    for diff in [
        ScriptedResponse::connection_closed(),
        ScriptedResponse::new(502, "text/html", HTML),
        ScriptedResponse::json(200, "junk"),
    ] {
        let script = ScriptedServer::start([conflict.clone(), diff]).await;
        let branch = script.client().repository("example").branch("exp");
        let error = branch.merge_into("main").await.unwrap_err();
        assert_error(&error, "merge_into_branch", 409, ErrorKind::MergeConflict);
        assert!(error.conflicts().is_empty());
    }
}

/// The contract promises a merge result.
#[tokio::test]
async fn a_conflict_of_a_pull_request_is_a_conflict() {
    let message = r#"{"message":"update branch main: conflict found"}"#;
    let (_script, client) = answered(ScriptedResponse::json(409, message)).await;
    let request = client.api().merge_pull_request().repository("example").pull_request("7");
    let error = request.send().await.unwrap_err();
    assert_error(&error, "merge_pull_request", 409, ErrorKind::MergeConflict);
    assert_eq!(error.message(), "update branch main: conflict found");
}

#[tokio::test]
async fn nothing_in_place_of_a_list_or_a_value() {
    let (_script, client) =
        answered(ScriptedResponse::json(200, r#"{"branches":null,"default_retention_days":21}"#)).await;
    let rules = client.api().get_gc_rules().repository("example").send().await.unwrap().into_inner();
    assert_eq!((rules.branches.len(), rules.default_retention_days), (0, 21));

    let location = r#"{"physical_address":"local://x/data/1","presigned_url":null}"#;
    let (_script, client) = answered(ScriptedResponse::json(200, location)).await;
    let request = client.api().get_physical_address().repository("example").branch("main").path("a");
    let location = request.send().await.unwrap().into_inner();
    assert_eq!(
        (location.physical_address.as_deref(), location.presigned_url),
        (Some("local://x/data/1"), None)
    );

    let (_script, client) = answered(ScriptedResponse::json(200, r#"{"storage_class":null}"#)).await;
    let request = client.api().get_underlying_properties().repository("example").ref_("main").path("a");
    assert_eq!(request.send().await.unwrap().into_inner().storage_class, None);

    let commit = r#"{"id":"1","parents":null,"committer":"","message":"","creation_date":-1,"meta_range_id":"","metadata":null}"#;
    let (_script, client) = answered(ScriptedResponse::json(200, commit)).await;
    let commit = client.repository("example").reference("main").get_commit().await.unwrap();
    assert_eq!((commit.parents.len(), commit.metadata.len(), commit.generation), (0, 0, None));
    assert_eq!(commit.creation_date, -1);

    let list =
        r#"{"pagination":{"has_more":false,"max_per_page":0,"next_offset":"","results":0},"results":null}"#;
    let (_script, client) = answered(ScriptedResponse::json(200, list)).await;
    assert!(client.repositories().try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn values_of_a_newer_server_are_kept() {
    let runs = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[
        {"hook_run_id":"1","action":"a","hook_id":"h","start_time":"0001-01-01T00:00:00Z","status":"skipped"}]}"#;
    let (_script, client) = answered(ScriptedResponse::json(200, runs)).await;
    let request = client.api().list_run_hooks().repository("example").run_id("7");
    let runs = request.send().await.unwrap().into_inner().results;
    assert_eq!(runs[0].status, HookRunStatus::Unknown("skipped".to_owned()));
    assert_eq!((runs[0].status.to_string(), runs[0].end_time), ("skipped".to_owned(), None));
    // A hook that was not run has begun in the year 1.
    assert_eq!(runs[0].start_time.to_rfc3339(), "0001-01-01T00:00:00+00:00");

    let diff = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[
        {"path":"a","path_type":"symlink","type":"moved","moved_from":{"path":"b"}}]}"#;
    for summary in [false, true] {
        let (_script, client) = answered(ScriptedResponse::json(200, diff)).await;
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
async fn fields_of_a_newer_server_are_ignored() {
    let repository = r#"{"id":"example","creation_date":1700000000,"default_branch":"main","storage_namespace":"s3://x",
        "read_only":false,"storage_id":"","owner":{"name":"me"},"tags":[1,null]}"#;
    assert_eq!(get(ScriptedResponse::json(200, repository)).await.unwrap().id, "example");
    // Of whatever type it says it is, and with white space around it.
    let repository = ScriptedResponse::new(200, "text/plain", format!("\n {repository}\n\n"));
    assert_eq!(get(repository).await.unwrap().id, "example");
}

#[tokio::test]
async fn what_the_contract_requires_and_the_server_leaves_out() {
    // The answer to the creation of a bare repository.
    let bare =
        r#"{"id":"example","creation_date":1700000000,"default_branch":"main","storage_namespace":"s3://x"}"#;
    let (_script, client) = answered(ScriptedResponse::json(201, bare)).await;
    let created = client.repository("example").create("s3://x").bare(true).await.unwrap();
    assert_eq!((created.read_only, created.storage_id), (None, None));

    // A list of pull requests has no descriptions.
    let list = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[{"id":"7",
        "author":"me","creation_date":"2026-07-01T10:11:12.123456789+02:00","destination_branch":"main",
        "source_branch":"exp","status":"open","title":"t"}]}"#;
    let (_script, client) = answered(ScriptedResponse::json(200, list)).await;
    let list =
        client.api().list_pull_requests().repository("example").send().await.unwrap().into_inner().results;
    assert_eq!((&*list[0].id, &list[0].description), ("7", &None));
    assert_eq!(list[0].creation_date.timestamp_subsec_nanos(), 123_456_789);

    // A prefix in a list has no size and no type.
    let list = r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},"results":[
        {"checksum":"","mtime":0,"path":"a/","path_type":"common_prefix","physical_address":""}]}"#;
    let (_script, client) = answered(ScriptedResponse::json(200, list)).await;
    let list =
        client.api().list_objects().repository("example").ref_("main").send().await.unwrap().into_inner();
    assert_eq!((list.results[0].size_bytes, &list.results[0].metadata), (None, &None));
}

#[tokio::test]
async fn successes_of_another_kind_than_the_contract_says() {
    // 204 in place of 200 and 201.
    let (_script, client) = answered(ScriptedResponse::new(204, "", "")).await;
    let request = client.api().update_pull_request().repository("example").pull_request("7");
    let reply = request.body(models::PullRequestBasic::new().title("t")).send().await.unwrap();
    assert_eq!((reply.status(), reply.request_id()), (204, Some("request-7")));

    let (_script, client) = answered(ScriptedResponse::new(204, "", "")).await;
    let metadata = models::ObjectUserMetadata(std::collections::BTreeMap::new());
    let request = client.api().update_object_user_metadata().repository("example").branch("main").path("a");
    let reply = request.body(models::UpdateObjectUserMetadata::new(metadata)).send().await.unwrap();
    assert_eq!(reply.status(), 204);

    // 200 with nothing.
    let (_script, client) = answered(ScriptedResponse::new(200, "", "")).await;
    let dump = models::RefsRestore::new("1", "3", "2");
    let request = client.api().restore_refs().repository("example");
    assert_eq!(request.body(dump).send().await.unwrap().status(), 200);

    let (_script, client) = answered(ScriptedResponse::new(200, "application/octet-stream", "")).await;
    let request = client.api().get_run_hook_output().repository("example").run_id("7").hook_run_id("1");
    let output: Vec<_> = request.send().await.unwrap().into_inner().try_collect().await.unwrap();
    assert!(output.concat().is_empty());

    // The identifier alone, in place of a page.
    for (content_type, body) in [("text/plain; charset=utf-8", "abc"), ("text/html", "abc\n"), ("", "abc")] {
        let (_script, client) = answered(ScriptedResponse::new(201, content_type, body)).await;
        let created = client.repository("example").branch("exp").create("main").await.unwrap();
        assert_eq!((&*created.commit_id, &*created.id), ("abc", "exp"));
    }
}

#[tokio::test]
async fn not_modified_has_a_kind_of_its_own() {
    let (_script, client) = answered(ScriptedResponse::new(304, "", "").header("ETag", "\"1\"")).await;
    let object = client.repository("example").branch("main").object("a");
    let error = object.read().if_none_match("\"1\"").await.unwrap_err();
    assert_error(&error, "get_object", 304, ErrorKind::NotModified);
}

/// The tag of branch protection rules is not quoted, and may be empty.
#[tokio::test]
async fn a_tag_without_quotes_is_kept_as_it_is() {
    for tag in ["abc", ""] {
        let (_script, client) = answered(ScriptedResponse::json(200, "[]").header("ETag", tag)).await;
        let reply = client.api().get_branch_protection_rules().repository("example").send().await.unwrap();
        assert_eq!((reply.header("etag"), reply.get_ref().len()), (Some(tag), 0));
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_keeps_what_came() {
    for body in ["junk", r#"{"id":"example"}"#, r#"{"id":7}"#, ""] {
        let error = get(ScriptedResponse::json(200, body)).await.unwrap_err();
        assert_error(&error, "get_repository", 200, ErrorKind::Decode);
        assert_eq!((error.request_id(), error.body()), (Some("request-7"), body.as_bytes()));
        assert!(!error.is_retryable() && !error.to_string().contains('<'), "{error}");
        assert!(error.source().is_some());
    }
}

/// lakeFS serves its web UI, with status 200, at every path outside of the API.
#[tokio::test]
async fn successful_web_page_is_an_unexpected_response() {
    let script = ScriptedServer::start([ScriptedResponse::new(200, "text/html; charset=utf-8", HTML)]).await;
    let error = script.client().repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", 200, ErrorKind::UnexpectedResponse);
    assert_eq!(error.body(), HTML.as_bytes());
    assert!(!error.is_retryable() && error.source().is_some(), "{error}");
    for part in [script.endpoint(), "text/html", "<html>", "check the endpoint"] {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
}

#[tokio::test]
async fn of_the_body_of_an_error_the_beginning_is_kept() {
    let long = "x".repeat(200_000);
    let error = get(ScriptedResponse::new(502, "text/plain", &long)).await.unwrap_err();
    assert_error(&error, "get_repository", 502, ErrorKind::Server);
    assert_eq!(error.body(), &long.as_bytes()[..64 * 1024]);
    assert!(error.to_string().len() < 300, "{error}");
}

#[tokio::test]
async fn connections_that_break() {
    let whole = ScriptedResponse::json(200, r#"{"id":"example"}"#);
    let failure = ScriptedResponse::json(404, r#"{"message":"repository not found"}"#);
    // Before the reply, in its head, in its body, in the body of an error.
    for reply in [
        ScriptedResponse::connection_closed(),
        whole.clone().without_last(40),
        whole.without_last(3),
        failure.without_last(3),
    ] {
        let script = ScriptedServer::start([reply]).await;
        let error = script.client().repository("example").get().await.unwrap_err();
        assert_error(&error, "get_repository", None, ErrorKind::Transport);
        assert!(error.is_retryable() && error.source().is_some(), "{error}");
        let cause = "it was closed before the response was complete";
        let endpoint = script.endpoint();
        assert_eq!(
            error.to_string(),
            format!(r#"get repository "example": the connection to {endpoint} failed: {cause}"#)
        );
    }

    // Nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let client = Client::builder().endpoint(&endpoint).retries(RetryPolicy::none()).build().unwrap();
    let error = client.repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", None, ErrorKind::Transport);
    assert_eq!(error.message(), format!("cannot connect to {endpoint}: connection refused"));
}

#[tokio::test]
async fn unknown_host_is_named() {
    // No resolver is asked for a label of more than 63 characters.
    let endpoint = format!("http://{}.invalid:8000", "a".repeat(64));
    let client = Client::builder().endpoint(&endpoint).retries(RetryPolicy::none()).build().unwrap();
    let error = client.repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", None, ErrorKind::Transport);
    let expected = format!("cannot connect to {endpoint}: the host name cannot be resolved");
    assert_eq!(error.message(), expected);
}

/// Go's own server and nginx respond in HTTP when TLS is expected.
#[tokio::test]
async fn http_to_an_https_port_says_so() {
    for (content_type, body) in [
        ("", "Client sent an HTTP request to an HTTPS server.\n"),
        ("text/html", "<html><h1>400</h1>The plain HTTP request was sent to HTTPS port</html>"),
    ] {
        let script = ScriptedServer::start([ScriptedResponse::new(400, content_type, body)]).await;
        let error = script.client().repository("example").get().await.unwrap_err();
        assert_error(&error, "get_repository", 400, ErrorKind::UnexpectedResponse);
        assert!(error.message().contains("use https://"), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_while_it_is_read() {
    let (_script, client) = answered(ScriptedResponse::new(200, "a/b", "0123456789").without_last(4)).await;
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
async fn a_server_that_says_nothing() {
    let script = ScriptedServer::start([ScriptedResponse::stalled()]).await;
    let client = script.builder().read_timeout(Duration::from_millis(50)).build().unwrap();
    let error = client.repository("example").get().await.unwrap_err();
    assert_error(&error, "get_repository", None, ErrorKind::Timeout);
    assert!(error.is_retryable(), "{error}");
    let expected = format!("no response from {} within the read timeout", script.endpoint());
    assert_eq!(error.message(), expected);
}

#[tokio::test]
async fn numbers_beyond_32_bits() {
    let stats = r#"{"checksum":"c","mtime":9007199254740993,"path":"a","path_type":"object","physical_address":"p",
        "size_bytes":9223372036854775807}"#;
    let (_script, client) = answered(ScriptedResponse::json(200, stats)).await;
    let stats = client.repository("example").branch("main").object("a").stat().await.unwrap();
    assert_eq!((stats.mtime, stats.size_bytes), (9_007_199_254_740_993, Some(i64::MAX)));
}

/// A list that says there is more, and does not say where, or where it has been.
#[tokio::test]
async fn lists_that_lead_nowhere_end() {
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
        let script = ScriptedServer::start(pages).await;
        let list: Result<Vec<models::Repository>> = script.client().repositories().try_collect().await;
        assert_eq!(list.unwrap_err().kind(), ErrorKind::Decode);
    }
}

/// What the client sends.
#[tokio::test]
async fn requests_leave_out_what_was_not_said() {
    let script = ScriptedServer::start([
        ScriptedResponse::connection_closed(),
        ScriptedResponse::connection_closed(),
        ScriptedResponse::connection_closed(),
    ])
    .await;
    let client = script.builder().user_agent("tests/1").build().unwrap();
    let example = client.repository("example");
    example.branch("exp").object("a+b %41&?/ü").read().await.unwrap_err();
    example.get().await.unwrap_err();
    client.repositories().try_next().await.unwrap_err();
    let requests = script.requests();
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
