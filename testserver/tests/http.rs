//! The server as seen from outside, over plain TCP.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as a test may")]

use std::io;
use std::time::{Duration, Instant};

use lakefs_testserver::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The key pair of a server that was told no other, as basic authentication spells it.
const AUTHORIZATION: &str = "Basic dGVzdHNlcnZlci1hY2Nlc3Mta2V5LWlkOnRlc3RzZXJ2ZXItc2VjcmV0LWFjY2Vzcy1rZXk=";

/// Sends a request on a connection of its own and returns all that comes back.
async fn exchange(server: &Server, method: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server.address()).await?;
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: test\r\nAuthorization: {AUTHORIZATION}\r\nX-Mark: yes\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

async fn with_repository() -> Server {
    let server = Server::start().await.unwrap();
    let body = r#"{"name":"example","storage_namespace":"mem://example"}"#;
    let reply = exchange(&server, "POST", "/repositories", body).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 201"), "{reply}");
    server
}

fn body_of(reply: &str) -> &str {
    reply.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default()
}

const BRANCH: &str = r#"{"name":"dev","source":"main"}"#;

#[tokio::test]
async fn answers_and_records() {
    let server = with_repository().await;
    let reply = exchange(&server, "GET", "/repositories/example?x=1", "").await.unwrap();
    assert!(reply.contains("x-request-id: "), "{reply}");
    assert!(body_of(&reply).contains(r#""storage_namespace":"mem://example""#), "{reply}");
    let requests = server.requests_for("getRepository");
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.path.as_str(), request.query.as_str()), ("/api/v1/repositories/example", "x=1"));
    assert_eq!(request.status, Some(200));
    assert_eq!(request.header("x-mark"), Some("yes"));
    assert_eq!(request.header("authorization"), None);
    assert!(!format!("{server:?} {requests:?}").contains(server.secret_access_key()));
    server.forget_requests();
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn refuses_as_often_as_told() {
    let server = with_repository().await;
    server.faults().on("getRepository").times(2).header("Retry-After", "1").reply(503, r#"{"message":"x"}"#);
    for status in ["503", "503", "200"] {
        let reply = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
        assert_eq!(reply.contains("retry-after: 1"), status == "503");
    }
    server.faults().on("getRepository").header("Content-Type", "text/html").reply(502, "<html>");
    let reply = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(reply.contains("content-type: text/html") && body_of(&reply) == "<html>", "{reply}");
    server.faults().on("getRepository").redirect("http://127.0.0.1:1/");
    let reply = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 302") && reply.contains("location: http://127.0.0.1:1/"), "{reply}");
}

#[tokio::test]
async fn drops_connections_before_and_after_acting() {
    let server = with_repository().await;
    server.faults().on("createBranch").drop_connection();
    let lost = exchange(&server, "POST", "/repositories/example/branches", BRANCH).await.unwrap_or_default();
    assert_eq!(lost, "");
    let reply = exchange(&server, "GET", "/repositories/example/branches/dev", "").await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");

    server.faults().on("createBranch").drop_reply();
    let lost = exchange(&server, "POST", "/repositories/example/branches", BRANCH).await.unwrap_or_default();
    assert_eq!(lost, "");
    let reply = exchange(&server, "POST", "/repositories/example/branches", BRANCH).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 409"), "{reply}");
    let statuses: Vec<_> = server.requests_for("createBranch").iter().map(|request| request.status).collect();
    assert_eq!(statuses, [None, None, Some(409)]);
}

#[tokio::test]
async fn cuts_and_replaces_bodies() {
    let server = with_repository().await;
    server.faults().on("getRepository").cut_body();
    let reply = exchange(&server, "GET", "/repositories/example", "").await.unwrap_or_default();
    let length = reply.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert_eq!(body_of(&reply).len(), length.parse::<usize>().unwrap() / 2, "{reply}");
    server.faults().on("getRepository").replace_body("junk");
    let reply = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200") && body_of(&reply) == "junk", "{reply}");
}

#[tokio::test]
async fn takes_its_time() {
    let server = with_repository().await;
    let delay = Duration::from_millis(50);
    server.faults().on("getRepository").when(|path| path.ends_with("/example")).delay(delay).proceed();
    let start = Instant::now();
    let reply = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn stops() {
    let server = with_repository().await;
    let address = server.address();
    let idle = TcpStream::connect(address).await.unwrap();
    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    let mut rest = [0_u8; 1];
    let mut idle = idle;
    assert_eq!(idle.read(&mut rest).await.unwrap_or_default(), 0);

    let server = Server::start().await.unwrap();
    let address = server.address();
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_its_contract_and_its_own_credentials() {
    let server = Server::builder().credentials("id", "secret").contract(&b"{}"[..]).start().await.unwrap();
    let reply = exchange(&server, "GET", "/repositories", "").await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 401"), "{reply}");
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200") && reply.ends_with("\r\n\r\n{}"), "{reply}");
}
