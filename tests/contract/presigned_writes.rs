//! Data that this client sends to the storage by itself, where the storage can: by whichever way they go, the object is the
//! same.

use futures::stream;
use lakefs::{Body, BranchObject, ErrorKind, Progress, models};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Lake, refused, text};

const MIB: usize = 1 << 20;

impl Lake {
    /// Whether the storage takes uploads in parts from everybody.
    async fn takes_parts(&self) -> bool {
        self.storage().await.pre_sign_multipart_upload == Some(true)
    }

    /// The operations that the test server has been asked for, of those that move data; nothing of a real one.
    fn moved(&self) -> Option<Vec<&'static str>> {
        let server = self.server.as_ref()?;
        let ways = ["uploadObject", "storagePut", "storagePutPart"];
        let requests = server.requests().into_iter().map(|request| request.operation);
        let moved = requests.filter(|operation| ways.contains(operation)).collect();
        server.clear_requests();
        Some(moved)
    }
}

fn data(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

/// The data as a stream of pieces that fit nothing.
fn pieces(data: &[u8]) -> Body {
    let chunks: Vec<_> = data.chunks(77_777).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
    Body::stream(stream::iter(chunks))
}

async fn same(object: &BranchObject, written: &models::ObjectStats, data: &[u8]) {
    assert_eq!(written.size_bytes, Some(i64::try_from(data.len()).unwrap()));
    assert_eq!(&object.get().await.unwrap(), written);
    assert!(object.read().await.unwrap() == data, "other bytes than were written to {}", object.path());
}

#[tokio::test]
async fn presign_10_an_object_is_the_same_whichever_way_it_went() {
    let lake = Lake::new().await;
    let main = lake.main("presign_10").await;
    let upload = |path: &str, body: Body| {
        let upload = main.object(path).upload(body).content_type("text/csv");
        upload.metadata("Mixed-Case", " v ").metadata("mixed-case", "größe\t")
    };
    if !lake.signs().await {
        let refusal = upload("a", "1".into()).presign(true).await;
        refused(refusal, "upload_object", None, ErrorKind::Unsupported, "no support for pre-signed URLs");
        let refusal = main.object("a").writer().presign(true).await;
        refused(refusal, "upload_object", None, ErrorKind::Unsupported, "no support for pre-signed URLs");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let through = upload("through", "a,b\n1,2\n".into()).presign(false).await.unwrap();
    for (path, body) in [
        ("bytes", Body::from("a,b\n1,2\n")),
        ("file", Body::file(&file)),
        ("stream", pieces(b"a,b\n1,2\n").with_length(8)),
    ] {
        let written = upload(path, body).presign(true).await.unwrap();
        let mut likewise = through.clone();
        path.clone_into(&mut likewise.path);
        likewise.physical_address.clone_from(&written.physical_address);
        likewise.mtime = written.mtime;
        assert_eq!(written, likewise);
        same(&main.object(path), &written, b"a,b\n1,2\n").await;
        assert_eq!(main.object(path).reader().await.unwrap().content_type(), Some("text/csv"));
    }
    let plain = main.object("plain").upload("").presign(true).await.unwrap();
    assert_eq!(plain.content_type.as_deref(), Some("application/octet-stream"));
    assert_eq!((&*plain.checksum, plain.size_bytes), ("d41d8cd98f00b204e9800998ecf8427e", Some(0)));

    let unsendable = upload("a", "1".into()).metadata("a b", "1").presign(true).await;
    refused(unsendable, "upload_object", None, ErrorKind::InvalidRequest, "cannot be sent as an HTTP header");
    let missing = upload("a", Body::file("/no/such/file")).presign(true).await;
    refused(missing, "upload_object", None, ErrorKind::Io, "cannot be read");
    for length in [7, 9] {
        let wrong = upload("a", pieces(b"a,b\n1,2\n").with_length(length)).presign(true).await;
        refused(wrong, "upload_object", None, ErrorKind::Io, "cannot be read");
    }
    let nowhere = main.repository().branch("nowhere").object("a").upload("1").presign(true).await;
    refused(nowhere, "link_physical_address", 404, ErrorKind::NotFound, "not found");
    assert!(!main.object("a").exists().await.unwrap());
}

#[tokio::test]
async fn presign_11_large_objects_go_in_parts() {
    let lake = Lake::new().await;
    if !lake.takes_parts().await {
        return;
    }
    let main = lake.main("presign_11").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let data = data(17 * MIB + 1);
    std::fs::write(&file, &data).unwrap();
    lake.moved();
    for (path, body, parts) in [
        ("file", Body::file(&file), 3),
        ("bytes", Body::from(data.clone()), 3),
        ("stream", pieces(&data), 4),
        ("stream with length", pieces(&data).with_length(data.len() as u64), 4),
    ] {
        let object = main.object(path);
        let written = object.upload(body).content_type("a/b").metadata("Key", "v").await.unwrap();
        same(&object, &written, &data).await;
        assert!(written.checksum.ends_with(&format!("-{parts}")), "{}", written.checksum);
        assert_eq!(written.content_type.as_deref(), Some("a/b"));
        assert_eq!(written.metadata.unwrap().get("key").map(String::as_str), Some("v"));
        if let Some(moved) = lake.moved() {
            assert_eq!(moved, vec!["storagePutPart"; parts]);
        }
    }

    let object = main.object("writer");
    let mut writer = object.writer().part_size(6 << 20).concurrency(2).await.unwrap();
    writer.write_all(&data).await.unwrap();
    assert!(!object.exists().await.unwrap());
    let written = writer.finish().await.unwrap();
    same(&object, &written, &data).await;
    assert!(written.checksum.ends_with("-3"), "{}", written.checksum);

    // As many as fill their parts.
    let object = main.object("whole");
    let written = object.upload(pieces(&data[..10 * MIB])).await.unwrap();
    same(&object, &written, &data[..10 * MIB]).await;
    assert!(written.checksum.ends_with("-2"), "{}", written.checksum);

    // A stream that fails in the middle leaves nothing.
    let broken = stream::iter((0..20).map(|at| if at < 18 { Ok(vec![b'x'; MIB]) } else { Err("no more") }));
    let failed = main.object("broken").upload(Body::stream(broken)).await;
    refused(failed, "upload_object", None, ErrorKind::Io, "cannot be read");
    assert!(!main.object("broken").exists().await.unwrap());
    let nowhere = main.repository().branch("nowhere").object("a").upload(Body::file(&file)).await;
    let operation = "create_presign_multipart_upload";
    refused(nowhere, operation, 404, ErrorKind::NotFound, "branch 'nowhere' not found");
    if let Some(server) = &lake.server {
        assert_eq!(server.open_uploads(), 0);
    }
}

#[tokio::test]
async fn presign_12_conditions_and_force_are_kept_on_every_way() {
    let lake = Lake::new().await;
    let signs = lake.signs().await;
    let main = lake.main("presign_12").await;
    let object = main.object("a");
    let large = |byte: u8| vec![byte; 9 * MIB];
    lake.moved();
    object.upload(large(b'1')).if_none_match("*").await.unwrap();
    if let Some(moved) = lake.moved() {
        assert_eq!(moved, [if signs { "storagePut" } else { "uploadObject" }]);
    }
    for again in [
        object.upload(large(b'2')).if_none_match("*"),
        object.upload(pieces(&large(b'2'))).if_none_match("*"),
        object.upload(pieces(&large(b'2')).with_length(9 << 20)).if_none_match("*"),
    ] {
        assert_eq!(again.await.unwrap_err().kind(), ErrorKind::PreconditionFailed);
    }
    assert!(object.read().await.unwrap() == large(b'1'), "it was overwritten");
    for other in
        [object.upload(large(b'2')).if_none_match("\"tag\""), object.upload(large(b'2')).if_match("*")]
    {
        refused(other.await, "upload_object", 501, ErrorKind::Unsupported, "Not Implemented");
    }
    main.object("forced").upload(large(b'3')).force(true).await.unwrap();

    if signs {
        for (upload, words) in [
            (object.upload("2").if_match("*"), "condition"),
            (object.upload("2").if_none_match("\"tag\""), "condition"),
            (object.upload("2").storage_class("STANDARD"), "storage class"),
            (object.upload(pieces(&large(b'2'))).if_none_match("*"), "known length"),
        ] {
            refused(upload.presign(true).await, "upload_object", None, ErrorKind::Unsupported, words);
        }
    }
}

#[tokio::test]
async fn presign_13_data_go_the_way_that_suits_them() {
    let lake = Lake::new().await;
    let Some(server) = &lake.server else { return };
    let (signs, main) = (lake.signs().await, lake.main("presign_13").await);
    let object = main.object("a");
    let asked = |operation: &str| server.requests_for(operation).len();
    let before = asked("getConfig");
    object.upload("small").await.unwrap();
    assert_eq!(asked("getConfig"), before);
    lake.moved();

    let ways: [(_, &[&str]); 5] = [
        (object.upload(vec![b'x'; MIB - 1]), &["uploadObject"]),
        (object.upload(vec![b'x'; MIB]), &["storagePut"]),
        (object.upload(vec![b'x'; 8 * MIB]), &["storagePut"]),
        (object.upload(vec![b'x'; 8 * MIB + 1]), &["storagePutPart", "storagePutPart"]),
        (object.upload(vec![b'x'; 9 * MIB]).presign(false), &["uploadObject"]),
    ];
    for (upload, way) in ways {
        upload.await.unwrap();
        assert_eq!(lake.moved().unwrap(), if signs { way } else { &["uploadObject"] });
    }
    // Writers know what they had to write when it is written.
    for (bytes, way) in [(5, "uploadObject"), (MIB, "storagePut"), (5 * MIB, "storagePutPart")] {
        let mut writer = object.writer().await.unwrap();
        writer.write_all(&vec![b'x'; bytes]).await.unwrap();
        let written = writer.finish().await.unwrap();
        assert_eq!(written.size_bytes, Some(i64::try_from(bytes).unwrap()));
        assert_eq!(lake.moved().unwrap(), [if signs { way } else { "uploadObject" }]);
    }
    assert_eq!(asked("getConfig") + asked("getRepository"), 0);
    let own = lake.builder().build().unwrap();
    for _ in 0..3 {
        let object = own.repository(main.repository().name()).branch("main").object("a");
        object.upload(vec![b'x'; MIB]).await.unwrap();
    }
    assert_eq!((asked("getConfig"), asked("getRepository")), (1, 0));
}

#[tokio::test]
async fn presign_14_progress_is_in_steps_and_adds_up_on_every_way() {
    let lake = Lake::new().await;
    let main = lake.main("presign_14").await;
    for (bytes, known) in [(MIB, true), (17 * MIB, true), (17 * MIB, false)] {
        let body = if known { Body::from(data(bytes)) } else { pieces(&data(bytes)) };
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let telling = told.clone();
        let progress = Progress::new(move |now| telling.lock().unwrap().push(now));
        main.object("a").upload(body).shared_progress(&progress).await.unwrap();
        let told = told.lock().unwrap();
        let (last, bytes) = (told.last().unwrap(), bytes as u64);
        assert_eq!((last.bytes, last.total_bytes), (bytes, known.then_some(bytes)));
        assert_eq!((last.items, last.total_items), (1, Some(1)));
        let steps = told.windows(2).map(|pair| pair[1].bytes.saturating_sub(pair[0].bytes));
        assert!(steps.max() <= Some(MIB as u64), "in leaps");
    }
}

#[tokio::test]
async fn presign_15_a_writer_that_is_dropped_leaves_nothing_in_the_storage() {
    let lake = Lake::new().await;
    let main = lake.main("presign_15").await;
    let object = main.object("a");
    object.upload("before").await.unwrap();
    for bytes in [3 * MIB, 12 * MIB] {
        let mut writer = object.writer().await.unwrap();
        writer.write_all(&vec![b'x'; bytes]).await.unwrap();
        drop(writer);
    }
    if let Some(server) = &lake.server {
        while server.open_uploads() > 0 {
            tokio::task::yield_now().await;
        }
    }
    main.object("b").upload("after").await.unwrap();
    main.commit("one").await.unwrap();
    assert_eq!(text(&object).await, "before");
}

#[tokio::test]
async fn presign_16_what_went_in_parts_is_known_again() {
    let lake = Lake::new().await;
    let main = lake.main("presign_16").await;
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
