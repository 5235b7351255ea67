//! Checksums that are no MD5 of the bytes, wrong bytes, and ETags that a proxy has changed.

use std::time::Duration;

use lakefs::{BranchObject, Error, ErrorKind, TryStreamExt as _, Verify};
use lakefs_testserver::Server;
use tokio::io::AsyncReadExt as _;

use crate::start;
use crate::support::ProgressLog;
use crate::test_data::data;

/// The MD5 of other bytes, as a bucket with encryption by a key management service has it.
const NO_MD5: &str = "0123456789abcdef0123456789abcdef";

/// Creates an object with these bytes and this checksum.
async fn create(object: &BranchObject, data: &[u8], checksum: &str) {
    let source = object.branch().object(format!("source of {}", object.path()));
    let stats = source.upload(data.to_vec()).await.unwrap();
    object.stage(stats.physical_address, checksum, data.len() as u64).await.unwrap();
}

fn take_reads(server: &Server) -> usize {
    let reads = server.requests_for("getObject").len();
    server.clear_requests();
    reads
}

#[track_caller]
fn assert_integrity(error: &Error, words: &str) {
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Integrity, Some("get_object")), "{error}");
    assert!(error.message().contains(words), "{error}");
}

#[tokio::test]
async fn checksum_that_is_no_md5_is_found_by_a_second_read_and_remembered() {
    for length in [5, 3_000_000] {
        let (fixture, main) = start().await;
        let (server, data) = (fixture.test_server(), data(length));
        let object = main.object("a");
        create(&object, &data, NO_MD5).await;
        let log = ProgressLog::default();
        server.clear_requests();
        assert!(object.read().progress(log.recorder()).await.unwrap() == data);
        assert_eq!(take_reads(server), 2);
        let last = log.last();
        assert_eq!((last.bytes, last.total_bytes, last.items), (length as u64, Some(length as u64), 1));

        // Another handle of the same client knows it.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let report = main.object("a").reader().download_to(&file).await.unwrap();
        assert_eq!((report.bytes, report.checksum_verified), (length as u64, false));
        assert!(std::fs::read(&file).unwrap() == data);
        assert_eq!(take_reads(server), 1);

        // An MD5 of the same repository still counts as verified.
        let mut reader = main.object("source of a").reader().await.unwrap();
        reader.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(reader.checksum_verified());

        // Another client does not know it, and a download finds it, too.
        server.clear_requests();
        let client = fixture.builder().build().unwrap();
        let main = client.repository(main.repository().name()).branch("main");
        let log = ProgressLog::default();
        let download = main.object("a").reader().progress(log.recorder()).download_to(&file);
        let report = download.part_size(100_000).concurrency(3).await.unwrap();
        assert_eq!((report.bytes, report.checksum_verified), (length as u64, false));
        assert!(std::fs::read(&file).unwrap() == data);
        let last = log.last();
        assert_eq!((last.bytes, last.total_bytes, last.items), (length as u64, Some(length as u64), 1));
        let requests = if length == 5 { 1 } else { length.div_ceil(100_000) };
        assert_eq!(take_reads(server), 2 * requests);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn strict_verification_refuses_checksums_that_are_not_those_of_the_bytes() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let folder = tempfile::tempdir().unwrap();
    for checksum in [NO_MD5, "opaque", &format!("{NO_MD5}-1")] {
        let object = main.object("a");
        create(&object, b"hello", checksum).await;
        server.clear_requests();
        let read = object.read().verify(Verify::Strict).await;
        assert_integrity(&read.unwrap_err(), "Verify::Strict");
        assert_eq!(take_reads(server), 1, "{checksum}");
        let download = object.reader().verify(Verify::Strict).download_to(folder.path().join("a")).await;
        assert_integrity(&download.unwrap_err(), "Verify::Strict");
        let client = fixture.builder().verify(Verify::Strict).build().unwrap();
        let strict = client.repository(main.repository().name()).branch("main").object("a");
        let reader = async { strict.reader().await?.try_collect::<Vec<_>>().await };
        assert_integrity(&reader.await.unwrap_err(), "Verify::Strict");
        assert_eq!(object.read().verify(Verify::Off).await.unwrap(), "hello");
        // A range has no checksum.
        assert_eq!(object.read().range(1..3).verify(Verify::Strict).await.unwrap(), "el");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let right = main.object("source of a").read().verify(Verify::Strict).await.unwrap();
    assert_eq!(right, "hello");
}

#[tokio::test]
async fn bytes_of_a_second_read_with_the_right_checksum_are_returned() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    object.upload("right").await.unwrap();
    server.clear_requests();
    server.faults().on("getObject").replace_body("wrong");
    assert_eq!(object.read().await.unwrap(), "right");
    assert_eq!(take_reads(server), 2);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    server.faults().on("getObject").replace_body("wrong");
    let report = object.reader().download_to(&file).await.unwrap();
    assert_eq!((report.bytes, report.checksum_verified), (5, true));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "right");
    assert_eq!(take_reads(server), 2);
    // Nothing was learnt about the repository.
    server.faults().on("getObject").replace_body("wrong");
    server.faults().on("getObject").replace_body("wRoNg");
    assert_integrity(&object.read().await.unwrap_err(), "another read returned other bytes");
}

#[tokio::test]
async fn two_reads_with_different_bytes_are_an_error() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    object.upload("right").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = || {
        server.clear_requests();
        for wrong in ["wrong", "wRong"] {
            server.faults().on("getObject").replace_body(wrong);
        }
    };
    plan();
    assert_integrity(&object.read().await.unwrap_err(), "another read returned other bytes");
    assert_eq!(take_reads(server), 2);
    plan();
    let download = object.reader().download_to(folder.path().join("a")).await;
    assert_integrity(&download.unwrap_err(), "another read returned other bytes");
    assert_eq!(take_reads(server), 2);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[tokio::test]
async fn reader_does_not_read_again_and_is_not_verified() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for length in [5, 2_000_000] {
        let (object, data) = (main.object("a"), data(length));
        create(&object, &data, NO_MD5).await;
        server.clear_requests();
        for _ in 0..2 {
            let mut reader = object.reader().await.unwrap();
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).await.unwrap();
            assert!(bytes == data && !reader.checksum_verified());
            // The suspicion is not remembered.
            assert_eq!(take_reads(server), 1);
        }
        let mut reader = main.object("source of a").reader().await.unwrap();
        let mut bytes = Vec::new();
        while let Some(chunk) = reader.try_next().await.unwrap() {
            bytes.extend_from_slice(&chunk);
            // The last bytes are returned after the verification.
            assert_eq!(reader.checksum_verified(), bytes.len() == length);
        }
        server.clear_requests();
    }
    assert_eq!(main.object("a").read().await.unwrap(), data(2_000_000));
    assert_eq!(take_reads(server), 2);
}

#[tokio::test]
async fn directory_download_counts_what_is_not_verified() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for name in ["one", "two", "three"] {
        create(&main.object(format!("t/{name}")), name.as_bytes(), NO_MD5).await;
    }
    create(&main.object("t/four"), b"four", "opaque").await;
    main.object("t/five").upload("five").await.unwrap();
    server.clear_requests();
    let folder = tempfile::tempdir().unwrap();
    let report = main.download_dir("t/", folder.path()).concurrency(1).await.unwrap();
    assert_eq!((report.transferred, report.unverified), (5, 4));
    // Only the first object is read twice.
    assert_eq!(take_reads(server), 6);
    for name in ["one", "two", "three", "four", "five"] {
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), name);
    }
    let folder = tempfile::tempdir().unwrap();
    let error = main.download_dir("t/", folder.path()).verify(Verify::Strict).await.unwrap_err();
    assert_eq!((error.kind(), error.failed_objects().len()), (ErrorKind::Integrity, 4), "{error}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[tokio::test]
async fn multipart_checksum_of_a_usual_part_size_is_verified() {
    let (_fixture, main) = start().await;
    let object = main.object("a");
    // The MD5 of the MD5 of "hello".
    create(&object, b"hello", "62109206880d38a4010a98e11243924a-1").await;
    let read = async |verify: Verify| {
        let mut reader = object.reader().verify(verify).await?;
        reader.read_to_end(&mut Vec::new()).await.map_err(|error| error.downcast::<Error>().unwrap())?;
        Ok::<_, Error>(reader.checksum_verified())
    };
    assert!(read(Verify::Strict).await.unwrap());
    create(&object, b"jello", "62109206880d38a4010a98e11243924a-1").await;
    assert!(!read(Verify::Auto).await.unwrap());
    assert_integrity(&read(Verify::Strict).await.unwrap_err(), "any usual size of parts");
}

#[tokio::test]
async fn weak_etag_of_a_proxy_makes_nothing_unreadable() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let (object, data) = (main.object("t/a"), data(300_000));
    let stats = object.upload(data.clone()).await.unwrap();
    let weak = format!("W/\"{}\"", stats.checksum);
    for operation in ["getObject", "headObject"] {
        server.faults().on(operation).after(1).always().header("etag", &weak).proceed();
    }
    // A reader resumes with it.
    server.faults().on("getObject").truncate_body();
    let mut reader = object.reader().await.unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes == data && reader.checksum_verified());
    assert!(object.read().await.unwrap() == data);

    let folder = tempfile::tempdir().unwrap();
    let report = main.download_dir("t/", folder.path()).await.unwrap();
    assert_eq!((report.transferred, report.unverified), (1, 0));
    let again = main.sync_to_dir("t/", folder.path()).await.unwrap();
    assert_eq!((again.transferred, again.unchanged), (0, 1));
    let report = object.reader().download_to(folder.path().join("b")).part_size(10_000).concurrency(3).await;
    assert!(report.unwrap().checksum_verified);

    // lakeFS compares `If-None-Match` with the strong ETag only, so the client shows that one.
    object.head().await.unwrap();
    let etag = object.head().await.unwrap().etag.unwrap();
    assert_eq!(etag, format!("\"{}\"", stats.checksum));
    let error = object.read().if_none_match(&etag).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotModified, "{error}");
}

#[tokio::test]
async fn etag_of_a_storage_that_encrypts_is_no_md5() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    create(&object, b"hello", NO_MD5).await;
    server.clear_requests();
    let encrypted = server.faults().on("getObject").times(3);
    encrypted.header("x-amz-server-side-encryption", "aws:kms").proceed();
    // One read is enough, and it is remembered.
    assert_eq!(object.read().await.unwrap(), "hello");
    assert_eq!(take_reads(server), 1);
    let mut reader = object.reader().await.unwrap();
    reader.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(!reader.checksum_verified());
    assert_integrity(&object.read().verify(Verify::Strict).await.unwrap_err(), "encrypts the object");
    assert_eq!(object.read().await.unwrap(), "hello");
    assert_eq!(take_reads(server), 3);
}

#[tokio::test]
async fn last_bytes_of_an_empty_object_are_no_bytes_on_a_server_that_fails() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    object.upload("").await.unwrap();
    server.faults().on("getObject").times(3).respond(500, r#"{"message":"bad index"}"#);
    let start = std::time::Instant::now();
    assert_eq!(object.read().suffix(8).await.unwrap(), "");
    let reader = object.reader().suffix(1).await.unwrap();
    assert_eq!((reader.length(), reader.size()), (Some(0), Some(0)));
    assert!(reader.etag().is_some());
    // It is not retried.
    assert_eq!(take_reads(server), 2);
    assert!(start.elapsed() < Duration::from_secs(10));
    // The failure is reported if the object is not empty.
    object.upload("data").await.unwrap();
    let error = object.read().suffix(8).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::RangeNotSatisfiable, Some(500)));
}

#[test]
fn reads_are_verified_with_one_blocking_thread() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (_fixture, main) = start().await;
        let (object, data) = (main.object("a"), data(20_000_000));
        object.upload(data.clone()).await.unwrap();
        let reads = (0..4).map(|_| async { object.read().await });
        let reads = futures::future::join_all(reads);
        for read in tokio::time::timeout(Duration::from_secs(60), reads).await.unwrap() {
            assert!(read.unwrap() == data);
        }
    });
}
