//! The storage behind pre-signed URLs, tested over plain TCP.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic")]

use std::time::Duration;

use lakefs_testserver::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Basic authentication with the default access key.
const AUTHORIZATION: &str =
    "Authorization: Basic dGVzdHNlcnZlci1hY2Nlc3Mta2V5LWlkOnRlc3RzZXJ2ZXItc2VjcmV0LWFjY2Vzcy1rZXk=\r\n";

/// Sends a request on a new connection and returns everything that is received.
async fn exchange(method: &str, url: &str, headers: &str, body: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    // A connection that a fault drops may be reset.
    let _dropped = stream.read_to_end(&mut response).await;
    String::from_utf8_lossy(&response).into_owned()
}

/// Sends a request to the API.
async fn call_api(server: &Server, method: &str, path: &str, body: &str) -> String {
    let headers = format!("{AUTHORIZATION}Content-Type: application/json\r\n");
    exchange(method, &format!("{}/api/v1/repositories{path}", server.endpoint()), &headers, body).await
}

/// Returns a text member of a JSON response.
fn member(response: &str, name: &str) -> String {
    let (_, rest) =
        response.split_once(&format!("\"{name}\":\"")).unwrap_or_else(|| panic!("{name}: {response}"));
    rest.split('"').next().unwrap().replace("\\u0026", "&")
}

async fn server_with_repository() -> Server {
    let server = Server::builder().presigned_storage().start().await.unwrap();
    let body = r#"{"name":"example","storage_namespace":"mem://example"}"#;
    let response = call_api(&server, "POST", "", body).await;
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");
    server
}

async fn presigned_put_url(server: &Server) -> String {
    let response =
        call_api(server, "GET", "/example/branches/main/staging/backing?path=a&presign=true", "").await;
    member(&response, "presigned_url")
}

#[track_caller]
fn assert_error(response: &str, status: u16, code: &str) {
    assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{response}");
    assert!(response.contains(&format!("<Code>{code}</Code>")), "{response}");
}

#[tokio::test]
async fn only_signed_requests_are_accepted() {
    let server = server_with_repository().await;
    let url = presigned_put_url(&server).await;
    assert!(url.starts_with(server.storage_endpoint().unwrap()), "{url}");
    assert_ne!(server.storage_endpoint(), Some(server.endpoint()));
    let stored = exchange("PUT", &url, "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n", "hello").await;
    assert!(stored.contains("etag: \"5d41402abc4b2a76b9719d911017c592\""), "{stored}");

    assert_error(
        &exchange("PUT", &url, "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n", "other").await,
        400,
        "BadDigest",
    );
    assert_error(&exchange("PUT", &url, "Content-MD5: nonsense\r\n", "hello").await, 400, "InvalidDigest");
    assert_error(&exchange("PUT", &url, AUTHORIZATION, "hello").await, 403, "AccessDenied");
    assert_error(&exchange("GET", &url, "", "").await, 403, "SignatureDoesNotMatch");
    assert_error(
        &exchange("PUT", &url.replace("/data/", "/Data/"), "", "x").await,
        403,
        "SignatureDoesNotMatch",
    );
    assert_error(&exchange("PUT", url.split('?').next().unwrap(), "", "x").await, 403, "AccessDenied");
    server.set_presigned_url_lifetime(Duration::ZERO);
    let expired = exchange("PUT", &presigned_put_url(&server).await, "", "hello").await;
    assert_error(&expired, 403, "AccessDenied");
    assert!(expired.contains("Request has expired"), "{expired}");

    let requests = server.requests_for("storagePut");
    let statuses: Vec<_> = requests.iter().map(|request| request.status.unwrap()).collect();
    assert_eq!(statuses, [200, 400, 400, 403, 403, 403, 403]);
    let credentials: Vec<_> = requests.iter().map(|request| request.has_credentials).collect();
    assert_eq!(credentials, [false, false, false, true, false, false, false]);
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn faults_apply_to_the_storage() {
    let server = server_with_repository().await;
    let path = "/example/branches/main/staging/pmpu?path=a&parts=1";
    let upload = call_api(&server, "POST", path, "").await;
    let (_, url) = upload.split_once("\"presigned_urls\":[\"").unwrap();
    let part = url.split('"').next().unwrap().replace("\\u0026", "&");
    server.faults().on("storagePutPart").respond(503, "");
    assert!(exchange("PUT", &part, "", "hello").await.starts_with("HTTP/1.1 503"));
    server.faults().on("storagePutPart").drop_connection();
    assert_eq!(exchange("PUT", &part, "", "hello").await, "");
    server.faults().on("storagePutPart").drop_response();
    assert_eq!(exchange("PUT", &part, "", "hello").await, "");
    assert!(exchange("PUT", &part, "", "hello").await.starts_with("HTTP/1.1 200"));
    assert_eq!(server.requests_for("storagePutPart").len(), 4);
    assert_eq!(server.open_uploads(), 1);

    let headers = format!("{AUTHORIZATION}Content-Type: application/octet-stream\r\n");
    let object = format!("{}/api/v1/repositories/example/branches/main/objects?path=b", server.endpoint());
    assert!(exchange("POST", &object, &headers, "12345678").await.starts_with("HTTP/1.1 201"));
    let stats = call_api(&server, "GET", "/example/refs/main/objects/stat?path=b&presign=true", "").await;
    let url = member(&stats, "physical_address");
    server.faults().on("storageGet").truncate_body();
    let cut = exchange("GET", &url, "", "").await;
    assert!(cut.contains("content-length: 8") && cut.ends_with("\r\n\r\n1234"), "{cut}");
    assert!(exchange("GET", &url, "", "").await.ends_with("\r\n\r\n12345678"));
}

#[tokio::test]
async fn storage_stops_with_the_server() {
    let server = server_with_repository().await;
    let host = server.storage_endpoint().unwrap().trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&host).await.is_ok());
    server.shutdown().await;
    assert!(TcpStream::connect(&host).await.is_err());
}
