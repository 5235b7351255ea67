//! Uploads that go through the server because the storage cannot be reached.

use std::io;

use futures::stream;
use lakefs::{Body, BranchObject, ErrorKind};
use lakefs_testserver::Server;
use tokio::io::AsyncWriteExt as _;

use crate::presigned_reads::{MIB, data, start};
use crate::support::ProgressLog;

fn count(server: &Server, operation: &str) -> usize {
    server.requests_for(operation).len()
}

/// Returns a stream of chunks of 100,000 bytes.
fn chunks(data: &[u8]) -> Body {
    let chunks: Vec<_> = data.chunks(100_000).map(|chunk| Ok::<_, io::Error>(chunk.to_vec())).collect();
    Body::stream(stream::iter(chunks))
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
