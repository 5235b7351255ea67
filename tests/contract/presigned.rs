//! Pre-signed URLs and multipart uploads, used without the transfer code of this crate. The tests do nothing where the
//! storage does not support pre-signed URLs.

use lakefs::{BranchObject, ErrorKind, TryStreamExt as _, models};
use std::sync::Arc;

use reqwest::{Client, StatusCode};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::support::{Fixture, expect_error, read_text};

/// Returns a lakeFS whose storage supports pre-signed URLs and an object on it, or `None` if it does not.
async fn presigning_fixture(test: &str) -> Option<(Fixture, BranchObject)> {
    let fixture = Fixture::new().await;
    if !fixture.presigns().await {
        return None;
    }
    let object = fixture.main(test).await.object("a/b c");
    Some((fixture, object))
}

/// An HTTP client that knows nothing of lakeFS. It brings its TLS provider, because reqwest has no default one here.
fn plain_client() -> Client {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls = tls.with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).build().unwrap()
}

async fn put(url: &str, data: impl Into<reqwest::Body>) -> String {
    let response = plain_client().put(url).body(data).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.headers()["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn presign_01_presigned_url_reads_an_object_from_the_storage() {
    let Some((fixture, object)) = presigning_fixture("presign_01").await else { return };
    object.upload("hello world").await.unwrap();
    let plain = object.get().await.unwrap();
    assert!(plain.physical_address.contains("/data/"), "{}", plain.physical_address);
    assert_eq!(plain.physical_address_expiry, None);
    let signed = object.stat().presign(true).await.unwrap();
    assert!(signed.physical_address.starts_with("http"));
    assert!(signed.physical_address_expiry.is_some_and(|expiry| expiry > signed.mtime));

    let client = plain_client();
    let whole = client.get(&signed.physical_address).send().await.unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    let etag = whole.headers()["etag"].clone();
    assert_eq!(etag.to_str().unwrap().trim_matches('"'), plain.checksum);
    assert_eq!(whole.text().await.unwrap(), "hello world");
    let part = client.get(&signed.physical_address).header("range", "bytes=6-8").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 6-8/11");
    assert_eq!(part.text().await.unwrap(), "wor");
    let beyond = client.get(&signed.physical_address).header("range", "bytes=11-").send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let same = client.get(&signed.physical_address).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    let other = client.get(&signed.physical_address).header("if-match", "\"other\"").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::PRECONDITION_FAILED);

    assert_eq!(object.read().presign(true).await.unwrap(), "hello world");
    if let Some(server) = &fixture.server {
        let requests = server.requests_for("storageGet");
        assert_eq!(requests.len(), 6);
        assert!(requests.iter().all(|request| !request.has_credentials), "{requests:?}");
    }
}

#[tokio::test]
async fn presign_02_data_written_to_a_presigned_url_can_be_linked() {
    let Some((fixture, object)) = presigning_fixture("presign_02").await else { return };
    let staging = object.physical_address().presign(true).await.unwrap();
    assert!(staging.presigned_url_expiry.is_some());
    let etag = put(staging.presigned_url.as_deref().unwrap(), "hello").await;
    assert!(!object.exists().await.unwrap());
    let address = staging.physical_address.clone();
    let linked = object.link(staging, &etag, 5).content_type("text/plain").await.unwrap();
    assert_eq!(linked.checksum, "5d41402abc4b2a76b9719d911017c592");
    // The address keeps the part that proves that the server issued it.
    assert_eq!(Some(object.get().await.unwrap().physical_address), address);
    assert_eq!(read_text(&object).await, "hello");
    let copy = object.reference().repository().branch("main").object("copy");
    object.copy_to("main", "copy").await.unwrap();
    assert_eq!(read_text(&copy).await, "hello");
    if let Some(server) = &fixture.server {
        assert_eq!(server.requests_for("storagePut").len(), 1);
    }
}

/// Starts a multipart upload.
async fn start_upload(
    fixture: &Fixture,
    object: &BranchObject,
    parts: i64,
) -> models::PresignMultipartUpload {
    let request = fixture.client.api().create_presign_multipart_upload().parts(parts);
    let request = request.repository(object.reference().repository().name()).branch("main");
    request.path(object.path()).send().await.unwrap().into_inner()
}

async fn complete_upload(
    fixture: &Fixture,
    object: &BranchObject,
    upload: &models::PresignMultipartUpload,
    etags: &[(i32, &str)],
) -> Result<models::ObjectStats, lakefs::Error> {
    let parts = etags.iter().map(|&(number, etag)| models::UploadPart::new(number.into(), etag));
    let body = models::CompletePresignMultipartUpload::new(&upload.physical_address, parts)
        .content_type("text/csv")
        .user_metadata([("k", "v")]);
    let request = fixture.client.api().complete_presign_multipart_upload().upload_id(&upload.upload_id);
    let request = request.repository(object.reference().repository().name()).branch("main");
    Ok(request.path(object.path()).body(body).send().await?.into_inner())
}

#[tokio::test]
async fn presign_03_multipart_upload_creates_an_object() {
    let Some((fixture, object)) = presigning_fixture("presign_03").await else { return };
    let upload = start_upload(&fixture, &object, 1).await;
    let [first] = upload.presigned_urls.as_slice() else {
        panic!("{} addresses", upload.presigned_urls.len())
    };
    let first = put(first, vec![b'a'; 5 << 20]).await;
    let request = fixture.client.api().upload_part().upload_id(&upload.upload_id).part_number(2);
    let request = request.repository(object.reference().repository().name()).branch("main");
    let body = models::UploadPartFrom::new(&upload.physical_address);
    let second = request.path(object.path()).body(body).send().await.unwrap().into_inner();
    let second = put(&second.presigned_url, "b").await;
    assert!(!object.exists().await.unwrap());

    let operation = "complete_presign_multipart_upload";
    let none = complete_upload(&fixture, &object, &upload, &[]).await;
    expect_error(none, operation, 400, ErrorKind::InvalidRequest, "parts are required");
    let wrong = complete_upload(&fixture, &object, &upload, &[(1, &second), (2, &second)]).await;
    expect_error(wrong, operation, 500, ErrorKind::Server, "InvalidPart");
    let done = complete_upload(&fixture, &object, &upload, &[(1, &first), (2, &second)]).await.unwrap();
    assert_eq!((done.path.as_str(), done.size_bytes), ("a/b c", Some((5 << 20) + 1)));
    assert!(done.checksum.ends_with("-2"), "{}", done.checksum);
    // The response has the address relative to the storage namespace.
    assert!(done.physical_address.starts_with("data/"), "{}", done.physical_address);

    let stats = object.get().await.unwrap();
    assert_eq!((&stats.checksum, &stats.physical_address), (&done.checksum, &upload.physical_address));
    assert_eq!(stats.content_type.as_deref(), Some("text/csv"));
    assert_eq!(stats.metadata.unwrap().get("k").map(String::as_str), Some("v"));
    assert_eq!(object.read().range(5 << 20..).await.unwrap(), "b");
}

#[tokio::test]
async fn presign_04_aborted_multipart_upload_no_longer_exists() {
    let Some((fixture, object)) = presigning_fixture("presign_04").await else { return };
    let upload = start_upload(&fixture, &object, 0).await;
    assert_eq!(upload.presigned_urls, Vec::<String>::new());
    let abort = async |path: &str| {
        let body = models::AbortPresignMultipartUpload::new(&upload.physical_address);
        let request = fixture.client.api().abort_presign_multipart_upload().upload_id(&upload.upload_id);
        let request = request.repository(object.reference().repository().name()).branch("main");
        request.path(path).body(body).send().await
    };
    let operation = "abort_presign_multipart_upload";
    expect_error(abort("other").await, operation, 400, ErrorKind::InvalidRequest, "invalid address");
    abort(object.path()).await.unwrap();
    expect_error(abort(object.path()).await, operation, 500, ErrorKind::Server, "NoSuchUpload");
    if let Some(server) = &fixture.server {
        assert_eq!(server.open_uploads(), 0);
    }
}

#[tokio::test]
async fn presign_05_part_can_be_copied_from_an_object() {
    let Some((fixture, object)) = presigning_fixture("presign_05").await else { return };
    let source = object.reference().repository().branch("main").object("source");
    source.upload("hello world").await.unwrap();
    let upload = start_upload(&fixture, &object, 0).await;
    let copy = async |path: &str| {
        let source = models::CopyPartSource::new(object.reference().repository().name(), "main", path);
        let source = source.range("bytes=6-10");
        let body = models::UploadPartCopyFrom::new(&upload.physical_address, source);
        let request = fixture.client.api().upload_part_copy().upload_id(&upload.upload_id).part_number(1);
        let request = request.repository(object.reference().repository().name()).branch("main");
        request.path(object.path()).body(body).send().await
    };
    expect_error(copy("none").await, "upload_part_copy", 404, ErrorKind::NotFound, "none: not found");
    let copied = copy("source").await.unwrap();
    let etag = copied.header("etag").unwrap().to_owned();
    complete_upload(&fixture, &object, &upload, &[(1, &etag)]).await.unwrap();
    assert_eq!(read_text(&object).await, "world");
}

#[tokio::test]
async fn presign_06_multipart_upload_needs_a_branch_and_a_valid_number_of_parts() {
    let Some((fixture, object)) = presigning_fixture("presign_06").await else { return };
    let create = async |branch: &str, parts: i64| {
        let request = fixture.client.api().create_presign_multipart_upload().parts(parts).branch(branch);
        request.repository(object.reference().repository().name()).path("a").send().await
    };
    let operation = "create_presign_multipart_upload";
    expect_error(create("nope", 1).await, operation, 404, ErrorKind::NotFound, "branch 'nope' not found");
    let words = "parts can be between 0 and 10000";
    expect_error(create("main", 10_001).await, operation, 400, ErrorKind::InvalidRequest, words);
    expect_error(create("main", -1).await, operation, 400, ErrorKind::InvalidRequest, words);
}

#[tokio::test]
async fn presign_07_storage_without_presigned_urls_supports_no_multipart_upload() {
    let fixture = Fixture::new().await;
    if fixture.presigns().await {
        return;
    }
    let main = fixture.main("presign_07").await;
    let request = fixture.client.api().create_presign_multipart_upload().parts(1).branch("main");
    let created = request.repository(main.repository().name()).path("a").send().await;
    let words = "presign multipart upload API is not supported";
    expect_error(created, "create_presign_multipart_upload", 501, ErrorKind::Unsupported, words);
}

#[tokio::test]
async fn presign_08_reads_by_all_routes_are_equal() {
    const MIB: usize = 1 << 20;

    let Some((fixture, object)) = presigning_fixture("presign_08").await else { return };
    let data: Vec<u8> = (0_u32..).flat_map(u32::to_be_bytes).take(3 * MIB).collect();
    let stats = object.upload(data.clone()).content_type("text/x-any").await.unwrap();
    let main = object.reference().repository().branch("main");
    let commit = main.commit("one").await.unwrap();
    fixture.client.server_config().await.unwrap();
    let at_commit = main.repository().reference(commit.id).object(object.path());
    for route in [Some(false), None, Some(true)] {
        let open = |request: lakefs::requests::ReaderRequest| match route {
            Some(presign) => request.presign(presign),
            None => request,
        };
        for request in [object.reader(), at_commit.reader()] {
            let reader = open(request).await.unwrap();
            assert_eq!(reader.etag(), Some(&*format!("\"{}\"", stats.checksum)), "{route:?}");
            assert_eq!(reader.content_type(), Some("text/x-any"), "{route:?}");
            assert_eq!((reader.size(), reader.length()), (Some(3 << 20), Some(3 << 20)), "{route:?}");
            assert_eq!(reader.last_modified(), stats.modified_at(), "{route:?}");
            let read: Vec<_> = reader.try_collect().await.unwrap();
            assert!(read.concat() == data, "{route:?}");
        }
        // Each twice: the second time, a URL may be known.
        for (start, end) in [(1, 10), (MIB, 3 * MIB), (2 * MIB, 5 * MIB), (1, 10), (MIB, 3 * MIB)] {
            for request in [object.reader(), at_commit.reader()] {
                let reader = open(request.range(start as u64..end as u64)).await.unwrap();
                let read: Vec<_> = reader.try_collect().await.unwrap();
                assert!(read.concat() == data[start..end.min(3 * MIB)], "{route:?} {start}");
            }
        }
        let reader = open(object.reader().suffix(2 << 20)).await.unwrap();
        let read: Vec<_> = reader.try_collect().await.unwrap();
        assert!(read.concat() == data[MIB..], "{route:?}");
        let outside = open(object.reader().range(4 << 20..8 << 20)).await.unwrap_err();
        assert_eq!(outside.kind(), ErrorKind::RangeNotSatisfiable, "{route:?} {outside}");
        let etag = format!("\"{}\"", stats.checksum);
        let same = open(object.reader().if_none_match(etag)).await.unwrap_err();
        assert_eq!(same.kind(), ErrorKind::NotModified, "{route:?} {same}");
        let missing = main.object("missing").reader().range(0..8 << 20);
        let missing = open(missing).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound, "{route:?} {missing}");
    }
    // Objects without bytes.
    main.object("empty").upload("").await.unwrap();
    for route in [Some(false), None, Some(true)] {
        let request = main.object("empty").read();
        let request = if let Some(presign) = route { request.presign(presign) } else { request };
        assert_eq!(request.await.unwrap(), "", "{route:?}");
    }
}
