//! The options and limits of uploads: how much is kept to be sent again, how large an object may be, and how it is verified.

use std::time::Duration;

use lakefs::{Body, BranchObject, ErrorKind, RetryPolicy, Verify};
use lakefs_testserver::Server;

use crate::start;
use crate::support::{Fixture, ScriptedResponse, ScriptedServer, wait_for};
use crate::test_data::{MIB, chunks, data};

/// Returns the object `a` of a client with short pauses between the attempts.
fn object(fixture: &Fixture, repository: &str) -> BranchObject {
    let retries = RetryPolicy::default()
        .initial_backoff(Duration::from_millis(1))
        .reconcile_timeout(Duration::from_millis(200));
    let client = fixture.builder().retries(retries).build().unwrap();
    client.repository(repository).branch("main").object("a")
}

#[tokio::test]
async fn data_beyond_the_spool_limit_are_sent_once() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = object(&fixture, main.repository().name());
    for bytes in [MIB, 3 * MIB] {
        let upload = || object.upload(chunks(&data(bytes))).spool_limit(bytes as u64 - 1);
        upload().await.unwrap();
        assert!(object.read().await.unwrap() == data(bytes));
        // The client does not find data of an earlier upload.
        object.upload("another").await.unwrap();
        server.faults().on("upload_object").respond(503, r#"{"message":"Slow down"}"#);
        server.clear_requests();
        match wait_for("the upload", upload().into_future()).await {
            // The response arrived before the limit was reached.
            Ok(_) => assert_eq!(server.requests_for("upload_object").len(), 2),
            Err(error) => assert!(error.message().contains("spool_limit"), "{error}"),
        }
        // The response is lost, and the object is there.
        server.clear_requests();
        server.faults().on("upload_object").drop_response();
        let stats = wait_for("the upload", upload().into_future()).await.unwrap();
        assert_eq!(stats, object.get().await.unwrap());
        assert_eq!(server.requests_for("upload_object").len(), 1);
        // The request is lost after all data were sent.
        object.upload("another").await.unwrap();
        server.faults().on("upload_object").drop_after_body();
        let error = wait_for("the upload", upload().into_future()).await.unwrap_err();
        assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Transport, "{error}");
        let limit = bytes - 1;
        let expected =
            format!("cannot be sent again: they have more than {limit} bytes, the limit of `spool_limit`");
        assert!(error.message().contains(&expected), "{error}");
        assert_eq!(object.read().await.unwrap(), "another");
    }
    let mut writer = object.writer().spool_limit(0).await.unwrap();
    server.faults().on("upload_object").drop_after_body();
    tokio::io::AsyncWriteExt::write_all(&mut writer, b"abc").await.unwrap();
    let error = wait_for("the writer", writer.finish()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn directory_of_the_spool_is_used_beyond_1_mib() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let client = fixture.builder().spool_dir("/no/such/directory").build().unwrap();
    let object = client.repository(main.repository().name()).branch("main").object("a");
    server.faults().on("upload_object").drop_after_body();
    object.upload(chunks(&data(MIB))).await.unwrap();
    object.upload(chunks(&data(5 * MIB))).await.unwrap();
    object.upload("another").await.unwrap();
    server.faults().on("upload_object").drop_after_body();
    let error =
        wait_for("the upload", object.upload(chunks(&data(5 * MIB))).into_future()).await.unwrap_err();
    assert!(error.message().contains("temporary file"), "{error}");
    // The directory stays empty, because the file has no name.
    let folder = tempfile::tempdir().unwrap();
    server.faults().on("upload_object").drop_after_body();
    let upload = object.upload(chunks(&data(5 * MIB))).spool_dir(folder.path()).progress({
        let folder = folder.path().to_owned();
        move |_| assert!(std::fs::read_dir(&folder).unwrap().next().is_none())
    });
    wait_for("the upload", upload.into_future()).await.unwrap();
    assert!(object.read().await.unwrap() == data(5 * MIB));
}

/// Creates a file of zeros that takes no space.
fn sparse_file(folder: &tempfile::TempDir, length: u64) -> std::path::PathBuf {
    let path = folder.path().join("sparse");
    std::fs::File::create(&path).unwrap().set_len(length).unwrap();
    path
}

#[tokio::test]
async fn body_above_5_gib_has_no_content_length() {
    let folder = tempfile::tempdir().unwrap();
    for (excess, header) in [(0, "content-length: 5368709120"), (1, "transfer-encoding: chunked")] {
        let file = sparse_file(&folder, (5 << 30) + excess);
        // The server responds to the head of the request, without the body.
        let server = early_server().await;
        let client = server.client();
        let upload =
            client.repository("example").branch("main").object("a").upload(Body::file(&file)).presign(false);
        let error = wait_for("the response", upload.into_future()).await.unwrap_err();
        assert_eq!(error.status(), Some(403), "{error}");
        assert!(server.head().contains(header), "{}", server.head());
    }
}

/// A server that responds with 403 to the head of a request.
struct EarlyServer {
    endpoint: String,
    head: std::sync::Arc<std::sync::Mutex<String>>,
    serving: tokio::task::JoinHandle<()>,
}

async fn early_server() -> EarlyServer {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let head: std::sync::Arc<std::sync::Mutex<String>> = std::sync::Arc::default();
    let serving = tokio::spawn({
        let head = head.clone();
        async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut received = Vec::new();
            while !received.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                stream.read_buf(&mut received).await.unwrap();
            }
            *head.lock().unwrap() = String::from_utf8_lossy(&received).to_ascii_lowercase();
            let response = "HTTP/1.1 403 Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(response.as_bytes()).await.unwrap();
            // The connection stays open, so that the client gets the response.
            std::future::pending::<()>().await;
        }
    });
    EarlyServer { endpoint, head, serving }
}

impl EarlyServer {
    fn client(&self) -> lakefs::Client {
        let builder = lakefs::Client::builder().endpoint(&self.endpoint).access_key("key", "secret");
        builder.retries(RetryPolicy::none()).build().unwrap()
    }

    fn head(&self) -> String {
        self.head.lock().unwrap().clone()
    }
}

impl Drop for EarlyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[tokio::test]
async fn object_that_is_too_large_for_the_storage_is_refused_before_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = sparse_file(&folder, 50_000 * (MIB as u64) + 1);
    for (storage, is_refused) in [("s3", true), ("azure", true), ("local", false)] {
        let fixture = Fixture::in_memory().await;
        let server = fixture.test_server();
        let config = format!(
            r#"{{"storage_config":{{"blockstore_type":"{storage}","blockstore_namespace_example":"",
            "blockstore_namespace_ValidityRegex":"","pre_sign_support":false,"pre_sign_support_ui":false,
            "import_support":false,"import_validity_regex":""}}}}"#
        );
        server.faults().on("getConfig").respond(200, config);
        server.faults().on("upload_object").respond(403, r#"{"message":"no"}"#);
        for presign in [None, Some(false)] {
            let upload =
                fixture.client.repository("example").branch("main").object("a").upload(Body::file(&file));
            let upload = match presign {
                Some(presign) => upload.presign(presign),
                None => upload,
            };
            if !is_refused {
                continue;
            }
            let error = wait_for("the refusal", upload.into_future()).await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidRequest, 0), "{error}");
            assert!(error.message().contains("48.8 GiB") && error.message().contains("in parts"), "{error}");
            assert_eq!(server.requests_for("upload_object").len(), 0);
        }
        if !is_refused {
            let upload =
                fixture.client.repository("example").branch("main").object("a").upload(Body::file(&file));
            let error = wait_for("the response", upload.into_future()).await.unwrap_err();
            assert_ne!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        }
    }
}

#[tokio::test]
async fn verification_of_an_upload_can_be_strict_or_off() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let stats = |checksum: &str, size: u32| {
        format!(
            r#"{{"path":"a","path_type":"object","physical_address":"mem://a","mtime":1,"size_bytes":{size},"checksum":"{checksum}"}}"#
        )
    };
    let (abc, other) = ("900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e");
    let opaque = "0x8DBA";
    for (verify, checksum, size, is_ok) in [
        (Verify::Auto, abc, 3, true),
        (Verify::Auto, other, 3, false),
        (Verify::Auto, opaque, 3, true),
        (Verify::Strict, abc, 3, true),
        (Verify::Strict, other, 3, false),
        (Verify::Strict, opaque, 3, false),
        (Verify::Off, other, 3, true),
        (Verify::Off, abc, 4, false),
    ] {
        for body in [Body::from("abc"), chunks(b"abc")] {
            server.faults().on("upload_object").replace_body(stats(checksum, size));
            let outcome = object.upload(body).verify(verify).await;
            assert_eq!(outcome.is_ok(), is_ok, "{verify:?} {checksum}: {outcome:?}");
            if let Err(error) = outcome {
                assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
            }
        }
    }
    // The default is that of the client.
    let client = fixture.builder().verify(Verify::Strict).build().unwrap();
    server.faults().on("upload_object").times(2).replace_body(stats(opaque, 3));
    let object = client.repository(main.repository().name()).branch("main").object("a");
    assert_eq!(object.upload("abc").await.unwrap_err().kind(), ErrorKind::Integrity);
    let mut writer = object.writer().verify(false).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut writer, b"abc").await.unwrap();
    writer.finish().await.unwrap();
}

#[tokio::test]
async fn upload_to_the_storage_without_verification_hashes_nothing() {
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let main = fixture.main("off").await;
    for bytes in [2 * MIB, 20 * MIB] {
        for body in
            [Body::from(data(bytes)), chunks(&data(bytes)), chunks(&data(bytes)).with_length(bytes as u64)]
        {
            let stats = main.object("a").upload(body).verify(false).presign(true).await.unwrap();
            assert_eq!(stats.size_bytes, Some(i64::try_from(bytes).unwrap()));
            assert!(main.object("a").read().await.unwrap() == data(bytes));
        }
    }
    let requests = fixture.test_server().requests();
    assert!(requests.iter().all(|request| request.header("content-md5").is_none()));
}

#[tokio::test]
async fn large_data_for_one_request_to_the_storage_are_verified_by_their_etag() {
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let main = fixture.main("large").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    std::fs::write(&file, data(20 * MIB)).unwrap();
    // A condition excludes parts.
    let stats = main.object("a").upload(Body::file(&file)).if_none_match("*").await.unwrap();
    assert!(!stats.checksum.contains('-'), "{}", stats.checksum);
    assert!(main.object("a").read().await.unwrap() == data(20 * MIB));
    assert_eq!(fixture.test_server().requests_for("storagePut").len(), 1);
    let wrong = ScriptedResponse::new(200, "", "").header("ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
    let storage = ScriptedServer::start(vec![wrong; 3]).await;
    let address = format!(
        r#"{{"physical_address":"mem://x/data/x/y,z","presigned_url":"{}/key?X-Amz-Signature=5"}}"#,
        storage.endpoint()
    );
    fixture.test_server().faults().on("getPhysicalAddress").always().respond(200, address);
    let upload = main.object("b").upload(Body::file(&file)).if_none_match("*");
    let error = wait_for("the upload", upload.into_future()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert!(!main.object("b").exists().await.unwrap());
}
