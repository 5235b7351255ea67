//! Uploads that a server or a proxy refuses, and responses that stall.

use std::time::Duration;

use lakefs::{Body, BranchObject, Client, ErrorKind, RetryPolicy};
use lakefs_testserver::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::start;
use crate::support::{Fixture, ScriptedResponse, ScriptedServer, wait_for};
use crate::test_data::{MIB, chunks, data};

fn retries() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::from_millis(1))
}

fn object(endpoint: &str, retries: RetryPolicy) -> BranchObject {
    let client = Client::builder().endpoint(endpoint).access_key("key", "secret").retries(retries);
    client.build().unwrap().repository("example").branch("main").object("a")
}

/// Starts a proxy that refuses each upload when it has read the head of the request, and closes the connection although
/// the client still sends. Returns its endpoint.
async fn refusing_proxy(status: u16) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap_or_default() == 0 {
                    break;
                }
            }
            let response = if head.starts_with(b"GET") {
                "HTTP/1.1 403 Refused\r\nContent-Length: 0\r\n\r\n".to_owned()
            } else {
                format!(
                    "HTTP/1.1 {status} Refused\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
                )
            };
            _ = stream.write_all(response.as_bytes()).await;
        }
    });
    (endpoint, serving)
}

#[tokio::test]
async fn status_of_a_proxy_that_closes_the_connection_at_once_is_known() {
    for status in [403, 413] {
        let (endpoint, serving) = refusing_proxy(status).await;
        for round in 0..2 {
            let object = object(&endpoint, retries());
            let upload = object.upload(data(8 * MIB)).presign(false);
            let bytes = wait_for("the upload of bytes", upload.into_future()).await.unwrap_err();
            let upload = object.upload(chunks(&data(8 * MIB))).presign(false);
            let stream = wait_for("the upload of a stream", upload.into_future()).await.unwrap_err();
            let mut writer = object.writer().presign(false).await.unwrap();
            let data = data(10 * MIB);
            let mut written = Ok(());
            for chunk in data.chunks(100_000) {
                written = written.and(wait_for("the writer", writer.write_all(chunk)).await);
            }
            let writer = match written {
                Ok(()) => writer.finish().await.unwrap_err(),
                Err(error) => error.downcast().unwrap(),
            };
            for error in [bytes, stream, writer] {
                assert_eq!(error.status(), Some(status), "round {round}: {error}");
            }
        }
        serving.abort();
    }
}

#[tokio::test]
async fn incomplete_body_of_a_refusal_keeps_the_status() {
    for (status, kind) in [
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::PermissionDenied),
        (409, ErrorKind::Conflict),
        (412, ErrorKind::PreconditionFailed),
        (413, ErrorKind::InvalidRequest),
    ] {
        for body in [Body::from(data(5 * MIB)), chunks(&data(5 * MIB)).with_length(5 << 20)] {
            let refusal =
                ScriptedResponse::json(status, r#"{"message":"no, not this object"}"#).without_last(9);
            let server = ScriptedServer::start(vec![refusal; 5]).await;
            let upload = object(server.endpoint(), retries()).upload(body).presign(false);
            let error = wait_for("the upload", upload.into_future()).await.unwrap_err();
            assert_eq!((error.status(), error.kind()), (Some(status), kind), "{error}");
            assert_eq!((server.requests().len(), error.attempts()), (1, 1), "{error}");
            assert!(!error.is_outcome_unknown(), "{error}");
        }
    }
}

#[tokio::test]
async fn response_that_stalls_in_its_body_is_a_timeout() {
    let limit = Duration::from_millis(300);
    let (fixture, main) = start().await;
    fixture.test_server().faults().on("upload_object").always().stall_body();
    let client = fixture.builder().response_timeout(limit).retries(RetryPolicy::none()).build().unwrap();
    let object = client.repository(main.repository().name()).branch("main").object("a");
    for body in [Body::from("abc"), chunks(b"abc")] {
        let error = wait_for("the upload", object.upload(body).into_future()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    }

    // The response of a storage.
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let main = fixture.main("stall").await;
    let client = fixture.builder().response_timeout(limit).retries(RetryPolicy::none()).build().unwrap();
    let object = client.repository(main.repository().name()).branch("main").object("a");
    let stalled = ScriptedResponse::new(200, "text/plain", "stored").stalling_before_last(3);
    let storage = ScriptedServer::start(vec![stalled; 3]).await;
    let address = format!(
        r#"{{"physical_address":"mem://x/data/x/y,z","presigned_url":"{}/key?X-Amz-Signature=5"}}"#,
        storage.endpoint()
    );
    fixture.test_server().faults().on("getPhysicalAddress").always().respond(200, address);
    let upload = object.upload(data(MIB)).presign(true);
    let error = wait_for("the upload to the storage", upload.into_future()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

/// Starts a server that reads nothing of an upload for 40 seconds.
async fn slow_server(bytes: usize) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(40)).await;
                let mut received = Vec::new();
                while received.len() <= bytes || !received.ends_with(b"\r\n") && !received.ends_with(b"end") {
                    assert!(stream.read_buf(&mut received).await.unwrap() > 0);
                }
                let stats = format!(
                    r#"{{"path":"a","path_type":"object","physical_address":"mem://a","mtime":1,"size_bytes":{bytes},"checksum":"x"}}"#
                );
                let head = format!(
                    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Request-Id: 7\r\nContent-Length: {}\r\n\r\n",
                    stats.len()
                );
                stream.write_all((head + &stats).as_bytes()).await.unwrap();
            });
        }
    });
    (endpoint, serving)
}

/// TCP reports a peer that takes no data as dead after a time that can be configured.
#[tokio::test]
#[ignore = "takes 40 seconds"]
async fn server_may_read_nothing_for_40_seconds() {
    let data = [vec![b'x'; 20 * MIB], b"end".to_vec()].concat();
    let (endpoint, serving) = slow_server(data.len()).await;
    let object = object(&endpoint, RetryPolicy::none());
    let mut writer = object.writer().presign(false).await.unwrap();
    let writing = async {
        writer.write_all(&data).await.unwrap();
        writer.finish().await
    };
    let uploads = futures::join!(
        object.upload(data.clone()).presign(false).into_future(),
        object.upload(chunks(&data)).presign(false).into_future(),
        writing
    );
    for stats in [uploads.0, uploads.1, uploads.2] {
        assert_eq!(stats.unwrap().size_bytes, Some(i64::try_from(data.len()).unwrap()));
    }
    serving.abort();
}
