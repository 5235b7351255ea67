//! The kinds and messages of error responses.

use lakefs::ErrorKind;

use crate::support::{ScriptedResponse, ScriptedServer};
use crate::{HTML, assert_error, client_for};

/// Status, content type and body of a response, the kind of the error, and a part of its message.
type Row<'a> = (u16, &'a str, &'a str, ErrorKind, &'a str);

/// Asserts kind and message of errors, and that they have the status, the request id and the body.
async fn assert_errors(rows: &[Row<'_>]) {
    for &(status, content_type, body, kind, expected) in rows {
        let server = ScriptedServer::start([ScriptedResponse::new(status, content_type, body)]).await;
        let error = server.client().repository("example").get().await.unwrap_err();
        assert_error(&error, "get_repository", status, kind);
        assert_eq!(error.request_id(), Some("request-7"), "{error}");
        assert_eq!(error.body(), body.as_bytes(), "{error}");
        assert!(error.message().contains(expected), "{expected:?} is not in {error}");
        // One short line that starts with what was attempted.
        let shown = error.to_string();
        assert!(shown.starts_with(r#"get repository "example": "#), "{shown}");
        assert!(!shown.contains('\n') && shown.len() < 300, "{shown}");
        if kind == ErrorKind::UnexpectedResponse {
            // The endpoint, the status, and what to do.
            for part in [server.endpoint(), &format!("status {status}"), "check the endpoint"] {
                assert!(shown.contains(part), "{part:?} is not in {shown}");
            }
        } else {
            assert!(!shown.contains("<h1>"), "{shown}");
        }
    }
}

#[tokio::test]
async fn empty_and_plain_text_errors_have_the_kind_of_their_status() {
    use ErrorKind as Kind;
    assert_errors(&[
        // No body.
        (429, "", "", Kind::RateLimited, "no body"),
        (499, "", "", Kind::Server, "no body"),
        (500, "", "", Kind::Server, "no body"),
        // Plain text of the web framework of lakeFS.
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

#[tokio::test]
async fn errors_of_proxies_and_other_servers_are_recognised() {
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

/// lakeFS has no error codes, so the message decides the kind.
#[tokio::test]
async fn message_of_lakefs_decides_the_kind() {
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
        // As Go escapes it, and with an unknown field.
        let escaped = message.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        let body = format!("{{\"message\":\"{escaped}\",\"code\":[7]}}\n");
        assert_errors(&[(status, "application/json", &body, kind, message)]).await;
        assert_errors(&[(status, "", &body, kind, message)]).await;
    }
}

#[tokio::test]
async fn foreign_404_does_not_mean_that_a_resource_is_missing() {
    for response in [
        ScriptedResponse::new(404, "text/html", HTML),
        ScriptedResponse::new(404, "", ""),
        ScriptedResponse::json(404, r#"{"error":"no route"}"#),
    ] {
        let server = ScriptedServer::start(vec![response; 4]).await;
        let repository = server.client().repository("example");
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

/// The response to HEAD has no body, so the status alone decides the kind.
#[tokio::test]
async fn errors_of_head_have_the_kind_of_their_status() {
    for (status, kind) in [
        (401, ErrorKind::Unauthenticated),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::DataDeleted),
        (416, ErrorKind::RangeNotSatisfiable),
        (500, ErrorKind::Server),
    ] {
        // The response to HEAD has the length of the body that GET would have.
        let response = ScriptedResponse::json(status, "0123456789").without_last(10);
        let (_server, client) = client_for(response).await;
        let request = client.api().head_object().repository("example").ref_("main").path("a");
        let error = request.send().await.unwrap_err();
        assert_error(&error, "head_object", status, kind);
        assert_eq!(error.request_id(), Some("request-7"));
        assert!(error.body().is_empty());
    }
}

/// lakeFS reports the conflict of a merge with the body of a successful merge.
#[tokio::test]
async fn merge_conflict_is_reported_without_its_paths_if_they_cannot_be_listed() {
    let conflict = ScriptedResponse::json(409, r#"{"reference":""}"#);
    for failure in [
        ScriptedResponse::connection_closed(),
        ScriptedResponse::new(502, "text/html", HTML),
        ScriptedResponse::json(200, "junk"),
    ] {
        let server = ScriptedServer::start([conflict.clone(), failure]).await;
        let branch = server.client().repository("example").branch("exp");
        let error = branch.merge_into("main").await.unwrap_err();
        assert_error(&error, "merge_into_branch", 409, ErrorKind::MergeConflict);
        assert_eq!((error.message(), error.body()), ("conflict found", &br#"{"reference":""}"#[..]));
        assert!(error.conflicts().is_empty() && error.conflicts_truncated() && !error.is_outcome_unknown());
    }
}

/// The contract specifies a merge result instead.
#[tokio::test]
async fn conflict_of_a_pull_request_is_a_merge_conflict() {
    let message = r#"{"message":"update branch main: conflict found"}"#;
    let (_server, client) = client_for(ScriptedResponse::json(409, message)).await;
    let request = client.api().merge_pull_request().repository("example").pull_request("7");
    let error = request.send().await.unwrap_err();
    assert_error(&error, "merge_pull_request", 409, ErrorKind::MergeConflict);
    assert_eq!(error.message(), "update branch main: conflict found");
}
