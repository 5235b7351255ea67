//! Upload paths: through the server, to a pre-signed URL, and as a multipart upload. The object is the same on each of
//! them.

use futures::stream;
use lakefs::{Body, BranchObject, ErrorKind, models};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Fixture, ProgressLog, expect_error, read_text, wait_until};

const MIB: usize = 1 << 20;

impl Fixture {
    /// Returns the operations that have moved data since the last call; `None` on a real lakeFS.
    fn take_data_requests(&self) -> Option<Vec<&'static str>> {
        let server = self.server.as_ref()?;
        let data_requests = ["uploadObject", "storagePut", "storagePutPart"];
        let requests = server.requests().into_iter().map(|request| request.operation);
        let requests = requests.filter(|operation| data_requests.contains(operation)).collect();
        server.clear_requests();
        Some(requests)
    }
}

fn data(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

/// Returns the data as a stream of chunks whose size divides neither parts nor buffers.
fn chunked(data: &[u8]) -> Body {
    let chunks: Vec<_> = data.chunks(77_777).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
    Body::stream(stream::iter(chunks))
}

async fn assert_object_is(object: &BranchObject, written: &models::ObjectStats, data: &[u8]) {
    assert_eq!(written.size_bytes, Some(i64::try_from(data.len()).unwrap()));
    assert_eq!(&object.get().await.unwrap(), written);
    assert!(object.read().await.unwrap() == data, "{} has other bytes than were written", object.path());
}

#[tokio::test]
async fn presign_10_object_is_the_same_on_every_upload_path() {
    let fixture = Fixture::new().await;
    let main = fixture.main("presign_10").await;
    let upload = |path: &str, body: Body| {
        let upload = main.object(path).upload(body).content_type("text/csv");
        upload.metadata("Mixed-Case", " v ").metadata("mixed-case", "größe\t")
    };
    if !fixture.presigns().await {
        let refusal = upload("a", "1".into()).presign(true).await;
        expect_error(
            refusal,
            "upload_object",
            None,
            ErrorKind::Unsupported,
            "no support for pre-signed URLs",
        );
        let refusal = main.object("a").writer().presign(true).await;
        expect_error(
            refusal,
            "upload_object",
            None,
            ErrorKind::Unsupported,
            "no support for pre-signed URLs",
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let through_server = upload("through server", "a,b\n1,2\n".into()).presign(false).await.unwrap();
    for (path, body) in [
        ("bytes", Body::from("a,b\n1,2\n")),
        ("file", Body::file(&file)),
        ("stream", chunked(b"a,b\n1,2\n").with_length(8)),
    ] {
        let written = upload(path, body).presign(true).await.unwrap();
        let mut expected = through_server.clone();
        path.clone_into(&mut expected.path);
        expected.physical_address.clone_from(&written.physical_address);
        expected.mtime = written.mtime;
        assert_eq!(written, expected);
        assert_object_is(&main.object(path), &written, b"a,b\n1,2\n").await;
        assert_eq!(main.object(path).reader().await.unwrap().content_type(), Some("text/csv"));
    }
    let plain = main.object("plain").upload("").presign(true).await.unwrap();
    assert_eq!(plain.content_type.as_deref(), Some("application/octet-stream"));
    assert_eq!((&*plain.checksum, plain.size_bytes), ("d41d8cd98f00b204e9800998ecf8427e", Some(0)));

    let unsendable = upload("a", "1".into()).metadata("a b", "1").presign(true).await;
    expect_error(
        unsendable,
        "upload_object",
        None,
        ErrorKind::InvalidRequest,
        "cannot be sent as an HTTP header",
    );
    let missing = upload("a", Body::file("/no/such/file")).presign(true).await;
    expect_error(missing, "upload_object", None, ErrorKind::Io, "cannot be read");
    for length in [7, 9] {
        let wrong = upload("a", chunked(b"a,b\n1,2\n").with_length(length)).presign(true).await;
        expect_error(wrong, "upload_object", None, ErrorKind::Io, "cannot be read");
    }
    let nowhere = main.repository().branch("nowhere").object("a").upload("1").presign(true).await;
    expect_error(nowhere, "link_physical_address", 404, ErrorKind::NotFound, "not found");
    assert!(!main.object("a").exists().await.unwrap());
}

#[tokio::test]
async fn presign_11_large_objects_are_multipart_uploads() {
    let fixture = Fixture::new().await;
    if !fixture.presigns_parts().await {
        return;
    }
    let main = fixture.main("presign_11").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let data = data(17 * MIB + 1);
    std::fs::write(&file, &data).unwrap();
    fixture.take_data_requests();
    for (path, body, parts) in [
        ("file", Body::file(&file), 3),
        ("bytes", Body::from(data.clone()), 3),
        ("stream", chunked(&data), 4),
        ("stream with length", chunked(&data).with_length(data.len() as u64), 4),
    ] {
        let object = main.object(path);
        let written = object.upload(body).content_type("a/b").metadata("Key", "v").await.unwrap();
        assert_object_is(&object, &written, &data).await;
        assert!(written.checksum.ends_with(&format!("-{parts}")), "{}", written.checksum);
        assert_eq!(written.content_type.as_deref(), Some("a/b"));
        assert_eq!(written.metadata.unwrap().get("key").map(String::as_str), Some("v"));
        if let Some(requests) = fixture.take_data_requests() {
            assert_eq!(requests, vec!["storagePutPart"; parts]);
        }
    }

    let object = main.object("writer");
    let mut writer = object.writer().part_size(6 << 20).concurrency(2).await.unwrap();
    writer.write_all(&data).await.unwrap();
    assert!(!object.exists().await.unwrap());
    let written = writer.finish().await.unwrap();
    assert_object_is(&object, &written, &data).await;
    assert!(written.checksum.ends_with("-3"), "{}", written.checksum);

    // The data fill their parts exactly.
    let object = main.object("whole");
    let written = object.upload(chunked(&data[..10 * MIB])).await.unwrap();
    assert_object_is(&object, &written, &data[..10 * MIB]).await;
    assert!(written.checksum.ends_with("-2"), "{}", written.checksum);

    // A stream that fails halfway leaves nothing behind.
    let broken = stream::iter((0..20).map(|at| if at < 18 { Ok(vec![b'x'; MIB]) } else { Err("no more") }));
    let failed = main.object("broken").upload(Body::stream(broken)).await;
    expect_error(failed, "upload_object", None, ErrorKind::Io, "cannot be read");
    assert!(!main.object("broken").exists().await.unwrap());
    let nowhere = main.repository().branch("nowhere").object("a").upload(Body::file(&file)).await;
    let operation = "create_presign_multipart_upload";
    expect_error(nowhere, operation, 404, ErrorKind::NotFound, "branch 'nowhere' not found");
    if let Some(server) = &fixture.server {
        assert_eq!(server.open_uploads(), 0);
    }
}

#[tokio::test]
async fn presign_12_conditions_and_force_hold_on_every_upload_path() {
    let fixture = Fixture::new().await;
    let presigns = fixture.presigns().await;
    let main = fixture.main("presign_12").await;
    let object = main.object("a");
    let large = |byte: u8| vec![byte; 9 * MIB];
    fixture.take_data_requests();
    object.upload(large(b'1')).if_none_match("*").await.unwrap();
    if let Some(requests) = fixture.take_data_requests() {
        assert_eq!(requests, [if presigns { "storagePut" } else { "uploadObject" }]);
    }
    for again in [
        object.upload(large(b'2')).if_none_match("*"),
        object.upload(chunked(&large(b'2'))).if_none_match("*"),
        object.upload(chunked(&large(b'2')).with_length(9 << 20)).if_none_match("*"),
    ] {
        assert_eq!(again.await.unwrap_err().kind(), ErrorKind::PreconditionFailed);
    }
    assert!(object.read().await.unwrap() == large(b'1'), "the object was overwritten");
    for other in
        [object.upload(large(b'2')).if_none_match("\"tag\""), object.upload(large(b'2')).if_match("*")]
    {
        expect_error(other.await, "upload_object", 501, ErrorKind::Unsupported, "Not Implemented");
    }
    main.object("forced").upload(large(b'3')).force(true).await.unwrap();

    if presigns {
        for (upload, words) in [
            (object.upload("2").if_match("*"), "condition"),
            (object.upload("2").if_none_match("\"tag\""), "condition"),
            (object.upload("2").storage_class("STANDARD"), "storage class"),
            (object.upload(chunked(&large(b'2'))).if_none_match("*"), "length of the data is unknown"),
        ] {
            expect_error(upload.presign(true).await, "upload_object", None, ErrorKind::Unsupported, words);
        }
    }
}

#[tokio::test]
async fn presign_13_upload_path_depends_on_the_size() {
    let fixture = Fixture::new().await;
    let Some(server) = &fixture.server else { return };
    let (presigns, main) = (fixture.presigns().await, fixture.main("presign_13").await);
    let object = main.object("a");
    let request_count = |operation: &str| server.requests_for(operation).len();
    let before = request_count("getConfig");
    object.upload("small").await.unwrap();
    assert_eq!(request_count("getConfig"), before);
    fixture.take_data_requests();

    let uploads: [(_, &[&str]); 5] = [
        (object.upload(vec![b'x'; MIB - 1]), &["uploadObject"]),
        (object.upload(vec![b'x'; MIB]), &["storagePut"]),
        (object.upload(vec![b'x'; 8 * MIB]), &["storagePut"]),
        (object.upload(vec![b'x'; 8 * MIB + 1]), &["storagePutPart", "storagePutPart"]),
        (object.upload(vec![b'x'; 9 * MIB]).presign(false), &["uploadObject"]),
    ];
    for (upload, requests) in uploads {
        upload.await.unwrap();
        assert_eq!(
            fixture.take_data_requests().unwrap(),
            if presigns { requests } else { &["uploadObject"] }
        );
    }
    // A writer selects its upload path when the size is known.
    for (bytes, request) in [(5, "uploadObject"), (MIB, "storagePut"), (5 * MIB, "storagePutPart")] {
        let mut writer = object.writer().await.unwrap();
        writer.write_all(&vec![b'x'; bytes]).await.unwrap();
        let written = writer.finish().await.unwrap();
        assert_eq!(written.size_bytes, Some(i64::try_from(bytes).unwrap()));
        assert_eq!(fixture.take_data_requests().unwrap(), [if presigns { request } else { "uploadObject" }]);
    }
    assert_eq!(request_count("getConfig") + request_count("getRepository"), 0);
    let client = fixture.builder().build().unwrap();
    for _ in 0..3 {
        let object = client.repository(main.repository().name()).branch("main").object("a");
        object.upload(vec![b'x'; MIB]).await.unwrap();
    }
    assert_eq!((request_count("getConfig"), request_count("getRepository")), (1, 0));
}

#[tokio::test]
async fn presign_14_progress_adds_up_on_every_upload_path() {
    let fixture = Fixture::new().await;
    let main = fixture.main("presign_14").await;
    for (bytes, known) in [(MIB, true), (17 * MIB, true), (17 * MIB, false)] {
        let body = if known { Body::from(data(bytes)) } else { chunked(&data(bytes)) };
        let log = ProgressLog::default();
        main.object("a").upload(body).progress(log.recorder()).await.unwrap();
        let (updates, last, bytes) = (log.updates(), log.last(), bytes as u64);
        assert_eq!((last.bytes, last.total_bytes), (bytes, known.then_some(bytes)));
        assert_eq!((last.items, last.total_items), (1, Some(1)));
        let steps = updates.windows(2).map(|pair| pair[1].bytes.saturating_sub(pair[0].bytes));
        assert!(steps.max() <= Some(MIB as u64), "an update reports more than 1 MiB");
    }
}

#[tokio::test]
async fn presign_15_dropped_writer_leaves_no_upload_in_the_storage() {
    let fixture = Fixture::new().await;
    let main = fixture.main("presign_15").await;
    let object = main.object("a");
    object.upload("before").await.unwrap();
    for bytes in [3 * MIB, 12 * MIB] {
        let mut writer = object.writer().await.unwrap();
        writer.write_all(&vec![b'x'; bytes]).await.unwrap();
        drop(writer);
    }
    if let Some(server) = &fixture.server {
        wait_until("the upload is aborted", async || server.open_uploads() == 0).await;
    }
    main.object("b").upload("after").await.unwrap();
    main.commit("one").await.unwrap();
    assert_eq!(read_text(&object).await, "before");
}

#[tokio::test]
async fn presign_16_sync_recognizes_objects_of_multipart_uploads() {
    let fixture = Fixture::new().await;
    let main = fixture.main("presign_16").await;
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("large", 17 * MIB + 3), ("small", 3)] {
        std::fs::write(folder.path().join(name), data(bytes)).unwrap();
    }
    let report = main.upload_dir(folder.path(), "data").await.unwrap();
    assert_eq!((report.transferred, report.unchanged), (2, 0));
    let report = main.sync_from_dir(folder.path(), "data").await.unwrap();
    assert_eq!((report.transferred, report.unchanged), (0, 2));
    let report = main.sync_to_dir("data", folder.path()).await.unwrap();
    assert_eq!((report.transferred, report.unchanged), (0, 2));
    let mut other = data(17 * MIB + 3);
    other[9 * MIB] ^= 1;
    std::fs::write(folder.path().join("large"), other).unwrap();
    let report = main.sync_from_dir(folder.path(), "data").await.unwrap();
    assert_eq!((report.transferred, report.unchanged), (1, 1));
}
