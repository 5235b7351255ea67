//! Uploads of data that can be read only once: streams, readers, writers, and the parts of an object store.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::stream;
use lakefs::{Body, BranchObject, Client, Credentials, Error, ErrorKind, RetryPolicy};
use lakefs_testserver::Server;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::start;
use crate::support::{Fixture, wait_for, wait_until};
use crate::test_data::{MIB, chunks, data};

const REFUSAL: &str = r#"{"message":"error authenticating request"}"#;

/// The kinds of one-shot sources.
const SOURCES: &[&str] = &[
    "stream",
    "stream with length",
    "reader",
    "writer",
    #[cfg(feature = "object_store")]
    "put_multipart",
];

/// A policy with short pauses between the attempts.
fn retries() -> RetryPolicy {
    RetryPolicy::default()
        .initial_backoff(Duration::from_millis(1))
        .reconcile_timeout(Duration::from_millis(500))
}

/// The object `a` of a client with short pauses between the attempts.
fn object(client: &Client, repository: &str) -> BranchObject {
    client.repository(repository).branch("main").object("a")
}

/// Uploads data that can be read only once, from a source of this kind.
async fn upload(object: &BranchObject, source: &str, data: &[u8]) -> Result<(), Error> {
    match source {
        "stream" => object.upload(chunks(data)).await.map(drop),
        "stream with length" => object.upload(chunks(data).with_length(data.len() as u64)).await.map(drop),
        "reader" => object.upload(Body::reader(io::Cursor::new(data.to_vec()))).await.map(drop),
        "writer" => {
            let mut writer = object.writer().await?;
            for chunk in data.chunks(77_777) {
                writer.write_all(chunk).await.map_err(|error| error.downcast::<Error>().unwrap())?;
            }
            writer.finish().await.map(drop)
        }
        #[cfg(feature = "object_store")]
        "put_multipart" => {
            use object_store::ObjectStoreExt as _;
            let store = lakefs::object_store::LakeFsStore::at(object.branch());
            let mut upload = store.put_multipart(&object.path().into()).await.unwrap();
            let mut outcome = Ok(());
            for part in data.chunks(MIB) {
                outcome = outcome.and(upload.put_part(part.to_vec().into()).await);
            }
            let outcome = match outcome {
                Ok(()) => upload.complete().await.map(drop),
                failed => failed,
            };
            outcome.map_err(|error| {
                let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
                while let Some(source) = cause {
                    if let Some(error) = source.downcast_ref::<Error>() {
                        panic!("{error}");
                    }
                    cause = source.source();
                }
                panic!("{error}")
            })
        }
        other => unreachable!("{other}"),
    }
}

#[tokio::test]
async fn one_shot_data_are_sent_again_after_a_failure() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let client = fixture.builder().retries(retries()).build().unwrap();
    let object = object(&client, main.repository().name());
    for bytes in [10, 2 * MIB + 500_003] {
        for source in SOURCES.iter().copied() {
            for failure in 0..6 {
                server.clear_requests();
                let fault = server.faults().on("upload_object");
                match failure {
                    0 => fault.drop_connection(),
                    1 => fault.drop_after_body(),
                    2 => fault.drop_response(),
                    3 => fault.respond(503, r#"{"message":"Throughput exceeded. Slow down and retry"}"#),
                    4 => fault.respond(429, r#"{"message":"too many requests"}"#),
                    _ => fault.respond_after(504, ""),
                }
                let mut data = data(bytes);
                data[0] = failure;
                let uploaded = upload(&object, source, &data);
                wait_for("the upload", uploaded)
                    .await
                    .unwrap_or_else(|error| panic!("{source} {failure}: {error}"));
                assert!(
                    object.read().await.unwrap() == data,
                    "{source} {failure}: the object has other bytes"
                );
                assert!(server.requests_for("upload_object").len() >= 2, "{source} {failure}");
            }
        }
    }
}

/// Accepts connections at an address, and forwards them to a server.
async fn forward(address: SocketAddr, server: String) {
    let listener = TcpListener::bind(address).await.unwrap();
    // Connections end with this future.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(&server).await.unwrap();
        connections.spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
    }
}

#[tokio::test]
async fn one_shot_data_wait_for_a_server_that_refuses_connections() {
    let (fixture, main) = start().await;
    let retries = retries().max_attempts(1000).max_backoff(Duration::from_millis(20));
    let repository = main.repository();
    let [id, secret] = fixture.access_key();
    for source in SOURCES.iter().copied() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let builder = Client::builder().endpoint(format!("http://{address}")).access_key(&*id, &*secret);
        let client = builder.retries(retries.clone()).retry_budget(None).build().unwrap();
        let object = object(&client, repository.name());
        let server = fixture.endpoint().strip_prefix("http://").unwrap();
        let server = server.split('/').next().unwrap().to_owned();
        // The route of the upload is known before the server is gone.
        let forwarding = tokio::spawn(forward(address, server.clone()));
        client.server_config().await.unwrap();
        forwarding.abort();
        _ = forwarding.await;
        let upload = tokio::spawn(async move { upload(&object, source, &data(3 * MIB)).await });
        let attempted = Instant::now();
        wait_until("several attempts are made", async || attempted.elapsed() > Duration::from_millis(50))
            .await;
        let forwarding = tokio::spawn(forward(address, server));
        wait_for("the upload", upload).await.unwrap().unwrap();
        assert!(main.object("a").read().await.unwrap() == data(3 * MIB), "{source}");
        forwarding.abort();
    }
}

#[tokio::test]
async fn refused_token_is_renewed_for_one_shot_data() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let [id, secret] = fixture.access_key();
    for source in SOURCES.iter().copied() {
        let credentials = Credentials::login(&*id, &*secret);
        let client = fixture.anonymous().credentials(credentials).retries(retries()).build().unwrap();
        let object = object(&client, main.repository().name());
        client.repository(main.repository().name()).get().await.unwrap();
        server.clear_requests();
        server.faults().on("upload_object").respond(401, REFUSAL);
        wait_for("the upload", upload(&object, source, &data(10_000))).await.unwrap();
        assert_eq!(server.requests_for("login").len(), 1, "{source}");
        assert!(object.read().await.unwrap() == data(10_000), "{source}");

        // Data that are not kept end the call, and the next one has a new token.
        server.faults().on("upload_object").respond(401, REFUSAL);
        let upload = object.upload(chunks(&data(10_000))).spool_limit(0);
        let error = wait_for("the upload", upload.into_future()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1), "{error}");
        object.upload(chunks(&data(10_000))).spool_limit(0).await.unwrap();
        assert_eq!(server.requests_for("login").len(), 2, "{source}");
    }
}

#[test]
fn one_blocking_thread_is_enough_for_uploads() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        for presigned in [false, true] {
            let server = if presigned { Server::builder().presigned_storage() } else { Server::builder() };
            let fixture = Fixture::start(server).await;
            let main = fixture.main("one-thread").await;
            let client = fixture.builder().retries(retries()).build().unwrap();
            let object = object(&client, main.repository().name());
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("a");
            std::fs::write(&file, data(9 * MIB)).unwrap();
            let uploads = async {
                for fails in [false, true] {
                    if fails {
                        let operation = if presigned { "storagePutPart" } else { "upload_object" };
                        fixture.test_server().faults().on(operation).drop_after_body();
                    }
                    let bodies = [Body::file(&file), chunks(&data(9 * MIB)), Body::from(data(9 * MIB))];
                    let uploads = bodies.map(|body| object.upload(body).into_future());
                    futures::future::try_join_all(uploads).await.unwrap();
                }
                for source in SOURCES.iter().copied() {
                    upload(&object, source, &data(2 * MIB)).await.unwrap();
                }
            };
            // A machine that does much else needs long for so much data.
            tokio::time::timeout(Duration::from_secs(180), uploads).await.expect("the uploads end in time");
            assert!(object.read().verify(false).await.unwrap() == data(2 * MIB));
        }
    });
}

#[tokio::test]
async fn stream_that_fails_is_not_sent_again() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let client = fixture.builder().retries(retries()).build().unwrap();
    let chunks = stream::iter([Ok(data(3 * MIB)), Err(io::Error::other("no more"))]);
    let failed = object(&client, main.repository().name()).upload(Body::stream(chunks)).await;
    let error = failed.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Io, 1), "{error}");
    assert!(error.message().contains("no more"), "{error}");
    assert!(server.requests_for("upload_object").len() <= 1);
    assert!(!main.object("a").exists().await.unwrap());
}
