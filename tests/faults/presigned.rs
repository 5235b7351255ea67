//! Uploads to pre-signed URLs, when the storage, the URLs or the server fail.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::time::Duration;

use futures::stream;
use lakefs::{Body, Branch, BranchObject, Client, Error, ErrorKind, RetryPolicy};
use lakefs_testserver::Server;
use tokio::io::AsyncWriteExt as _;

use crate::support::{Fixture, wait_until};
use crate::test_data::{MIB, data};

/// Starts a test server with pre-signed URLs, and returns it with the default branch of the repository `faults`.
async fn start() -> (Fixture, Branch) {
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let main = fast_client(&fixture).repository("faults").branch("main");
    main.repository().create("mem://faults").await.unwrap();
    (fixture, main)
}

/// Returns a client that retries without long pauses.
fn fast_client(fixture: &Fixture) -> Client {
    let retries = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    fixture.builder().retries(retries).build().unwrap()
}

fn request_count(server: &Server, operation: &str) -> usize {
    server.requests_for(operation).len()
}

async fn assert_object_is(object: &BranchObject, data: &[u8]) {
    assert!(object.read().await.unwrap() == data, "the object has other bytes");
}

/// Asserts that the upload left nothing behind and that the error shows no more of a pre-signed URL than its origin.
async fn assert_nothing_is_left(server: &Server, object: &BranchObject, error: &Error) {
    assert!(!object.exists().await.unwrap());
    assert_eq!(server.open_uploads(), 0);
    let mut seen = format!("{error} {error:?} {}", String::from_utf8_lossy(error.body()));
    let mut cause = error.source();
    while let Some(source) = cause {
        seen = format!("{seen} {source} {source:?}");
        cause = source.source();
    }
    assert!(!seen.contains("X-Amz"), "{seen}");
    for url in seen.split("http://").skip(1) {
        let rest = url.trim_start_matches(|char: char| char.is_ascii_alphanumeric() || ".-:".contains(char));
        assert!(!rest.starts_with(['/', '?']), "{seen}");
    }
}

#[tokio::test]
async fn failed_requests_to_the_storage_are_retried() {
    const SLOW_DOWN: &str = "<Error><Code>SlowDown</Code></Error>";

    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for (path, bytes, operation) in [("single", MIB, "storagePut"), ("parts", 9 * MIB, "storagePutPart")] {
        let (object, data) = (main.object(path), data(bytes));
        let faults: [fn(&Server, &str); 4] = [
            |server, operation| server.faults().on(operation).times(2).respond(503, SLOW_DOWN),
            |server, operation| server.faults().on(operation).respond(500, ""),
            |server, operation| server.faults().on(operation).drop_connection(),
            |server, operation| server.faults().on(operation).drop_response(),
        ];
        for fault in faults {
            fault(server, operation);
            object.upload(data.clone()).await.unwrap();
            assert_object_is(&object, &data).await;
            assert_eq!(server.faults().pending(), Vec::<String>::new());
        }
        // Parts of a stream are buffered, so they are retried, too.
        if operation == "storagePutPart" {
            server.faults().on(operation).after(1).respond(500, "");
            let chunks: Vec<_> =
                data.chunks(100_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
            object.upload(Body::stream(stream::iter(chunks))).await.unwrap();
            assert_object_is(&object, &data).await;
        }
    }
}

#[tokio::test]
async fn failed_multipart_upload_is_aborted() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("storagePutPart").always().respond(500, "<Error><Code>InternalError</Code></Error>");
    let error = object.upload(data(30 * MIB)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.attempts()),
        (ErrorKind::Server, Some(500), 5),
        "{error}"
    );
    assert_eq!(error.operation(), Some("upload_part"));
    assert!(error.message().ends_with("InternalError"), "{error}");
    assert!(error.to_string().contains("of \"a\" on branch \"main\" of repository \"faults\""), "{error}");
    assert_nothing_is_left(server, &object, &error).await;
    server.faults().clear();

    server
        .faults()
        .on("completePresignMultipartUpload")
        .respond(403, r#"{"message":"cannot write to protected branch"}"#);
    let error = object.upload(data(9 * MIB)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteProtected);
    assert_nothing_is_left(server, &object, &error).await;
}

#[tokio::test]
async fn expired_url_is_replaced() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    server.faults().on("storagePut").times(2).respond(403, expired);
    object.upload(data(MIB)).presign(true).await.unwrap();
    assert_eq!((request_count(server, "getPhysicalAddress"), request_count(server, "storagePut")), (3, 3));
    server.faults().on("storagePutPart").respond(400, "<Error><Code>ExpiredToken</Code></Error>");
    object.upload(data(9 * MIB)).presign(true).await.unwrap();
    assert_eq!((request_count(server, "uploadPart"), request_count(server, "storagePutPart")), (1, 3));
    object.delete().await.unwrap();

    // The number of new URLs is limited.
    server.set_presigned_url_lifetime(Duration::ZERO);
    server.clear_requests();
    for (bytes, operation) in [(MIB, "storagePut"), (9 * MIB, "storagePutPart")] {
        let error = object.upload(data(bytes)).presign(true).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::PermissionDenied, Some(403)), "{error}");
        assert!(error.message().ends_with("AccessDenied"), "{error}");
        assert!((3..=6).contains(&request_count(server, operation)));
        assert_nothing_is_left(server, &object, &error).await;
    }
}

#[tokio::test]
async fn upload_with_a_wrong_checksum_fails() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let wrong_etag =
        || server.faults().on("storagePut").header("ETag", "\"900150983cd24fb0d6963f7d28e17f72\"");
    wrong_etag().respond(200, "");
    object.upload(data(MIB)).await.unwrap();
    assert_eq!(request_count(server, "storagePut"), 2);
    object.delete().await.unwrap();

    wrong_etag().times(3).respond(200, "");
    let error = object.upload(data(MIB)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Integrity, Some("get_physical_address")),
        "{error}"
    );
    assert_nothing_is_left(server, &object, &error).await;
    server.faults().on("storagePut").times(3).respond(400, "<Error><Code>BadDigest</Code></Error>");
    let error = object.upload(data(MIB)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert_nothing_is_left(server, &object, &error).await;

    // The ETag of an encrypted object is not its MD5 hash.
    server.clear_requests();
    wrong_etag().header("x-amz-server-side-encryption", "aws:kms").respond(200, "");
    let stats = object.upload(data(MIB)).await.unwrap();
    assert_eq!((stats.checksum.len(), request_count(server, "storagePut")), (32, 1));
    assert_ne!(stats.checksum, "900150983cd24fb0d6963f7d28e17f72");
    assert!(server.requests_for("storagePut")[0].header("content-md5").is_some());

    let completed = |size: usize, checksum: &str| {
        format!(
            r#"{{"path":"a","path_type":"object","physical_address":"data/x","mtime":1,"size_bytes":{size},"checksum":"{checksum}"}}"#
        )
    };
    let two = "d41d8cd98f00b204e9800998ecf8427e-2";
    for (size, checksum) in [(9 * MIB, two), (9 * MIB - 1, "of another kind")] {
        server.faults().on("completePresignMultipartUpload").replace_body(completed(size, checksum));
        let error = object.upload(data(9 * MIB)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert!(error.message().ends_with("the object was created nevertheless"), "{error}");
        assert_eq!(server.open_uploads(), 0);
    }
    assert_eq!(request_count(server, "abortPresignMultipartUpload"), 0);
    server.faults().on("completePresignMultipartUpload").replace_body(completed(9 * MIB, "of another kind"));
    object.upload(data(9 * MIB)).await.unwrap();
}

#[tokio::test]
async fn lost_response_to_the_last_request_is_reconciled() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("linkPhysicalAddress").drop_response();
    let stats = object.upload(data(MIB)).if_none_match("*").await.unwrap();
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!(request_count(server, "linkPhysicalAddress"), 1);
    server.faults().on("completePresignMultipartUpload").drop_response();
    let stats = object.upload(data(9 * MIB)).await.unwrap();
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!((request_count(server, "completePresignMultipartUpload"), server.open_uploads()), (1, 0));

    // The object of another client is not taken for the uploaded one.
    let other = main.object("b");
    other.upload("another client's").await.unwrap();
    // Before larger data are sent under a condition, the client checks whether the object exists.
    let small = MIB - 1;
    for (bytes, operation) in [(small, "linkPhysicalAddress"), (9 * MIB, "completePresignMultipartUpload")] {
        server.faults().on(operation).drop_connection();
        let upload = other.upload(data(bytes)).presign(true);
        let upload = if bytes == small { upload.if_none_match("*") } else { upload };
        let error = upload.await.unwrap_err();
        assert!(error.kind() == ErrorKind::Transport && error.is_outcome_unknown(), "{error}");
    }
    assert_object_is(&other, b"another client's").await;
    assert_eq!(server.open_uploads(), 0);
}

#[tokio::test]
async fn dropped_multipart_upload_is_aborted() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("storagePutPart").after(2).always().delay(Duration::from_secs(60)).proceed();
    let mut writer = object.writer().await.unwrap();
    writer.write_all(&data(16 * MIB)).await.unwrap();
    let upload = tokio::spawn(object.upload(data(30 * MIB)).into_future());
    // Each upload has an address of its own.
    let sends_parts = async || {
        let addresses = server.requests_for("storagePutPart").into_iter().map(|request| request.path);
        addresses.collect::<BTreeSet<_>>().len() == 2
    };
    wait_until("both uploads send parts", sends_parts).await;
    drop(writer);
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    wait_until("both uploads are aborted", async || server.open_uploads() == 0).await;
    assert!(!object.exists().await.unwrap());
}

/// A response with a pre-signed URL of this endpoint.
fn signed(endpoint: &str) -> String {
    let address = "mem://faults/data/x/y,z";
    format!(
        r#"{{"physical_address":"{address}","presigned_url":"{endpoint}/bucket/key?X-Amz-Signature=5ec3e7"}}"#
    )
}

#[tokio::test]
async fn unreachable_storage_is_bypassed_unless_required() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    server.faults().on("getPhysicalAddress").always().respond(200, signed("http://127.0.0.1:1"));
    let error = object.upload(data(MIB)).presign(true).await.unwrap_err();
    let expected = "cannot connect to http://127.0.0.1:1: connection refused";
    assert_eq!((error.kind(), error.message()), (ErrorKind::Transport, expected));
    assert_nothing_is_left(server, &object, &error).await;
    for _ in 0..2 {
        object.upload(data(MIB)).await.unwrap();
        assert_object_is(&object, &data(MIB)).await;
    }
    // The storage is tried once.
    assert_eq!((request_count(server, "getPhysicalAddress"), request_count(server, "uploadObject")), (2, 2));
}

#[tokio::test]
async fn redirects_and_invalid_urls_of_the_storage_are_not_followed() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    for status in [301, 302, 307, 308] {
        let elsewhere = format!("{}/elsewhere", server.endpoint());
        server.clear_requests();
        server.faults().on("storagePut").header("Location", &elsewhere).respond(status, "");
        let error = object.upload(data(MIB)).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(status)), "{error}");
        assert!(error.message().contains("redirects"), "{error}");
        assert_nothing_is_left(server, &object, &error).await;
        let expected = ["getPhysicalAddress", "getBranch", "storagePut", "statObject", "getConfig"];
        assert!(server.requests().iter().all(|request| expected.contains(&request.operation)));
    }
    for wrong in [r#"{"physical_address":"mem://faults/data/x/y,z"}"#.to_owned(), signed("no address")] {
        server.faults().on("getPhysicalAddress").respond(200, wrong);
        let error = object.upload(data(MIB)).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Decode, None), "{error}");
        assert_nothing_is_left(server, &object, &error).await;
    }
}

#[tokio::test]
async fn storage_config_is_read_once_and_selects_the_upload_path() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = |client: &Client| client.repository(main.repository().name()).branch("main").object("a");
    let client = fast_client(&fixture);
    server.faults().on("getConfig").always().respond(403, r#"{"message":"forbidden"}"#);
    for _ in 0..3 {
        object(&client).upload(data(MIB)).await.unwrap();
    }
    assert_eq!((request_count(server, "getConfig"), request_count(server, "uploadObject")), (1, 3));
    let error = object(&fast_client(&fixture)).upload("a").presign(true).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::PermissionDenied, Some("get_config")));
    server.faults().clear();

    // The repository determines which of several storages is used.
    let storage = |id: &str, presigns: bool| {
        format!(
            r#"{{"blockstore_id":"{id}","blockstore_type":"s3","blockstore_namespace_example":"",
            "blockstore_namespace_ValidityRegex":"","pre_sign_support":{presigns},"pre_sign_support_ui":false,
            "pre_sign_multipart_upload":false,"import_support":false,"import_validity_regex":""}}"#
        )
    };
    let (one, two) = (storage("one", false), storage("two", true));
    for (id, operation) in [("one", "uploadObject"), ("two", "storagePut"), ("three", "uploadObject")] {
        let client = fast_client(&fixture);
        server.clear_requests();
        server
            .faults()
            .on("getConfig")
            .respond(200, format!(r#"{{"storage_config":{one},"storage_config_list":[{one},{two}]}}"#));
        let repository = format!(
            r#"{{"id":"faults","creation_date":1,"default_branch":"main","storage_namespace":"mem://faults","storage_id":"{id}"}}"#
        );
        server.faults().on("getRepository").respond(200, repository);
        for _ in 0..2 {
            object(&client).upload(data(9 * MIB)).await.unwrap();
        }
        let counts =
            ["getConfig", "getRepository", operation].map(|operation| request_count(server, operation));
        assert_eq!(counts, [1, 1, 2], "{id}");
    }
}
