//! Reads of objects: ranges, conditions, references, readers and downloads.

use lakefs::models::PathType;
use lakefs::{ErrorKind, ObjectReader, TryStreamExt as _};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _};

use crate::support::{
    Fixture, ProgressLog, commit_objects, create_tag, expect_error, read_text, upload_objects,
};

const DATA: &str = "0123456789";

#[tokio::test]
async fn obj_01_reader_implements_stream_and_async_read() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_01").await;
    let object = main.object("a");
    let stats = object.upload("one\ntwo\nthree").content_type("text/plain").await.unwrap();

    let reader = object.reader().await.unwrap();
    assert_eq!((reader.length(), reader.content_type()), (Some(13), Some("text/plain")));
    assert_eq!(reader.etag(), Some(&*format!("\"{}\"", stats.checksum)));
    let chunks: Vec<_> = reader.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"one\ntwo\nthree");

    let mut lines = object.reader().await.unwrap().lines();
    let mut read = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        read.push(line);
    }
    assert_eq!(read, ["one", "two", "three"]);

    // A reader can be used as a reader first and as a stream afterwards.
    let mut reader = object.reader().await.unwrap();
    let mut start = [0; 5];
    reader.read_exact(&mut start).await.unwrap();
    let rest: Vec<_> = reader.try_collect().await.unwrap();
    assert_eq!((&start[..], &*rest.concat()), (&b"one\nt"[..], &b"wo\nthree"[..]));
}

#[tokio::test]
async fn obj_09_range_returns_exactly_the_requested_bytes() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_09").await;
    let object = main.object("a");
    object.upload(DATA).await.unwrap();

    let read = || object.read();
    for (number, (request, expected)) in [
        (read().range(0..1), "0"),
        (read().range(0..10), DATA),
        (read().range(2..5), "234"),
        (read().range(2..=5), "2345"),
        (read().range(7..), "789"),
        (read().range(..3), "012"),
        (read().range(..=3), "0123"),
        (read().range(..), DATA),
        (read().range(9..), "9"),
        // A range may end after the end of the object.
        (read().range(8..1000), "89"),
        (read().range(0..=u64::MAX >> 1), DATA),
        (read().suffix(1), "9"),
        (read().suffix(10), DATA),
        (read().suffix(1000), DATA),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(request.await.unwrap(), expected, "row {number}");
    }

    let expect_unsatisfiable = |result| {
        let words = "Requested Range Not Satisfiable";
        expect_error(result, "get_object", 416, ErrorKind::RangeNotSatisfiable, words);
    };
    expect_unsatisfiable(read().range(10..).await);
    expect_unsatisfiable(read().range(10..=10).await);
    expect_unsatisfiable(read().range(1000..2000).await);
    let empty = main.object("empty");
    empty.upload("").await.unwrap();
    expect_unsatisfiable(empty.read().range(0..1).await);
    // The whole object, and its last bytes, are no bytes.
    for whole in [empty.read().range(..), empty.read().range(0..), empty.read().suffix(1)] {
        assert_eq!(whole.await.unwrap(), "");
    }
    let folder = tempfile::tempdir().unwrap();
    let report = empty.reader().suffix(8).download_to(folder.path().join("empty")).await.unwrap();
    assert_eq!(report.bytes, 0);

    // A range header cannot express an empty range.
    #[expect(clippy::reversed_empty_ranges, reason = "what a caller may compute")]
    for empty in [read().range(0..0), read().range(5..5), read().range(7..3), read().suffix(0)] {
        expect_error(empty.await, "get_object", None, ErrorKind::InvalidRequest, "range");
    }

    let reader = object.reader().range(2..5).await.unwrap();
    assert_eq!((reader.length(), reader.size()), (Some(3), Some(10)));
    let head = object.head().await.unwrap();
    assert!(head.last_modified.is_some());
    assert_eq!(reader.last_modified(), head.last_modified);
    assert_eq!(reader.try_collect::<Vec<_>>().await.unwrap().concat(), b"234");
}

#[tokio::test]
async fn obj_10_read_of_an_unchanged_object_is_not_modified() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_10").await;
    let object = main.object("a");
    let checksum = object.upload(DATA).await.unwrap().checksum;
    let etag = object.reader().await.unwrap().etag().unwrap().to_owned();
    assert_eq!(etag, format!("\"{checksum}\""));

    let read = object.read().if_none_match(&etag).await;
    let error = expect_error(read, "get_object", 304, ErrorKind::NotModified, "not modified");
    assert!(error.body().is_empty());
    let opened = object.reader().if_none_match(&etag).await;
    expect_error(opened, "get_object", 304, ErrorKind::NotModified, "not modified");

    // The server compares the whole header value and does not support lists.
    for other in [&*checksum, "*", "\"other\"", &format!("W/{etag}"), &format!("\"other\", {etag}")] {
        assert_eq!(object.read().if_none_match(other).await.unwrap(), DATA, "{other}");
    }
    object.upload("other").await.unwrap();
    assert_eq!(object.read().if_none_match(&etag).await.unwrap(), "other");
}

#[tokio::test]
async fn obj_11_head_object_returns_size_type_etag_and_range() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_11").await;
    let object = main.object("a b");
    object.upload(DATA).content_type("text/csv").await.unwrap();
    let api = fixture.client.api();
    let head = |path: &str, range: Option<&str>| {
        let request = api.head_object().repository(main.repository().name()).ref_("main").path(path);
        match range {
            Some(range) => request.range(range),
            None => request,
        }
        .send()
    };
    let whole = head("a b", None).await.unwrap();
    let reader = object.reader().await.unwrap();
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.header("content-length"), Some("10"));
    assert_eq!(whole.header("content-type"), reader.content_type());
    assert_eq!(whole.header("etag"), reader.etag());
    assert!(whole.header("last-modified").is_some());
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));

    let part = head("a b", Some("bytes=2-4")).await.unwrap();
    assert_eq!((part.status(), part.header("content-length")), (206, Some("3")));
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));

    // A response to HEAD has no body and thus no message.
    for (path, range, status, kind) in [
        ("missing", None, 404, ErrorKind::NotFound),
        ("a b", Some("bytes=10-"), 416, ErrorKind::RangeNotSatisfiable),
        ("", None, 400, ErrorKind::InvalidRequest),
    ] {
        let error = expect_error(head(path, range).await, "head_object", status, kind, "");
        assert!(error.body().is_empty());
    }
}

#[tokio::test]
async fn obj_12_object_is_read_from_every_kind_of_ref() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_12").await;
    let repository = &main.repository();
    let head = commit_objects(&main, "one", &[("a", "committed")]).await.id;
    create_tag(repository, "v1", "main").await;
    upload_objects(&main, &[("a", "uncommitted")]).await;

    for expression in ["main", "main$"] {
        assert_eq!(
            read_text(&repository.reference(expression).object("a")).await,
            "uncommitted",
            "{expression}"
        );
    }
    for expression in ["main@", "main~0", "v1", "v1^0", &head, &head[..16]] {
        let object = repository.reference(expression).object("a");
        assert_eq!(read_text(&object).await, "committed", "{expression}");
        assert_eq!(object.stat().await.unwrap().size_bytes, Some(9), "{expression}");
    }
    assert_eq!(read_text(&repository.tag("v1").object("a")).await, "committed");
    let uri = format!("lakefs://{}/v1/a", repository.name()).parse().unwrap();
    assert_eq!(read_text(&fixture.client.object(&uri).unwrap()).await, "committed");
}

#[tokio::test]
async fn obj_18_common_prefix_has_a_path_only() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_18").await;
    upload_objects(&main, &[("a/1", "1"), ("a/2", "2"), ("b", "3")]).await;
    let api = fixture.client.api();
    let request = api.list_objects().repository(main.repository().name()).ref_("main").delimiter("/");
    let listed = request.send().await.unwrap().into_inner().results;
    assert_eq!(listed.iter().map(|entry| &*entry.path).collect::<Vec<_>>(), ["a/", "b"]);
    let prefix = &listed[0];
    assert_eq!(prefix.path_type, PathType::CommonPrefix);
    assert_eq!((&*prefix.checksum, prefix.mtime, &*prefix.physical_address), ("", 0, ""));
    assert_eq!((prefix.size_bytes, &prefix.content_type, &prefix.metadata), (None, &None, &None));
    // A listed object has the statistics of the object, except for empty metadata.
    let mut object = main.object("b").stat().await.unwrap();
    object.metadata = None;
    assert_eq!(listed[1], object);
}

#[tokio::test]
async fn obj_19_read_of_a_missing_object_or_ref_is_not_found() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_19").await;
    let repository = &main.repository();
    upload_objects(&main, &[("a/b", "1")]).await;

    let no_repository = fixture.client.repository(fixture.unique_name("obj_19"));
    for (object, words) in [
        (main.object("missing").into(), "not found"),
        (main.object("a").into(), "not found"),
        (main.object("a/").into(), "not found"),
        (main.object("/a/b").into(), "not found"),
        (main.object("A/B").into(), "not found"),
        (repository.reference("nowhere").object("a/b"), "not found"),
        (repository.tag("v1").object("a/b"), "not found"),
        (repository.reference("main~5").object("a/b"), "not found"),
        (no_repository.branch("main").object("a/b").into(), "repository not found"),
    ] {
        expect_error(object.read().await, "get_object", 404, ErrorKind::NotFound, words);
        expect_error(object.reader().await, "get_object", 404, ErrorKind::NotFound, words);
        expect_error(object.stat().await, "stat_object", 404, ErrorKind::NotFound, words);
        assert_eq!(object.get_opt().await.unwrap(), None);
        assert!(!object.exists().await.unwrap());
    }
    let invalid = repository.reference("main^x").object("a/b");
    expect_error(invalid.read().await, "get_object", 400, ErrorKind::InvalidRequest, "invalid value");
}

/// A storage without pre-signed URLs rejects them.
#[tokio::test]
async fn obj_21_presigned_read_needs_support_of_the_storage() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_21").await;
    let object = main.object("a");
    object.upload(DATA).await.unwrap();
    let config = fixture.client.api().get_config().send().await.unwrap().into_inner();
    if config.storage_config.unwrap().pre_sign_support {
        assert_eq!(object.read().presign(true).await.unwrap(), DATA);
        return;
    }
    let words = "operation not supported";
    // The URL is requested with the metadata of the object.
    expect_error(object.read().presign(true).await, "stat_object", 400, ErrorKind::Unsupported, words);
    expect_error(object.stat().presign(true).await, "stat_object", 400, ErrorKind::Unsupported, words);
}

/// A download gives the file its name when it is complete, and leaves no other file behind.
#[tokio::test]
async fn obj_22_download_replaces_a_file_only_when_complete() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_22").await;
    let folder = tempfile::tempdir().unwrap();
    let names = || -> Vec<_> {
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let file = folder.path().join("data.bin");
    for data in [Vec::new(), vec![7; 3_000_000], b"short".to_vec()] {
        main.object("a").upload(data.clone()).await.unwrap();
        let log = ProgressLog::default();
        let report = main.object("a").reader().progress(log.recorder()).download_to(&file).await.unwrap();
        assert_eq!((report.bytes, report.checksum_verified), (data.len() as u64, true));
        let bytes = report.bytes;
        assert!(std::fs::read(&file).unwrap() == data);
        let last = log.last();
        assert_eq!((last.bytes, last.total_bytes, last.items), (bytes, Some(bytes), 1));
    }
    assert_eq!(main.object("a").reader().range(1..3).download_to(&file).await.unwrap().bytes, 2);
    assert_eq!(std::fs::read(&file).unwrap(), b"ho");

    // A failed download keeps the previous file.
    let missing = main.object("b").reader().download_to(&file).await;
    expect_error(missing, "get_object", 404, ErrorKind::NotFound, "not found");
    let nowhere = folder.path().join("no/such/folder");
    let unwritten = main.object("a").reader().download_to(&nowhere).await;
    expect_error(unwritten, "get_object", None, ErrorKind::Io, "no/such/folder");
    assert_eq!((std::fs::read(&file).unwrap(), names()), (b"ho".to_vec(), vec!["data.bin".into()]));
}

async fn read_rest(reader: &mut ObjectReader) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn obj_23_reader_seeks_without_a_request_until_it_reads() {
    use std::io::SeekFrom::{Current, End, Start};

    let fixture = Fixture::new().await;
    let object = fixture.main("obj_23").await.object("a");
    object.upload(DATA).await.unwrap();

    let mut reader = object.reader().await.unwrap();
    assert_eq!(reader.seek(End(-3)).await.unwrap(), 7);
    assert_eq!(read_rest(&mut reader).await, "789");
    assert_eq!(reader.seek(Start(2)).await.unwrap(), 2);
    assert_eq!(reader.read_u8().await.unwrap(), b'2');
    assert_eq!(reader.seek(Current(2)).await.unwrap(), 5);
    assert_eq!(read_rest(&mut reader).await, "56789");
    assert_eq!(reader.seek(Start(100)).await.unwrap(), 100);
    assert_eq!(read_rest(&mut reader).await, "");
    let outside = reader.seek(End(-11)).await.unwrap_err();
    assert_eq!(outside.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(reader.seek(Start(0)).await.unwrap(), 0);
    assert_eq!(read_rest(&mut reader).await, DATA);

    // Positions in a range are relative to its start.
    let mut reader = object.reader().range(2..6).await.unwrap();
    assert_eq!(reader.length(), Some(4));
    assert_eq!(reader.seek(End(-1)).await.unwrap(), 3);
    assert_eq!(read_rest(&mut reader).await, "5");
    reader.rewind().await.unwrap();
    assert_eq!(read_rest(&mut reader).await, "2345");

    if let Some(server) = &fixture.server {
        server.clear_requests();
        let mut reader = object.reader().await.unwrap();
        for position in [Start(3), End(0), Current(-2), Start(0)] {
            reader.seek(position).await.unwrap();
        }
        assert_eq!(server.requests_for("getObject").len(), 1);
        assert_eq!(read_rest(&mut reader).await, DATA);
        assert_eq!(server.requests_for("getObject").len(), 1);
    }
}

#[tokio::test]
async fn obj_24_large_download_uses_concurrent_ranges() {
    let fixture = Fixture::new().await;
    let object = fixture.main("obj_24").await.object("a");
    let data: Vec<u8> = (0_u32..).flat_map(u32::to_be_bytes).take(1_050_000).collect();
    object.upload(data.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let presigns = fixture.storage_config().await.pre_sign_support;
    for (name, presign) in [("server", false), ("storage", true)] {
        if presign && !presigns {
            continue;
        }
        let log = ProgressLog::default();
        let file = folder.path().join(name);
        let open = object.reader().presign(presign).progress(log.recorder());
        let report = open.download_to(&file).part_size(100_000).concurrency(4).await.unwrap();
        assert_eq!(report.bytes, 1_050_000);
        assert!(std::fs::read(&file).unwrap() == data, "{name}");
        let last = log.last();
        assert_eq!((last.bytes, last.total_bytes), (1_050_000, Some(1_050_000)), "{name}");
        assert_eq!((last.items, last.total_items), (1, Some(1)), "{name}");

        // A range of an object is downloaded in parts, too.
        let part = object.reader().presign(presign).range(50_000..1_000_000).download_to(&file);
        assert_eq!(part.part_size(90_000).await.unwrap().bytes, 950_000);
        assert!(std::fs::read(&file).unwrap() == data[50_000..1_000_000], "{name}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1 + usize::from(presigns));
}
