//! Reads that are resumed after a lost connection.

use lakefs::{BranchObject, ErrorKind, RetryPolicy, TryStreamExt as _, Verify};
use tokio::io::AsyncReadExt as _;

use crate::start;
use crate::test_data::data;

async fn read_all(object: &BranchObject) -> Result<Vec<u8>, std::io::Error> {
    let mut bytes = Vec::new();
    object.reader().await?.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Returns kind and message of the error of this crate inside an I/O error.
fn kind_and_message(error: &std::io::Error) -> (ErrorKind, String) {
    let error = error.get_ref().unwrap().downcast_ref::<lakefs::Error>().unwrap();
    (error.kind(), error.message().to_owned())
}

#[tokio::test]
async fn read_is_resumed_after_the_last_received_byte() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let data = data(100_000);
    let stats = object.upload(data.clone()).await.unwrap();

    server.faults().on("getObject").times(3).truncate_body();
    assert_eq!(read_all(&object).await.unwrap(), data);
    let requests = server.requests_for("getObject");
    assert_eq!(requests.len(), 4);
    assert_eq!(requests[0].header("range"), None);
    let mut last = 0;
    for request in &requests[1..] {
        let from = request.header("range").unwrap().strip_prefix("bytes=").unwrap();
        let (from, to) = from.split_once('-').unwrap();
        let from: u32 = from.parse().unwrap();
        assert!(from > last && to == "99999", "{from}-{to}");
        last = from;
        assert_eq!(request.header("if-match"), Some(&*format!("\"{}\"", stats.checksum)));
    }

    // Ranges, reads into memory and downloads are resumed, too.
    server.faults().on("getObject").times(2).truncate_body();
    assert_eq!(object.read().suffix(5000).await.unwrap(), data[95_000..]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    server.faults().on("getObject").times(2).truncate_body();
    assert_eq!(object.reader().download_to(&file).await.unwrap().bytes, 100_000);
    assert_eq!(std::fs::read(&file).unwrap(), data);
    assert_eq!(server.faults().pending(), [""; 0]);
}

#[tokio::test]
async fn read_of_a_changed_object_fails_instead_of_mixing_versions() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    object.upload(data(100_000)).await.unwrap();

    server.faults().on("getObject").truncate_body();
    let mut reader = object.reader().await.unwrap();
    object.upload("x".repeat(100_000)).await.unwrap();
    let mut bytes = Vec::new();
    let error = reader.read_to_end(&mut bytes).await.unwrap_err();
    assert_eq!(
        kind_and_message(&error),
        (
            ErrorKind::Integrity,
            "the object changed while it was read; read it again, or read it at a commit".to_owned()
        )
    );
    assert!(bytes.len() < 100_000 && data(100_000).starts_with(&bytes));

    // An object that became shorter than the bytes read so far has changed, too.
    server.faults().on("getObject").truncate_body();
    let reader = object.reader().await.unwrap();
    object.upload("y").await.unwrap();
    let error = reader.try_for_each(|_| async { Ok(()) }).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Integrity, "the object changed while it was read; read it again, or read it at a commit")
    );
}

#[tokio::test]
async fn read_is_not_resumed_on_a_server_without_ranges() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let stats = object.upload(data(100_000)).await.unwrap();
    server.faults().on("getObject").truncate_body();
    let tag = format!("\"{}\"", stats.checksum);
    let whole = server.faults().on("getObject").header("etag", &tag).header("x-request-id", "7");
    whole.respond(200, data(100_000));
    let error = read_all(&object).await.unwrap_err();
    assert_eq!(kind_and_message(&error).0, ErrorKind::Transport, "{error}");
    assert_eq!(server.requests_for("getObject").len(), 2);
}

#[tokio::test]
async fn read_is_not_resumed_without_retries() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    main.object("a").upload(data(100_000)).await.unwrap();
    let client = fixture.builder().retries(RetryPolicy::none()).build().unwrap();
    server.faults().on("getObject").truncate_body();
    let object = client.repository(main.repository().name()).branch("main").object("a");
    assert_eq!(kind_and_message(&read_all(&object).await.unwrap_err()).0, ErrorKind::Transport);
    assert_eq!(server.requests_for("getObject").len(), 1);
}

#[tokio::test]
async fn parts_of_a_download_are_resumed_independently() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let object = main.object("a");
    let data = data(1_000_000);
    object.upload(data.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    let download = || object.reader().download_to(&file).part_size(100_000).concurrency(3);

    server.faults().on("getObject").after(1).times(5).truncate_body();
    assert_eq!(download().await.unwrap().bytes, 1_000_000);
    assert_eq!(std::fs::read(&file).unwrap(), data);
    assert_eq!(server.requests_for("getObject").len(), 10 + 5);

    // A failed part fails the download and keeps the previous file.
    server.clear_requests();
    server.faults().on("getObject").after(4).respond(403, r#"{"message":"no"}"#);
    let error = download().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert!(server.requests_for("getObject").len() < 10);
    assert_eq!(std::fs::read(&file).unwrap(), data);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);

    // A wrong part fails the checksum of the whole object.
    server.faults().on("getObject").after(6).replace_body(vec![0; 100_000]);
    let strict = object.reader().verify(Verify::Strict).download_to(&file).part_size(100_000).concurrency(3);
    let error = strict.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert!(error.message().contains("MD5"), "{error}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);

    // By default, the object is read again then.
    std::fs::write(&file, "old").unwrap();
    server.faults().on("getObject").after(6).replace_body(vec![0; 100_000]);
    assert!(download().await.unwrap().checksum_verified);
    assert!(std::fs::read(&file).unwrap() == data);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}
