//! Data that go to the storage by themselves, when the storage, its addresses or the server fail on the way.

use std::error::Error as _;
use std::time::Duration;

use futures::stream;
use lakefs::{Body, Branch, BranchObject, Client, Error, ErrorKind, RetryPolicy};
use lakefs_testserver::Server;
use tokio::io::AsyncWriteExt as _;

const MIB: usize = 1 << 20;

/// A server whose storage signs, and the default branch of a repository on it.
async fn start() -> (Server, Branch) {
    let server = Server::builder().presigned_storage().start().await.unwrap();
    let main = client(&server).repository("faults").branch("main");
    main.repository().create("mem://faults").await.unwrap();
    (server, main)
}

fn client(server: &Server) -> Client {
    Client::builder()
        .endpoint(server.endpoint())
        .access_key(server.access_key_id(), server.secret_access_key())
        .retries(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .build()
        .unwrap()
}

fn data(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

fn asked(server: &Server, operation: &str) -> usize {
    server.requests_for(operation).len()
}

async fn holds(object: &BranchObject, data: &[u8]) {
    assert!(object.read().await.unwrap() == data, "other bytes");
}

/// Nothing of the upload is left, and nothing that was signed is shown.
async fn left_nothing(server: &Server, object: &BranchObject, error: &Error) {
    assert!(!object.exists().await.unwrap());
    assert_eq!(server.open_uploads(), 0);
    let mut seen = format!("{error} {error:?} {}", String::from_utf8_lossy(error.body()));
    let mut cause = error.source();
    while let Some(source) = cause {
        seen = format!("{seen} {source} {source:?}");
        cause = source.source();
    }
    assert!(!seen.contains("X-Amz") && !seen.contains("http"), "{seen}");
}

#[tokio::test]
async fn what_a_storage_fails_to_take_is_sent_again() {
    const SLOW_DOWN: &str = "<Error><Code>SlowDown</Code></Error>";

    let (server, main) = start().await;
    for (path, bytes, operation) in [("single", MIB, "storagePut"), ("parts", 9 * MIB, "storagePutPart")] {
        let (object, data) = (main.object(path), data(bytes));
        let ways: [fn(&Server, &str); 4] = [
            |server, operation| server.faults().on(operation).times(2).respond(503, SLOW_DOWN),
            |server, operation| server.faults().on(operation).respond(500, ""),
            |server, operation| server.faults().on(operation).drop_connection(),
            |server, operation| server.faults().on(operation).drop_response(),
        ];
        for way in ways {
            way(&server, operation);
            object.upload(data.clone()).await.unwrap();
            holds(&object, &data).await;
            assert_eq!(server.faults().pending(), Vec::<String>::new());
        }
        // Parts of a stream are kept, and sent again, too.
        if operation == "storagePutPart" {
            server.faults().on(operation).after(1).respond(500, "");
            let chunks: Vec<_> =
                data.chunks(100_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
            object.upload(Body::stream(stream::iter(chunks))).await.unwrap();
            holds(&object, &data).await;
        }
    }
}

#[tokio::test]
async fn an_upload_in_parts_that_fails_is_aborted() {
    let (server, main) = start().await;
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
    left_nothing(&server, &object, &error).await;
    server.faults().clear();

    server
        .faults()
        .on("completePresignMultipartUpload")
        .respond(403, r#"{"message":"cannot write to protected branch"}"#);
    let error = object.upload(data(9 * MIB)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteProtected);
    left_nothing(&server, &object, &error).await;
}

#[tokio::test]
async fn an_address_that_has_expired_is_asked_for_anew() {
    let (server, main) = start().await;
    let object = main.object("a");
    let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    server.faults().on("storagePut").times(2).respond(403, expired);
    object.upload(data(MIB)).await.unwrap();
    assert_eq!((asked(&server, "getPhysicalAddress"), asked(&server, "storagePut")), (3, 3));
    server.faults().on("storagePutPart").respond(400, "<Error><Code>ExpiredToken</Code></Error>");
    object.upload(data(9 * MIB)).await.unwrap();
    assert_eq!((asked(&server, "uploadPart"), asked(&server, "storagePutPart")), (1, 3));
    object.delete().await.unwrap();

    // Not for ever.
    server.set_presigned_url_lifetime(Duration::ZERO);
    server.clear_requests();
    for (bytes, operation) in [(MIB, "storagePut"), (9 * MIB, "storagePutPart")] {
        let error = object.upload(data(bytes)).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::PermissionDenied, Some(403)), "{error}");
        assert!(error.message().ends_with("AccessDenied"), "{error}");
        assert!((3..=6).contains(&asked(&server, operation)));
        left_nothing(&server, &object, &error).await;
    }
}

#[tokio::test]
async fn what_has_not_arrived_as_it_was_sent_is_no_success() {
    let (server, main) = start().await;
    let object = main.object("a");
    let other = || server.faults().on("storagePut").header("ETag", "\"900150983cd24fb0d6963f7d28e17f72\"");
    other().respond(200, "");
    object.upload(data(MIB)).await.unwrap();
    assert_eq!(asked(&server, "storagePut"), 2);
    object.delete().await.unwrap();

    other().times(3).respond(200, "");
    let error = object.upload(data(MIB)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Integrity, Some("get_physical_address")),
        "{error}"
    );
    left_nothing(&server, &object, &error).await;
    server.faults().on("storagePut").times(3).respond(400, "<Error><Code>BadDigest</Code></Error>");
    let error = object.upload(data(MIB)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    left_nothing(&server, &object, &error).await;

    // What is encrypted has tags that only look like it.
    server.clear_requests();
    other().header("x-amz-server-side-encryption", "aws:kms").respond(200, "");
    let stats = object.upload(data(MIB)).await.unwrap();
    assert_eq!((stats.checksum.len(), asked(&server, "storagePut")), (32, 1));
    assert_ne!(stats.checksum, "900150983cd24fb0d6963f7d28e17f72");
    assert!(server.requests_for("storagePut")[0].header("content-md5").is_some());

    let done = |size: usize, checksum: &str| {
        format!(
            r#"{{"path":"a","path_type":"object","physical_address":"data/x","mtime":1,"size_bytes":{size},"checksum":"{checksum}"}}"#
        )
    };
    let two = "d41d8cd98f00b204e9800998ecf8427e-2";
    for (size, checksum) in [(9 * MIB, two), (9 * MIB - 1, "of another kind")] {
        server.faults().on("completePresignMultipartUpload").replace_body(done(size, checksum));
        let error = object.upload(data(9 * MIB)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert!(error.message().ends_with("the object was created nevertheless"), "{error}");
        assert_eq!(server.open_uploads(), 0);
    }
    assert_eq!(asked(&server, "abortPresignMultipartUpload"), 0);
    server.faults().on("completePresignMultipartUpload").replace_body(done(9 * MIB, "of another kind"));
    object.upload(data(9 * MIB)).await.unwrap();
}

#[tokio::test]
async fn a_lost_reply_to_the_last_request_is_looked_into() {
    let (server, main) = start().await;
    let object = main.object("a");
    server.faults().on("linkPhysicalAddress").drop_response();
    let stats = object.upload(data(MIB)).if_none_match("*").await.unwrap();
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!(asked(&server, "linkPhysicalAddress"), 1);
    server.faults().on("completePresignMultipartUpload").drop_response();
    let stats = object.upload(data(9 * MIB)).await.unwrap();
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!((asked(&server, "completePresignMultipartUpload"), server.open_uploads()), (1, 0));

    // Somebody else's is not one's own.
    let other = main.object("b");
    other.upload("somebody else's").await.unwrap();
    for (bytes, operation) in [(MIB, "linkPhysicalAddress"), (9 * MIB, "completePresignMultipartUpload")] {
        server.faults().on(operation).drop_connection();
        let upload = other.upload(data(bytes));
        let upload = if bytes == MIB { upload.if_none_match("*") } else { upload };
        let error = upload.await.unwrap_err();
        assert!(error.kind() == ErrorKind::Transport && error.is_outcome_unknown(), "{error}");
    }
    holds(&other, b"somebody else's").await;
    assert_eq!(server.open_uploads(), 0);
}

#[tokio::test]
async fn an_upload_in_parts_that_is_dropped_is_aborted() {
    let (server, main) = start().await;
    let object = main.object("a");
    server.faults().on("storagePutPart").after(2).always().delay(Duration::from_secs(60)).proceed();
    let mut writer = object.writer().await.unwrap();
    writer.write_all(&data(16 * MIB)).await.unwrap();
    let upload = tokio::spawn(object.upload(data(30 * MIB)).into_future());
    while server.open_uploads() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(writer);
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    while server.open_uploads() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!object.exists().await.unwrap());
}

/// What a server says that signs addresses to this place.
fn signed(place: &str) -> String {
    let address = "mem://faults/data/x/y,z";
    format!(
        r#"{{"physical_address":"{address}","presigned_url":"{place}/bucket/key?X-Amz-Signature=5ec3e7"}}"#
    )
}

#[tokio::test]
async fn a_storage_that_cannot_be_reached_is_passed_over_unless_it_must_be_reached() {
    let (server, main) = start().await;
    let object = main.object("a");
    server.faults().on("getPhysicalAddress").always().respond(200, signed("http://127.0.0.1:1"));
    let error = object.upload(data(MIB)).presign(true).await.unwrap_err();
    let expected = "cannot connect to http://127.0.0.1:1: connection refused";
    assert_eq!((error.kind(), error.message()), (ErrorKind::Transport, expected));
    left_nothing(&server, &object, &error).await;
    for _ in 0..2 {
        object.upload(data(MIB)).await.unwrap();
        holds(&object, &data(MIB)).await;
    }
    // It is tried once.
    assert_eq!((asked(&server, "getPhysicalAddress"), asked(&server, "uploadObject")), (2, 2));
}

#[tokio::test]
async fn data_are_sent_nowhere_but_where_it_was_signed_for() {
    let (server, main) = start().await;
    let object = main.object("a");
    for status in [301, 302, 307, 308] {
        let elsewhere = format!("{}/elsewhere", server.endpoint());
        server.clear_requests();
        server.faults().on("storagePut").header("Location", &elsewhere).respond(status, "");
        let error = object.upload(data(MIB)).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(status)), "{error}");
        assert!(error.message().contains("redirects"), "{error}");
        left_nothing(&server, &object, &error).await;
        let named = ["getPhysicalAddress", "storagePut", "statObject", "getConfig"];
        assert!(server.requests().iter().all(|request| named.contains(&request.operation)));
    }
    for wrong in [r#"{"physical_address":"mem://faults/data/x/y,z"}"#.to_owned(), signed("no address")] {
        server.faults().on("getPhysicalAddress").respond(200, wrong);
        let error = object.upload(data(MIB)).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Decode, None), "{error}");
        left_nothing(&server, &object, &error).await;
    }
}

#[tokio::test]
async fn what_is_not_known_of_a_storage_is_asked_once_and_the_server_takes_the_data() {
    let (server, main) = start().await;
    let object = |client: &Client| client.repository(main.repository().name()).branch("main").object("a");
    let own = client(&server);
    server.faults().on("getConfig").always().respond(403, r#"{"message":"forbidden"}"#);
    for _ in 0..3 {
        object(&own).upload(data(MIB)).await.unwrap();
    }
    assert_eq!((asked(&server, "getConfig"), asked(&server, "uploadObject")), (1, 3));
    let error = object(&client(&server)).upload("a").presign(true).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::PermissionDenied, Some("get_config")));
    server.faults().clear();

    // Of several storages, a repository is on one.
    let storage = |id: &str, signs: bool| {
        format!(
            r#"{{"blockstore_id":"{id}","blockstore_type":"s3","blockstore_namespace_example":"",
            "blockstore_namespace_ValidityRegex":"","pre_sign_support":{signs},"pre_sign_support_ui":false,
            "pre_sign_multipart_upload":false,"import_support":false,"import_validity_regex":""}}"#
        )
    };
    let (one, two) = (storage("one", false), storage("two", true));
    for (id, way) in [("one", "uploadObject"), ("two", "storagePut"), ("three", "uploadObject")] {
        let own = client(&server);
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
            object(&own).upload(data(9 * MIB)).await.unwrap();
        }
        let counts = ["getConfig", "getRepository", way].map(|operation| asked(&server, operation));
        assert_eq!(counts, [1, 1, 2], "{id}");
    }
}
