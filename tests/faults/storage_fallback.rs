//! Uploads that go through the server because the storage cannot be reached, or refuses the URLs that the server signs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures::stream;
use lakefs::{Body, BranchObject, ErrorKind};
use lakefs_testserver::Server;
use tokio::io::AsyncWriteExt as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::presigned_reads::start;
use crate::support::ProgressLog;
use crate::test_data::{MIB, chunks, data};

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

/// Counts the warnings about a storage that refuses requests.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == "lakefs::scope" {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn count(server: &Server, operation: &str) -> usize {
    server.requests_for(operation).len()
}

/// Lets the server sign URLs of a storage that cannot be reached.
fn sign_unreachable_urls(server: &Server) {
    let url = r#""http://127.0.0.1:1/bucket/key?X-Amz-Signature=5ec3e7""#;
    let address = r#""mem://faults/data/x/y,z""#;
    let single = format!(r#"{{"physical_address":{address},"presigned_url":{url}}}"#);
    let parts = format!(
        r#"{{"upload_id":"u","physical_address":{address},"presigned_urls":[{}]}}"#,
        [url; 10].join(",")
    );
    server.faults().on("getPhysicalAddress").always().respond(200, single);
    server.faults().on("createPresignMultipartUpload").always().respond(201, parts);
}

async fn assert_is(object: &BranchObject, data: &[u8]) {
    assert!(object.read().presign(false).await.unwrap() == data, "the object has other bytes");
}

#[tokio::test]
async fn stream_goes_through_the_server_if_the_storage_cannot_be_reached() {
    for (bytes, states_length) in
        [(12 * MIB, false), (12 * MIB, true), (40 * MIB + 3, false), (2 * MIB, false), (2 * MIB, true)]
    {
        let (fixture, main) = start().await;
        let server = fixture.test_server();
        sign_unreachable_urls(server);
        let (object, data) = (main.object("a"), data(bytes));
        for attempt in 0..2 {
            let body =
                if states_length { chunks(&data).with_length(data.len() as u64) } else { chunks(&data) };
            let log = ProgressLog::default();
            object.upload(body).progress(log.recorder()).await.unwrap();
            assert_is(&object, &data).await;
            assert_eq!(log.last().bytes, data.len() as u64);
            // The storage is tried once.
            let tried = count(server, "createPresignMultipartUpload") + count(server, "getPhysicalAddress");
            assert_eq!((tried, count(server, "uploadObject")), (1, attempt + 1), "{bytes} {states_length}");
        }
    }
}

#[tokio::test]
async fn stream_in_parts_goes_through_the_server_although_nothing_is_spooled() {
    let (fixture, main) = start().await;
    sign_unreachable_urls(fixture.test_server());
    let (object, data) = (main.object("a"), data(12 * MIB));
    object.upload(chunks(&data)).spool_limit(0).await.unwrap();
    assert_is(&object, &data).await;
}

#[tokio::test]
async fn writer_goes_through_the_server_if_the_storage_cannot_be_reached() {
    let (fixture, main) = start().await;
    sign_unreachable_urls(fixture.test_server());
    let (object, data) = (main.object("a"), data(17 * MIB + 5));
    let mut writer = object.writer().await.unwrap();
    for chunk in data.chunks(77_777) {
        writer.write_all(chunk).await.unwrap();
    }
    writer.finish().await.unwrap();
    assert_is(&object, &data).await;
}

#[tokio::test]
async fn stream_that_fails_is_an_error_although_the_storage_cannot_be_reached() {
    let (fixture, main) = start().await;
    sign_unreachable_urls(fixture.test_server());
    let broken =
        (0..12).map(|number| if number < 11 { Ok(data(MIB)) } else { Err(io::Error::other("no more")) });
    let error = main.object("a").upload(Body::stream(stream::iter(broken))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(!main.object("a").exists().await.unwrap());
}

#[tokio::test]
async fn upload_that_the_storage_refuses_goes_through_the_server() {
    for (bytes, is_stream) in
        [(MIB, false), (9 * MIB, false), (30 * MIB, false), (2 * MIB, true), (30 * MIB, true)]
    {
        let warnings = Warnings::default();
        let _guard = tracing::subscriber::set_default(warnings.clone());
        let (fixture, main) = start().await;
        let server = fixture.test_server();
        for operation in ["storagePut", "storagePutPart"] {
            server.faults().on(operation).always().respond_after(403, DENIED);
        }
        let data = data(bytes);
        let body = || if is_stream { chunks(&data) } else { Body::from(data.clone()) };
        for attempt in 0..3 {
            let log = ProgressLog::default();
            let object = main.object(attempt.to_string());
            object.upload(body()).progress(log.recorder()).await.unwrap();
            assert_is(&object, &data).await;
            assert_eq!(log.last().bytes, data.len() as u64, "{bytes} {is_stream}");
            assert_eq!(count(server, "uploadObject"), attempt + 1);
        }
        // Each part that was started was signed once more. Later uploads do not try the storage.
        let tried = count(server, "storagePut") + count(server, "storagePutPart");
        assert!((2..=8).contains(&tried), "{tried}");
        assert_eq!((server.open_uploads(), warnings.0.load(Relaxed)), (0, 1));
    }
}

#[tokio::test]
async fn url_that_is_refused_once_is_signed_again() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for (bytes, operation) in [(MIB, "storagePut"), (9 * MIB, "storagePutPart")] {
        server.faults().on(operation).respond(403, DENIED);
        main.object("a").upload(data(bytes)).await.unwrap();
        assert_is(&main.object("a"), &data(bytes)).await;
        assert_eq!(server.faults().pending(), Vec::<String>::new());
    }
    assert_eq!((count(server, "uploadObject"), warnings.0.load(Relaxed)), (0, 0));
}

#[tokio::test]
async fn refusal_of_the_server_is_an_error() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let no = r#"{"message":"insufficient permissions"}"#;
    // The data are in the storage.
    server.faults().on("linkPhysicalAddress").respond(403, no);
    let error = main.object("a").upload(data(MIB)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::PermissionDenied, Some("link_physical_address"))
    );
    assert_eq!(count(server, "uploadObject"), 0);
    // The server refuses the data that the storage has refused before.
    server.faults().on("storagePut").always().respond(403, DENIED);
    server.faults().on("uploadObject").respond(403, no);
    let error = main.object("a").upload(data(MIB)).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::PermissionDenied, Some("upload_object")));
    assert_eq!((count(server, "storagePut"), count(server, "uploadObject")), (3, 1));
    // The caller has chosen the storage.
    let error = main.object("a").upload(data(MIB)).presign(true).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::PermissionDenied, Some("get_physical_address"))
    );
    assert_eq!((count(server, "storagePut"), count(server, "uploadObject")), (6, 1));
    assert!(!main.object("a").exists().await.unwrap());
}

#[tokio::test]
async fn refusal_of_a_later_part_of_a_stream_is_an_error() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("storagePutPart").after(1).always().respond_after(403, DENIED);
    let upload = main.object("a").upload(chunks(&data(12 * MIB))).concurrency(1);
    let error = upload.await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::PermissionDenied, false), "{error}");
    assert!(error.message().contains("until the storage has received a part"), "{error}");
    assert_eq!((count(server, "uploadObject"), server.open_uploads()), (0, 0));
    assert!(!main.object("a").exists().await.unwrap());
    // A file can be read again.
    server.faults().clear();
    server.faults().on("storagePutPart").after(1).always().respond_after(403, DENIED);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, data(20 * MIB)).unwrap();
    let log = ProgressLog::default();
    let upload = main.object("a").upload(Body::file(file.path())).concurrency(1);
    upload.progress(log.recorder()).await.unwrap();
    assert_is(&main.object("a"), &data(20 * MIB)).await;
    assert_eq!((log.last().bytes, server.open_uploads()), (20 * MIB as u64, 0));
}

#[tokio::test]
async fn refused_data_that_are_not_kept_are_an_error() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("storagePut").always().respond_after(403, DENIED);
    let data = data(9 * MIB);
    let upload = || {
        let body = chunks(&data).with_length(data.len() as u64);
        main.object("a").upload(body).if_none_match("*")
    };
    let error = upload().spool_limit(0).await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::PermissionDenied, false));
    assert!(error.message().contains("spool_limit"), "{error}");
    assert_eq!((count(server, "storagePut"), count(server, "uploadObject")), (1, 0));
    upload().await.unwrap();
    assert_is(&main.object("a"), &data).await;
    assert_eq!(count(server, "uploadObject"), 1);
}
