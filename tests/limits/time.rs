//! Limits on time, in every phase of a call.

use std::time::Duration;

use bytes::Bytes;
use lakefs::reexports::bytes;
use lakefs::reexports::reqwest::dns::{Name, Resolve, Resolving};
use lakefs::{Body, Client, ClientBuilder, Error, ErrorKind, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::raw_server::{RawServer, read_head};
use crate::support::{Fixture, ScriptedResponse, ScriptedServer};
use crate::within_deadline;

const LIMIT: Duration = Duration::from_millis(200);

const REPOSITORY: &str =
    r#"{"id":"example","creation_date":1,"default_branch":"main","storage_namespace":"mem://x"}"#;

fn builder(endpoint: &str) -> ClientBuilder {
    Client::builder().endpoint(endpoint).anonymous().retries(RetryPolicy::none()).response_timeout(LIMIT)
}

/// A resolver that never responds.
struct Silent;

impl Resolve for Silent {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(std::future::pending())
    }
}

/// Asserts that a commit ended with a timeout, and whether it may have taken effect.
async fn assert_commit_times_out(client: ClientBuilder, message: &str, is_outcome_unknown: bool) {
    let branch = client.build().unwrap().repository("example").branch("main");
    let (outcome, elapsed) = within_deadline(branch.commit("one").into_future()).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.message().contains(message), "{error}");
    assert_eq!(error.is_outcome_unknown(), is_outcome_unknown, "{error}");
    assert!(elapsed >= LIMIT && elapsed < LIMIT * 20, "{elapsed:?}");
}

#[tokio::test]
async fn name_resolution_has_the_connect_timeout() {
    let client = Client::builder()
        .endpoint("http://lakefs.test")
        .anonymous()
        .retries(RetryPolicy::none())
        .connect_timeout(LIMIT)
        .configure_http(|http| http.dns_resolver(Silent));
    assert_commit_times_out(client, "cannot connect to http://lakefs.test: no connection", false).await;
}

#[cfg(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls"))]
#[tokio::test]
async fn tls_handshake_has_the_connect_timeout() {
    let server = RawServer::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let client = Client::builder()
        .endpoint(server.https())
        .anonymous()
        .retries(RetryPolicy::none())
        .connect_timeout(LIMIT);
    assert_commit_times_out(client, "no connection within the connect timeout", false).await;
}

#[tokio::test]
async fn wait_for_the_head_has_the_response_timeout() {
    let server = ScriptedServer::start([ScriptedResponse::stalled()]).await;
    let message = format!("no response from {} within the response timeout of 200ms", server.endpoint());
    assert_commit_times_out(builder(server.endpoint()), &message, true).await;
}

/// A server that takes no bytes of a body has no complete request.
#[tokio::test]
async fn sending_has_the_response_timeout() {
    let server = RawServer::start(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let client = builder(&server.http()).build().unwrap();
    let object = client.repository("example").branch("main").object("a");
    let body = Body::from(Bytes::from(vec![0; 64 * 1024 * 1024]));
    let (outcome, elapsed) = within_deadline(object.upload(body).presign(false).into_future()).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let expected = format!("{} took no data of the request within", server.http());
    assert!(error.message().starts_with(&expected), "{error}");
    assert!(elapsed >= LIMIT, "{elapsed:?}");
}

#[tokio::test]
async fn slow_server_may_take_a_body_for_longer_than_the_response_timeout() {
    const SIZE: usize = 64 * 1024 * 1024;
    // The limit also applies to what is left in the buffers of the system after the last bytes are handed over.
    let limit = LIMIT * 4;
    let server = RawServer::start(|mut stream| async move {
        read_head(&mut stream).await;
        let mut left = SIZE;
        let mut buffer = vec![0; 4 * 1024 * 1024];
        while left > 0 {
            tokio::time::sleep(LIMIT / 2 + LIMIT / 10).await;
            let size = buffer.len().min(left);
            stream.read_exact(&mut buffer[..size]).await.unwrap();
            left -= size;
        }
        let stats = format!(
            r#"{{"path":"a","path_type":"object","physical_address":"mem://a","mtime":1,"size_bytes":{SIZE},"checksum":"-"}}"#
        );
        let head = format!(
            "HTTP/1.1 201 Created\r\nX-Request-Id: 7\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            stats.len()
        );
        stream.write_all(format!("{head}{stats}").as_bytes()).await.unwrap();
    });
    let client = builder(&server.http()).response_timeout(limit).build().unwrap();
    let object = client.repository("example").branch("main").object("a");
    let body = Body::from(Bytes::from(vec![0; SIZE]));
    let (outcome, elapsed) = within_deadline(object.upload(body).presign(false).into_future()).await;
    outcome.unwrap();
    assert!(elapsed > limit * 2, "{elapsed:?}");
}

/// Starts a server that sends so much of a response and then nothing.
async fn stalling(response: ScriptedResponse) -> ScriptedServer {
    ScriptedServer::start([response.stalling_before_last(1)]).await
}

#[tokio::test]
async fn body_of_a_response_has_the_response_timeout() {
    let server = stalling(ScriptedResponse::json(200, REPOSITORY)).await;
    let repository = builder(server.endpoint()).build().unwrap().repository("example");
    let error = within_deadline(repository.get()).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");

    let server = stalling(ScriptedResponse::json(201, "{}")).await;
    assert_commit_times_out(builder(server.endpoint()), "no response from", true).await;

    let server = stalling(ScriptedResponse::json(201, "{}")).await;
    let client = builder(server.endpoint()).build().unwrap();
    let upload = client.repository("example").branch("main").object("a").upload("abc").presign(false);
    let error = within_deadline(upload.into_future()).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

#[tokio::test]
async fn stalled_body_of_an_error_does_not_hide_its_status() {
    let server = stalling(ScriptedResponse::json(503, r#"{"message":"busy"}"#)).await;
    let repository = builder(server.endpoint()).build().unwrap().repository("example");
    let (outcome, elapsed) = within_deadline(repository.get()).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(503)), "{error}");
    assert!(elapsed >= LIMIT && elapsed < LIMIT * 20, "{elapsed:?}");
}

#[tokio::test]
async fn stalled_download_has_the_response_timeout() {
    let server = stalling(ScriptedResponse::new(200, "a/b", "0123456789")).await;
    let client = builder(server.endpoint()).build().unwrap();
    let object = client.repository("example").branch("main").object("a");
    let read = async {
        let mut reader = object.reader().verify(false).await.unwrap();
        let mut read = Vec::new();
        let error = reader.read_to_end(&mut read).await.unwrap_err();
        (read, error.into_inner().unwrap().downcast::<Error>().unwrap())
    };
    let (read, error) = within_deadline(read).await.0;
    assert_eq!(read, b"012345678");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("get_object")), "{error}");
}

#[tokio::test]
async fn time_in_which_nobody_reads_a_download_does_not_count() {
    let fixture = Fixture::in_memory().await;
    let main = fixture.main("paused_reader").await;
    let size = 16 * 1024 * 1024;
    main.object("a").upload(vec![7; size]).presign(false).await.unwrap();
    let client = fixture.builder().retries(RetryPolicy::none()).response_timeout(LIMIT).build().unwrap();
    let object = client.repository(main.repository().name()).branch("main").object("a");
    let read = async {
        let mut reader = object.reader().await.unwrap();
        let mut first = [0; 1000];
        reader.read_exact(&mut first).await.unwrap();
        tokio::time::sleep(LIMIT * 3).await;
        tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.unwrap()
    };
    let (read, elapsed) = within_deadline(read).await;
    assert_eq!(read, (size - 1000) as u64);
    assert!(elapsed >= LIMIT * 3, "{elapsed:?}");
}

#[tokio::test]
async fn hung_read_is_retried() {
    let server =
        ScriptedServer::start([ScriptedResponse::stalled(), ScriptedResponse::json(200, REPOSITORY)]).await;
    let client = builder(server.endpoint()).retries(RetryPolicy::default()).build().unwrap();
    within_deadline(client.repository("example").get()).await.0.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn longest_duration_is_no_limit() {
    let fixture = Fixture::in_memory().await;
    let main = fixture.main("no_limit").await;
    let client = fixture
        .builder()
        .connect_timeout(Duration::MAX)
        .response_timeout(Duration::MAX)
        .pool_idle_timeout(Duration::MAX)
        .retries(
            RetryPolicy::default()
                .initial_backoff(Duration::MAX)
                .max_backoff(Duration::from_millis(1))
                .max_elapsed(Duration::MAX),
        )
        .build()
        .unwrap();
    let object = client.repository(main.repository().name()).branch("main").object("a");
    let work = async {
        object.upload(vec![7; 100_000]).presign(false).await.unwrap();
        fixture.test_server().faults().on("getObject").respond(503, "");
        assert_eq!(object.read().await.unwrap().len(), 100_000);
        object.upload(Body::from("abc")).await.unwrap();
    };
    within_deadline(work).await;
}

/// reqwest's default of `TCP_USER_TIMEOUT` is 30 seconds.
#[tokio::test]
#[ignore = "takes 40 seconds"]
async fn upload_to_a_server_that_reads_nothing_for_40_seconds_succeeds() {
    const SIZE: usize = 32 * 1024 * 1024;
    let server = RawServer::start(|mut stream| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(40)).await;
        stream.read_exact(&mut vec![0; SIZE]).await.unwrap();
        let response =
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n";
        stream.write_all(format!("{response}{{\"message\":\"done\"}}").as_bytes()).await.unwrap();
    });
    let client =
        Client::builder().endpoint(server.http()).anonymous().retries(RetryPolicy::none()).build().unwrap();
    let object = client.repository("example").branch("main").object("a");
    let body = Body::from(Bytes::from(vec![0; SIZE]));
    let upload = object.upload(body).presign(false).into_future();
    let error = tokio::time::timeout(Duration::from_secs(60), upload).await.unwrap().unwrap_err();
    assert_eq!(error.status(), Some(400), "{error}");
}
