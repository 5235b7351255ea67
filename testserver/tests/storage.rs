//! The storage that clients use by themselves, as seen from outside, over plain TCP.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may panic as a test may")]

use std::time::Duration;

use lakefs_testserver::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The key pair of a server that was told no other, as basic authentication spells it.
const AUTHORIZATION: &str =
    "Authorization: Basic dGVzdHNlcnZlci1hY2Nlc3Mta2V5LWlkOnRlc3RzZXJ2ZXItc2VjcmV0LWFjY2Vzcy1rZXk=\r\n";

/// Sends a request on a connection of its own and returns all that comes back.
async fn exchange(method: &str, url: &str, headers: &str, body: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    // A connection that is dropped on purpose may be reset.
    let _dropped = stream.read_to_end(&mut reply).await;
    String::from_utf8_lossy(&reply).into_owned()
}

/// Asks lakeFS itself.
async fn ask(server: &Server, method: &str, path: &str, body: &str) -> String {
    let headers = format!("{AUTHORIZATION}Content-Type: application/json\r\n");
    exchange(method, &format!("{}/api/v1/repositories{path}", server.endpoint()), &headers, body).await
}

/// What a reply says of a member that is text.
fn member(reply: &str, name: &str) -> String {
    let (_, rest) = reply.split_once(&format!("\"{name}\":\"")).unwrap_or_else(|| panic!("{name}: {reply}"));
    rest.split('"').next().unwrap().replace("\\u0026", "&")
}

async fn with_repository() -> Server {
    let server = Server::builder().presigned_storage().start().await.unwrap();
    let body = r#"{"name":"example","storage_namespace":"mem://example"}"#;
    let reply = ask(&server, "POST", "", body).await;
    assert!(reply.starts_with("HTTP/1.1 201"), "{reply}");
    server
}

async fn address(server: &Server) -> String {
    let reply = ask(server, "GET", "/example/branches/main/staging/backing?path=a&presign=true", "").await;
    member(&reply, "presigned_url")
}

#[track_caller]
fn refused(reply: &str, status: u16, code: &str) {
    assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
    assert!(reply.contains(&format!("<Code>{code}</Code>")), "{reply}");
}

#[tokio::test]
async fn takes_what_is_signed_and_nothing_else() {
    let server = with_repository().await;
    let url = address(&server).await;
    assert!(url.starts_with(server.storage_endpoint().unwrap()), "{url}");
    assert_ne!(server.storage_endpoint(), Some(server.endpoint()));
    let stored = exchange("PUT", &url, "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n", "hello").await;
    assert!(stored.contains("etag: \"5d41402abc4b2a76b9719d911017c592\""), "{stored}");

    refused(
        &exchange("PUT", &url, "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n", "other").await,
        400,
        "BadDigest",
    );
    refused(&exchange("PUT", &url, "Content-MD5: nonsense\r\n", "hello").await, 400, "InvalidDigest");
    refused(&exchange("PUT", &url, AUTHORIZATION, "hello").await, 403, "AccessDenied");
    refused(&exchange("GET", &url, "", "").await, 403, "SignatureDoesNotMatch");
    refused(&exchange("PUT", &url.replace("/data/", "/Data/"), "", "x").await, 403, "SignatureDoesNotMatch");
    refused(&exchange("PUT", url.split('?').next().unwrap(), "", "x").await, 403, "AccessDenied");
    server.sign_for(Duration::ZERO);
    let late = exchange("PUT", &address(&server).await, "", "hello").await;
    refused(&late, 403, "AccessDenied");
    assert!(late.contains("Request has expired"), "{late}");

    let requests = server.requests_for("storagePut");
    let statuses: Vec<_> = requests.iter().map(|request| request.status.unwrap()).collect();
    assert_eq!(statuses, [200, 400, 400, 403, 403, 403, 403]);
    let credentials: Vec<_> = requests.iter().map(|request| request.with_credentials).collect();
    assert_eq!(credentials, [false, false, false, true, false, false, false]);
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn suffers_faults() {
    let server = with_repository().await;
    let path = "/example/branches/main/staging/pmpu?path=a&parts=1";
    let upload = ask(&server, "POST", path, "").await;
    let (_, url) = upload.split_once("\"presigned_urls\":[\"").unwrap();
    let part = url.split('"').next().unwrap().replace("\\u0026", "&");
    server.faults().on("storagePutPart").reply(503, "");
    assert!(exchange("PUT", &part, "", "hello").await.starts_with("HTTP/1.1 503"));
    server.faults().on("storagePutPart").drop_connection();
    assert_eq!(exchange("PUT", &part, "", "hello").await, "");
    server.faults().on("storagePutPart").drop_reply();
    assert_eq!(exchange("PUT", &part, "", "hello").await, "");
    assert!(exchange("PUT", &part, "", "hello").await.starts_with("HTTP/1.1 200"));
    assert_eq!(server.requests_for("storagePutPart").len(), 4);
    assert_eq!(server.open_uploads(), 1);

    let headers = format!("{AUTHORIZATION}Content-Type: application/octet-stream\r\n");
    let object = format!("{}/api/v1/repositories/example/branches/main/objects?path=b", server.endpoint());
    assert!(exchange("POST", &object, &headers, "12345678").await.starts_with("HTTP/1.1 201"));
    let stats = ask(&server, "GET", "/example/refs/main/objects/stat?path=b&presign=true", "").await;
    let url = member(&stats, "physical_address");
    server.faults().on("storageGet").cut_body();
    let cut = exchange("GET", &url, "", "").await;
    assert!(cut.contains("content-length: 8") && cut.ends_with("\r\n\r\n1234"), "{cut}");
    assert!(exchange("GET", &url, "", "").await.ends_with("\r\n\r\n12345678"));
}

#[tokio::test]
async fn stops_with_the_server() {
    let server = with_repository().await;
    let host = server.storage_endpoint().unwrap().trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&host).await.is_ok());
    server.shutdown().await;
    assert!(TcpStream::connect(&host).await.is_err());
}
