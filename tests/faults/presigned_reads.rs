//! Reads from a storage at pre-signed URLs, when the storage, the URLs or the server fail.

use std::time::{Duration, UNIX_EPOCH};

use futures::TryStreamExt as _;
use lakefs::{Branch, BranchObject, Client, ErrorKind, RetryPolicy, Verify};
use lakefs_testserver::{RecordedRequest, Server};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::support::{Fixture, wait_until};
use crate::test_data::{MIB, data};

/// Starts a test server with pre-signed URLs, and returns it with the default branch of a repository.
pub(crate) async fn start() -> (Fixture, Branch) {
    let fixture = Fixture::start(Server::builder().presigned_storage()).await;
    let main = client(&fixture).repository("faults").branch("main");
    main.repository().create("mem://faults").await.unwrap();
    (fixture, main)
}

/// Returns a client without any knowledge of the server, which retries without long pauses.
pub(crate) fn client(fixture: &Fixture) -> Client {
    let retries = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    fixture.builder().retries(retries).build().unwrap()
}

/// Uploads data through the server, and returns the object of a client that knows the configuration of the server.
pub(crate) async fn uploaded(fixture: &Fixture, main: &Branch, data: &[u8]) -> BranchObject {
    main.object("a").upload(data.to_vec()).presign(false).content_type("text/csv").await.unwrap();
    let client = client(fixture);
    client.server_config().await.unwrap();
    fixture.test_server().clear_requests();
    client.repository("faults").branch("main").object("a")
}

/// Returns the operations of the requests since the last call.
pub(crate) fn served(server: &Server) -> Vec<&'static str> {
    let operations = server.requests().iter().map(|request| request.operation).collect();
    server.clear_requests();
    operations
}

fn ranges(requests: &[RecordedRequest]) -> Vec<Option<String>> {
    requests.iter().map(|request| request.header("range").map(str::to_owned)).collect()
}

#[tokio::test]
async fn large_object_comes_from_the_storage_after_its_first_bytes() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(3 * MIB);
    let object = uploaded(&fixture, &main, &data).await;
    assert!(object.read().await.unwrap() == data);
    let requests = server.requests();
    assert_eq!(served(server), ["getObject", "statObject", "storageGet"]);
    assert_eq!(
        ranges(&requests),
        [Some("bytes=0-1048575".into()), None, Some("bytes=1048576-3145727".into())]
    );
    assert!(!requests[2].has_credentials);

    // The same through the server only.
    assert!(object.read().presign(false).await.unwrap() == data);
    assert_eq!(served(server), ["getObject"]);
    // From the storage only.
    assert!(object.read().presign(true).await.unwrap() == data);
    let requests = served(server);
    assert!(requests == ["statObject", "storageGet"], "{requests:?}");
}

#[tokio::test]
async fn first_large_read_of_a_client_moves_to_the_storage() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(3 * MIB);
    uploaded(&fixture, &main, &data).await;
    let object = client(&fixture).repository("faults").branch("main").object("a");
    assert!(object.read().await.unwrap() == data);
    assert_eq!(served(server), ["getObject", "getConfig", "statObject", "storageGet"]);
}

#[tokio::test]
async fn first_download_asks_for_the_storage_before_the_server_responds() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    uploaded(&fixture, &main, &data(3 * MIB)).await;
    server.faults().on("getObject").stall();
    let directory = tempfile::tempdir().unwrap();
    let object = client(&fixture).repository("faults").branch("main").object("a");
    let download = tokio::spawn(object.reader().download_to(directory.path().join("a")).into_future());
    wait_until("the configuration is requested", async || !server.requests_for("getConfig").is_empty()).await;
    assert!(!download.is_finished());
    download.abort();
}

#[tokio::test]
async fn small_object_is_read_with_one_request() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for length in [1, 1000, MIB] {
        let object = uploaded(&fixture, &main, &data(length)).await;
        assert!(object.read().await.unwrap() == data(length));
        assert_eq!(served(server), ["getObject"], "{length}");
        assert_eq!(object.read().range(0..10).await.unwrap(), data(length)[..length.min(10)]);
        assert_eq!(served(server), ["getObject"], "{length}");
    }
    // No range describes the bytes of an empty object.
    let object = uploaded(&fixture, &main, b"").await;
    assert_eq!(object.read().await.unwrap(), "");
    assert_eq!(object.read().presign(true).await.unwrap(), "");
}

#[tokio::test]
async fn metadata_are_those_of_lakefs_not_of_the_storage() {
    let (_fixture, main) = start().await;
    let data = data(2 * MIB);
    let object = main.object("a");
    object.upload(data.clone()).await.unwrap();
    // The same data, with metadata that the storage does not know.
    let address = object.get().await.unwrap().physical_address;
    let stage = object.stage(address, "of-lakefs", 2 * MIB as u64).content_type("text/x-lakefs");
    stage.mtime(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).await.unwrap();
    for presign in [None, Some(true), Some(false)] {
        let request = object.reader();
        let request = if let Some(presign) = presign { request.presign(presign) } else { request };
        let mut reader = request.await.unwrap();
        assert_eq!(reader.etag(), Some("\"of-lakefs\""), "{presign:?}");
        assert_eq!(reader.content_type(), Some("text/x-lakefs"), "{presign:?}");
        assert_eq!(reader.size(), Some(2 * MIB as u64), "{presign:?}");
        let modified = reader.last_modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
        assert_eq!(modified.as_secs(), 1_000_000_000, "{presign:?}");
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await.unwrap();
        assert!(bytes == data, "{presign:?}");
    }
    let error = object.read().presign(true).if_none_match("\"of-lakefs\"").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotModified, "{error}");
    let read = object.read().presign(true).if_none_match("\"other\"").await.unwrap();
    assert!(read == data);
}

#[tokio::test]
async fn url_of_an_object_of_a_commit_is_used_again() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(3 * MIB);
    uploaded(&fixture, &main, &data).await;
    let commit = main.commit("one").await.unwrap();
    let object = client(&fixture).repository("faults").reference(commit.id).object("a");
    object.reference().repository().storage_config().await.unwrap();
    server.clear_requests();
    let mib = MIB as u64;
    assert!(object.read().range(mib..3 * mib).await.unwrap() == data[MIB..]);
    assert_eq!(served(server), ["statObject", "storageGet"]);
    for (range, expected) in
        [(0..2 * mib, &data[..2 * MIB]), (7..17, &data[7..17]), (2 * mib..5 * mib, &data[2 * MIB..])]
    {
        assert!(object.read().range(range).await.unwrap() == expected);
        assert_eq!(served(server), ["storageGet"]);
    }
    assert!(object.read().await.unwrap() == data);
    assert_eq!(object.read().suffix(8).await.unwrap(), data[3 * MIB - 8..]);
    assert_eq!(served(server), ["storageGet", "storageGet"]);
    // The URL is that of one object.
    let error = object.reference().object("b").read().range(0..2 * mib).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn read_of_a_branch_returns_what_was_written_before() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let mut data = data(2 * MIB);
    let object = uploaded(&fixture, &main, &data).await;
    let read = async || object.read().range(0..2 * MIB as u64).await.unwrap();
    for round in 0..4_u8 {
        assert!(read().await == data);
        let mut requests = served(server);
        requests.sort_unstable();
        // In the first rounds, the URL is known, and the server is asked at the same time. It is that of another version.
        let expected: &[_] = if round == 0 {
            &["statObject", "storageGet"]
        } else {
            &["statObject", "storageGet", "storageGet"]
        };
        assert_eq!(requests, expected);
        assert!(read().await == data);
        assert_eq!(served(server).len(), 2);
        data[0] = round + 1;
        // Another client writes.
        main.object("a").upload(data.clone()).await.unwrap();
        server.clear_requests();
    }
}

#[tokio::test]
async fn reader_reads_its_version_with_one_url() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(4 * MIB);
    let object = uploaded(&fixture, &main, &data).await;
    let mut reader = object.reader().presign(true).await.unwrap();
    for at in [3 * MIB, MIB, 2 * MIB] {
        reader.seek(std::io::SeekFrom::Start(at as u64)).await.unwrap();
        let mut bytes = vec![0; 1000];
        reader.read_exact(&mut bytes).await.unwrap();
        assert!(bytes == data[at..at + 1000]);
    }
    let requests = server.requests();
    assert_eq!(served(server), ["statObject", "storageGet", "storageGet", "storageGet", "storageGet"]);
    // The version is recognized by the ETag of the storage.
    assert_eq!(requests[1].header("if-match"), None);
    assert!(requests[2..].iter().all(|request| request.header("if-match").is_some()), "{requests:?}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    object.reader().presign(true).download_to(&file).part_size(MIB as u64 / 2).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == data);
    let requests = served(server);
    assert_eq!(requests.iter().filter(|operation| **operation == "statObject").count(), 1, "{requests:?}");
    assert!(!requests.contains(&"getObject"), "{requests:?}");
}

#[tokio::test]
async fn directory_download_reads_large_files_from_the_storage() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    for (path, length) in [("d/large", 3 * MIB), ("d/small", 1000)] {
        main.object(path).upload(data(length)).presign(false).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    server.clear_requests();
    main.download_dir("d/", folder.path()).await.unwrap();
    let mut requests = served(server);
    requests.retain(|operation| !matches!(*operation, "listObjects" | "getConfig"));
    requests.sort_unstable();
    assert_eq!(requests, ["getObject", "statObject", "storageGet"]);
    for (path, length) in [("large", 3 * MIB), ("small", 1000)] {
        assert!(std::fs::read(folder.path().join(path)).unwrap() == data(length), "{path}");
    }
}

#[tokio::test]
async fn broken_read_from_the_storage_is_resumed() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(3 * MIB);
    let object = uploaded(&fixture, &main, &data).await;
    server.faults().on("storageGet").times(2).truncate_body();
    assert!(object.read().await.unwrap() == data);
    assert_eq!(server.requests_for("storageGet").len(), 3);
    assert_eq!(server.requests_for("statObject").len(), 1);
    server.faults().on("storageGet").times(2).respond(503, "<Error><Code>SlowDown</Code></Error>");
    assert!(object.read().presign(true).await.unwrap() == data);
    assert_eq!(server.faults().pending(), [""; 0]);
}

#[tokio::test]
async fn bytes_of_the_storage_are_verified_against_the_checksum_of_lakefs() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(2 * MIB);
    let object = uploaded(&fixture, &main, &data).await;
    let mut wrong = data.clone();
    wrong[5] ^= 1;
    server.faults().on("storageGet").always().replace_body(wrong.clone());
    let read = object.read().presign(true).verify(Verify::Strict).await;
    assert_eq!(read.map(|bytes| bytes.len()).unwrap_err().kind(), ErrorKind::Integrity);
    assert!(object.read().presign(true).verify(false).await.unwrap() == wrong);
}

#[tokio::test]
async fn file_replaced_in_the_storage_is_not_mixed_with_the_object() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = uploaded(&fixture, &main, &data(2 * MIB)).await;
    server.faults().on("storageGet").truncate_body();
    server.faults().on("storageGet").respond(412, "<Error><Code>PreconditionFailed</Code></Error>");
    let error = object.read().presign(true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert!(error.message().contains("the object changed while it was read"), "{error}");

    // Another size than lakeFS has recorded. The server is asked instead, unless the caller has chosen the storage.
    let short = || server.faults().on("storageGet").respond(200, "short");
    short();
    let error = object.read().presign(true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    short();
    assert!(object.read().range(0..2 * MIB as u64).await.unwrap() == data(2 * MIB));
}

#[tokio::test]
async fn refused_url_is_signed_anew_once() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(2 * MIB);
    let object = uploaded(&fixture, &main, &data).await;
    let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    server.faults().on("storageGet").respond(403, expired);
    assert!(object.read().presign(true).await.unwrap() == data);
    assert_eq!(served(server), ["statObject", "storageGet", "statObject", "storageGet"]);

    // A storage that refuses all URLs, as one that serves only a private network.
    server.faults().on("storageGet").always().respond(403, expired);
    let error = object.read().presign(true).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::PermissionDenied, Some(403)), "{error}");
    assert!(!format!("{error} {error:?}").contains("X-Amz"), "{error:?}");
    server.clear_requests();
    assert!(object.read().await.unwrap() == data);
    assert!(server.requests_for("storageGet").len() <= 3);
    server.clear_requests();
    assert!(object.read().await.unwrap() == data);
    assert_eq!(served(server), ["getObject"]);
}

#[tokio::test]
async fn lost_data_are_reported_as_by_the_server() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = uploaded(&fixture, &main, &data(2 * MIB)).await;
    server.faults().on("storageGet").always().respond(404, "<Error><Code>NoSuchKey</Code></Error>");
    server.faults().on("getObject").always().respond(410, r#"{"message":"No data"}"#);
    for request in [object.read().range(0..2 * MIB as u64), object.read().presign(true)] {
        let error = request.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataDeleted, "{error}");
    }
}

/// The address of the storage may lead to another program in the network of the client.
#[tokio::test]
async fn responses_of_another_program_are_no_data() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(2 * MIB);
    for status in [200, 301, 400, 401, 404, 405] {
        let object = uploaded(&fixture, &main, &data).await;
        let page = server.faults().on("storageGet").always().header("Content-Type", "text/html");
        page.respond(status, "<html>welcome</html>");
        for _ in 0..2 {
            assert!(object.read().range(0..2 * MIB as u64).await.unwrap() == data, "{status}");
            assert!(object.read().await.unwrap() == data, "{status}");
        }
        object.read().presign(true).await.unwrap_err();
        server.faults().clear();
    }
}

/// 2,800 bytes of text, compressed with gzip.
const PACKED: [u8; 48] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x49, 0xcc, 0x4e, 0x4d, 0x2b, 0x56,
    0xc8, 0x19, 0xa5, 0x46, 0xa9, 0x51, 0x6a, 0x94, 0x1a, 0xa5, 0x46, 0xa9, 0x51, 0x6a, 0x94, 0x1a, 0xa5,
    0x46, 0xa9, 0xe1, 0x48, 0x01, 0x00, 0x29, 0x3d, 0x20, 0xb6, 0xf0, 0x0a, 0x00, 0x00,
];

/// The tests are compiled with the feature of reqwest that decompresses bodies.
#[tokio::test]
async fn packed_object_is_read_as_it_is_stored() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let packed = PACKED.to_vec();
    uploaded(&fixture, &main, &PACKED).await;
    let client = fixture.builder().configure_http(|http| http.gzip(true).deflate(true)).build().unwrap();
    let object = client.repository("faults").branch("main").object("a");
    let respond = |operation: &str, first: usize, last: usize| {
        let status = if last - first == packed.len() { 200 } else { 206 };
        let fault = server.faults().on(operation).header("Content-Encoding", "gzip");
        let fault = fault.header("Content-Type", "text/csv").header("X-Request-Id", "1");
        let range = format!("bytes {first}-{}/{}", last - 1, packed.len());
        let fault = if status == 206 { fault.header("Content-Range", &range) } else { fault };
        fault.respond(status, packed[first..last].to_vec());
    };
    for (operation, presign) in [("storageGet", true), ("getObject", false)] {
        respond(operation, 0, packed.len());
        assert!(object.read().presign(presign).await.unwrap() == packed, "{operation}");
        respond(operation, 10, 30);
        assert!(object.read().presign(presign).range(10..30).await.unwrap() == packed[10..30], "{operation}");
        for request in server.requests_for(operation) {
            assert_eq!(request.header("accept-encoding"), Some("identity"), "{operation}");
        }
    }
    assert_eq!(server.faults().pending(), [""; 0]);
}

#[tokio::test]
async fn pause_of_the_consumer_is_no_timeout() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let data = data(MIB);
    main.object("a").upload(data.clone()).await.unwrap();
    let client = fixture.builder().response_timeout(Duration::from_millis(200)).retries(RetryPolicy::none());
    let object = client.build().unwrap().repository("faults").branch("main").object("a");
    for presign in [false, true] {
        main.object("a").upload(data.clone()).await.unwrap();
        server.clear_requests();
        let mut reader = object.reader().presign(presign).await.unwrap();
        let mut bytes = reader.try_next().await.unwrap().unwrap().to_vec();
        // The object is overwritten meanwhile. The open connection still has the version that is being read.
        main.object("a").upload("other").await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        reader.read_to_end(&mut bytes).await.unwrap();
        assert!(bytes == data, "{presign}");
        let operation = if presign { "storageGet" } else { "getObject" };
        assert_eq!(server.requests_for(operation).len(), 1);
    }
}

#[tokio::test]
async fn signed_url_is_not_shown() {
    let (fixture, main) = start().await;
    let object = uploaded(&fixture, &main, &data(2 * MIB)).await;
    let request = object.reader().presign(true);
    let reader = request.clone().await.unwrap();
    let shown = format!("{request:?} {reader:?} {object:?}");
    assert!(!shown.contains("X-Amz"), "{shown}");
}
