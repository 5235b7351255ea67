//! The public API of the server, tested over plain TCP.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io;
use std::time::{Duration, Instant};

use lakefs_testserver::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Basic authentication with the default access key.
const AUTHORIZATION: &str = "Basic dGVzdHNlcnZlci1hY2Nlc3Mta2V5LWlkOnRlc3RzZXJ2ZXItc2VjcmV0LWFjY2Vzcy1rZXk=";

/// Sends a request on a new connection and returns everything that is received.
async fn exchange(server: &Server, method: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server.local_addr()).await?;
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: test\r\nAuthorization: {AUTHORIZATION}\r\nX-Mark: yes\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

async fn server_with_repository() -> Server {
    let server = Server::start().await.unwrap();
    let body = r#"{"name":"example","storage_namespace":"mem://example"}"#;
    let response = exchange(&server, "POST", "/repositories", body).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");
    server
}

fn body_of(response: &str) -> &str {
    response.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default()
}

const BRANCH: &str = r#"{"name":"dev","source":"main"}"#;

#[tokio::test]
async fn request_is_answered_and_recorded() {
    let server = server_with_repository().await;
    let response = exchange(&server, "GET", "/repositories/example?x=1", "").await.unwrap();
    assert!(response.contains("x-request-id: "), "{response}");
    assert!(body_of(&response).contains(r#""storage_namespace":"mem://example""#), "{response}");
    let requests = server.requests_for("getRepository");
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.path.as_str(), request.query.as_str()), ("/api/v1/repositories/example", "x=1"));
    assert_eq!(request.status, Some(200));
    assert_eq!(request.header("x-mark"), Some("yes"));
    assert_eq!(request.header("authorization"), None);
    assert!(!format!("{server:?} {requests:?}").contains(server.secret_access_key()));
    server.clear_requests();
    assert!(server.requests().is_empty());
}

#[tokio::test]
#[should_panic(expected = "unknown operation \"getRepo\"")]
async fn requests_for_an_unknown_operation_panic() {
    let _requests = Server::start().await.unwrap().requests_for("getRepo");
}

#[tokio::test]
async fn lakectl_env_names_the_server() {
    let server = Server::builder().access_key("id", "secret").start().await.unwrap();
    assert_eq!(
        server.lakectl_env(),
        [
            ("LAKECTL_SERVER_ENDPOINT_URL", server.endpoint()),
            ("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "id"),
            ("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", "secret"),
        ]
    );
}

#[tokio::test]
async fn fault_responds_as_often_as_planned() {
    let server = server_with_repository().await;
    server
        .faults()
        .on("getRepository")
        .times(2)
        .header("Retry-After", "1")
        .respond(503, r#"{"message":"x"}"#);
    for status in ["503", "503", "200"] {
        let response = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{response}");
        assert_eq!(response.contains("retry-after: 1"), status == "503");
    }
    server.faults().on("getRepository").header("Content-Type", "text/html").respond(502, "<html>");
    let response = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(response.contains("content-type: text/html") && body_of(&response) == "<html>", "{response}");
    server.faults().on("getRepository").redirect("http://127.0.0.1:1/");
    let response = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(
        response.starts_with("HTTP/1.1 302") && response.contains("location: http://127.0.0.1:1/"),
        "{response}"
    );
}

#[tokio::test]
async fn connection_is_dropped_before_or_after_the_operation() {
    let server = server_with_repository().await;
    server.faults().on("createBranch").drop_connection();
    let lost = exchange(&server, "POST", "/repositories/example/branches", BRANCH).await.unwrap_or_default();
    assert_eq!(lost, "");
    let response = exchange(&server, "GET", "/repositories/example/branches/dev", "").await.unwrap();
    assert!(response.starts_with("HTTP/1.1 404"), "{response}");

    server.faults().on("createBranch").drop_response();
    let lost = exchange(&server, "POST", "/repositories/example/branches", BRANCH).await.unwrap_or_default();
    assert_eq!(lost, "");
    let response = exchange(&server, "POST", "/repositories/example/branches", BRANCH).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 409"), "{response}");
    let statuses: Vec<_> = server.requests_for("createBranch").iter().map(|request| request.status).collect();
    assert_eq!(statuses, [None, None, Some(409)]);
}

#[tokio::test]
async fn body_is_truncated_or_replaced() {
    let server = server_with_repository().await;
    server.faults().on("getRepository").truncate_body();
    let response = exchange(&server, "GET", "/repositories/example", "").await.unwrap_or_default();
    let length = response.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert_eq!(body_of(&response).len(), length.parse::<usize>().unwrap() / 2, "{response}");
    server.faults().on("getRepository").replace_body("junk");
    let response = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && body_of(&response) == "junk", "{response}");
}

#[tokio::test]
async fn response_is_replaced_after_the_operation() {
    let server = server_with_repository().await;
    server.faults().on("createBranch").header("x-from", "proxy").respond_after(502, "lost");
    let response = exchange(&server, "POST", "/repositories/example/branches", BRANCH).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 502") && response.contains("x-from: proxy"), "{response}");
    assert_eq!(body_of(&response), "lost");
    let requests = server.requests_for("createBranch");
    assert_eq!((requests[0].status, requests[0].handled_status), (Some(502), Some(201)));
    let summary = server.repository_summary("example").unwrap();
    assert!(summary.contains("branch dev at (\"Repository created\""), "{summary}");
    assert_eq!(server.repository_summary("another"), None);
}

#[tokio::test]
async fn response_stalls_before_or_after_the_operation() {
    let server = server_with_repository().await;
    for (is_applied, status) in [(false, None), (true, Some(201))] {
        let fault = server.faults().on("createBranch");
        if is_applied {
            fault.stall_response();
        } else {
            fault.stall();
        }
        let request = exchange(&server, "POST", "/repositories/example/branches", BRANCH);
        let waited = tokio::time::timeout(Duration::from_millis(100), request).await;
        assert!(waited.is_err(), "{waited:?}");
        assert_eq!(server.requests_for("createBranch")[0].handled_status, status);
        server.clear_requests();
    }
    server.faults().on("getRepository").drop_after_body();
    assert_eq!(exchange(&server, "GET", "/repositories/example", "").await.unwrap(), "");
    assert_eq!(server.requests_for("getRepository")[0].handled_status, None);
}

#[tokio::test]
async fn emulated_operation_is_recorded_and_takes_faults() {
    let server = Server::start().await.unwrap();
    server.faults().emulate("createGroup", [(201, r#"{"id":"g"}"#)]);
    server.faults().on("createGroup").drop_response();
    assert_eq!(exchange(&server, "POST", "/auth/groups", r#"{"id":"g"}"#).await.unwrap(), "");
    let response = exchange(&server, "POST", "/auth/groups", r#"{"id":"g"}"#).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 201") && response.contains("x-request-id: "), "{response}");
    let handled: Vec<_> =
        server.requests_for("createGroup").iter().map(|request| request.handled_status).collect();
    assert_eq!(handled, [Some(201), Some(201)]);
}

#[tokio::test]
async fn response_is_delayed() {
    let server = server_with_repository().await;
    let delay = Duration::from_millis(50);
    server.faults().on("getRepository").when(|path| path.ends_with("/example")).delay(delay).proceed();
    let start = Instant::now();
    let response = exchange(&server, "GET", "/repositories/example", "").await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn stopped_server_closes_its_port_and_connections() {
    let server = server_with_repository().await;
    let address = server.local_addr();
    let idle = TcpStream::connect(address).await.unwrap();
    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    let mut rest = [0_u8; 1];
    let mut idle = idle;
    assert_eq!(idle.read(&mut rest).await.unwrap_or_default(), 0);

    let server = Server::start().await.unwrap();
    let address = server.local_addr();
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_is_served_and_access_key_is_configurable() {
    let server = Server::builder().access_key("id", "secret").contract(&b"{}"[..]).start().await.unwrap();
    let response = exchange(&server, "GET", "/repositories", "").await.unwrap();
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("\r\n\r\n{}"), "{response}");
}
