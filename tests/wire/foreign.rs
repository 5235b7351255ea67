//! Responses that have the status of a success, and that lakeFS did not write.

use lakefs::{Credentials, Error, ErrorKind, Result};

use crate::support::{ScriptedResponse, ScriptedServer};
use crate::{HTML, assert_error};

/// The page that the web interface of lakeFS sends for every path outside the API.
fn web_page() -> ScriptedResponse {
    ScriptedResponse::new(200, "text/html; charset=utf-8", HTML).without_request_id()
}

/// Asserts that a call failed because of a web page, and that the message shows it.
#[track_caller]
fn assert_unexpected<T: std::fmt::Debug>(result: Result<T>, operation: &str) -> Error {
    let error = result.unwrap_err();
    assert_error(&error, operation, 200, ErrorKind::UnexpectedResponse);
    for part in ["status 200", "text/html", "<html>", "check the endpoint"] {
        assert!(error.message().contains(part), "{part:?} is not in {error}");
    }
    error
}

#[tokio::test]
async fn web_page_is_not_the_success_of_a_change() {
    // The checks of an outcome get the same page.
    let server = ScriptedServer::start(vec![web_page(); 60]).await;
    let repository = server.client().repository("example");
    let main = repository.branch("main");
    assert_unexpected(main.create("other").await, "create_branch");
    assert_unexpected(main.delete().await, "delete_branch");
    assert_unexpected(main.object("a").delete().await, "delete_object");
    assert_unexpected(main.object("a").update_metadata([("a", "b")]).await, "update_object_user_metadata");
    assert_unexpected(main.reset().await, "reset_branch");
    assert_unexpected(repository.tag("v1").delete().await, "delete_tag");
    assert_unexpected(repository.delete().await, "delete_repository");
}

#[tokio::test]
async fn web_page_is_not_an_object() {
    let server = ScriptedServer::start(vec![web_page(); 6]).await;
    let object = server.client().repository("example").branch("main").object("a");
    assert_unexpected(object.read().await, "get_object");
    let page = ScriptedResponse::new(200, "text/html", "").without_request_id();
    let server = ScriptedServer::start([page, web_page()]).await;
    let error = server.client().repository("example").branch("main").object("a").head().await.unwrap_err();
    assert_error(&error, "head_object", 200, ErrorKind::UnexpectedResponse);
}

/// The MD5 of `HTML`.
const MD5: &str = "131351b37ed606f909cd547be180607c";

fn stats(checksum: &str) -> ScriptedResponse {
    let stats = format!(
        r#"{{"path":"a","path_type":"object","physical_address":"mem://x","checksum":"{checksum}","mtime":1,
            "size_bytes":{}}}"#,
        HTML.len()
    );
    ScriptedResponse::json(200, stats)
}

#[tokio::test]
async fn object_that_is_a_web_page_is_read() {
    let etag = format!("\"{MD5}\"");
    let page = ScriptedResponse::new(200, "text/html", HTML).header("ETag", &etag);
    let server = ScriptedServer::start([page.clone()]).await;
    let object = server.client().repository("example").branch("main").object("a");
    assert_eq!(object.read().await.unwrap(), HTML);

    // A proxy removed the header that tells lakeFS from a web server, so the client compares size and checksum.
    let page = page.without_request_id();
    let weak = ScriptedResponse::new(200, "text/html", HTML).header("ETag", &format!("W/{etag}"));
    for page in [page.clone(), weak.without_request_id()] {
        let server = ScriptedServer::start([page.clone(), stats(MD5), page]).await;
        let object = server.client().repository("example").branch("main").object("a");
        assert_eq!(object.read().await.unwrap(), HTML);
    }
    let server = ScriptedServer::start([page.clone(), stats(&"0".repeat(32)), page]).await;
    let object = server.client().repository("example").branch("main").object("a");
    assert_unexpected(object.read().await, "get_object");
}

#[tokio::test]
async fn redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let other = ScriptedServer::start([web_page()]).await;
        let redirect = || ScriptedResponse::new(status, "", "").header("Location", other.endpoint());
        let server = ScriptedServer::start(vec![redirect(); 4]).await;
        let login = Credentials::login("key", "hush");
        let client = server.builder().credentials(login).build().unwrap();
        let repository = client.repository("example");
        let error = repository.get().await.unwrap_err();
        assert_error(&error, "login", status, ErrorKind::UnexpectedResponse);
        let error = server.client().repository("example").branch("main").delete().await.unwrap_err();
        assert_error(&error, "delete_branch", status, ErrorKind::UnexpectedResponse);
        assert!(error.message().contains("redirects, which is not followed"), "{error}");
        assert!(!error.is_outcome_unknown(), "{error}");
        assert!(other.requests().is_empty());
    }
}
