//! Objects: how they are read.

use std::sync::{Arc, Mutex};

use lakefs::models::ObjectStatsPathType;
use lakefs::{ErrorKind, ObjectReader, Progress, TryStreamExt as _};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _};

use crate::support::{Lake, commit, refused, stage, tag, text};

const DATA: &str = "0123456789";

#[tokio::test]
async fn obj_01_a_reader_is_a_stream_and_a_reader() {
    let lake = Lake::new().await;
    let main = lake.main("obj_01").await;
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

    // Both, one after the other.
    let mut reader = object.reader().await.unwrap();
    let mut start = [0; 5];
    reader.read_exact(&mut start).await.unwrap();
    let rest: Vec<_> = reader.try_collect().await.unwrap();
    assert_eq!((&start[..], &*rest.concat()), (&b"one\nt"[..], &b"wo\nthree"[..]));
}

#[tokio::test]
async fn obj_09_ranges() {
    let lake = Lake::new().await;
    let main = lake.main("obj_09").await;
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
        // What lies behind the end is not missed.
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

    let unsatisfiable = |result| {
        let words = "Requested Range Not Satisfiable";
        refused(result, "get_object", 416, ErrorKind::RangeNotSatisfiable, words);
    };
    unsatisfiable(read().range(10..).await);
    unsatisfiable(read().range(10..=10).await);
    unsatisfiable(read().range(1000..2000).await);
    let empty = main.object("empty");
    empty.upload("").await.unwrap();
    unsatisfiable(empty.read().range(..).await);
    // Whether an empty object has a last byte is up to the storage, and one does not know.
    match empty.read().suffix(1).await {
        Ok(nothing) => assert_eq!(nothing, ""),
        Err(error) => assert!(matches!(error.status(), Some(416 | 500)), "{error}"),
    }

    // No header can name nothing.
    #[expect(clippy::reversed_empty_ranges, reason = "what a caller may compute")]
    for nothing in [read().range(0..0), read().range(5..5), read().range(7..3), read().suffix(0)] {
        refused(nothing.await, "get_object", None, ErrorKind::InvalidRequest, "range");
    }

    let reader = object.reader().range(2..5).await.unwrap();
    assert_eq!((reader.length(), reader.size()), (Some(3), Some(10)));
    let head = object.head().await.unwrap();
    assert!(head.last_modified.is_some());
    assert_eq!(reader.last_modified(), head.last_modified);
    assert_eq!(reader.try_collect::<Vec<_>>().await.unwrap().concat(), b"234");
}

#[tokio::test]
async fn obj_10_an_object_that_has_not_changed() {
    let lake = Lake::new().await;
    let main = lake.main("obj_10").await;
    let object = main.object("a");
    let checksum = object.upload(DATA).await.unwrap().checksum;
    let etag = object.reader().await.unwrap().etag().unwrap().to_owned();
    assert_eq!(etag, format!("\"{checksum}\""));

    let read = object.read().if_none_match(&etag).await;
    let error = refused(read, "get_object", 304, ErrorKind::NotModified, "not modified");
    assert!(error.body().is_empty());
    let opened = object.reader().if_none_match(&etag).await;
    refused(opened, "get_object", 304, ErrorKind::NotModified, "not modified");

    // The server compares the text as it stands, and knows no lists.
    for other in [&*checksum, "*", "\"other\"", &format!("W/{etag}"), &format!("\"other\", {etag}")] {
        assert_eq!(object.read().if_none_match(other).await.unwrap(), DATA, "{other}");
    }
    object.upload("other").await.unwrap();
    assert_eq!(object.read().if_none_match(&etag).await.unwrap(), "other");
}

#[tokio::test]
async fn obj_11_what_head_says() {
    let lake = Lake::new().await;
    let main = lake.main("obj_11").await;
    let object = main.object("a b");
    object.upload(DATA).content_type("text/csv").await.unwrap();
    let api = lake.client.api();
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

    // An answer to HEAD has no body, and so no words.
    for (path, range, status, kind) in [
        ("missing", None, 404, ErrorKind::NotFound),
        ("a b", Some("bytes=10-"), 416, ErrorKind::RangeNotSatisfiable),
        ("", None, 400, ErrorKind::InvalidRequest),
    ] {
        let error = refused(head(path, range).await, "head_object", status, kind, "");
        assert!(error.body().is_empty());
    }
}

#[tokio::test]
async fn obj_12_from_every_kind_of_reference() {
    let lake = Lake::new().await;
    let main = lake.main("obj_12").await;
    let repository = &main.repository();
    let head = commit(&main, "one", &[("a", "committed")]).await.id;
    tag(repository, "v1", "main").await;
    stage(&main, &[("a", "staged")]).await;

    for expression in ["main", "main$"] {
        assert_eq!(text(&repository.reference(expression).object("a")).await, "staged", "{expression}");
    }
    for expression in ["main@", "main~0", "v1", "v1^0", &head, &head[..16]] {
        let object = repository.reference(expression).object("a");
        assert_eq!(text(&object).await, "committed", "{expression}");
        assert_eq!(object.stat().await.unwrap().size_bytes, Some(9), "{expression}");
    }
    assert_eq!(text(&repository.tag("v1").object("a")).await, "committed");
    let uri = format!("lakefs://{}/v1/a", repository.name()).parse().unwrap();
    assert_eq!(text(&lake.client.object(&uri).unwrap()).await, "committed");
}

#[tokio::test]
async fn obj_18_a_common_prefix_says_little() {
    let lake = Lake::new().await;
    let main = lake.main("obj_18").await;
    stage(&main, &[("a/1", "1"), ("a/2", "2"), ("b", "3")]).await;
    let api = lake.client.api();
    let request = api.list_objects().repository(main.repository().name()).ref_("main").delimiter("/");
    let listed = request.send().await.unwrap().into_inner().results;
    assert_eq!(listed.iter().map(|entry| &*entry.path).collect::<Vec<_>>(), ["a/", "b"]);
    let prefix = &listed[0];
    assert_eq!(prefix.path_type, ObjectStatsPathType::CommonPrefix);
    assert_eq!((&*prefix.checksum, prefix.mtime, &*prefix.physical_address), ("", 0, ""));
    assert_eq!((prefix.size_bytes, &prefix.content_type, &prefix.metadata), (None, &None, &None));
    // What it says of an object is what the object says of itself, but for metadata that is empty.
    let mut object = main.object("b").stat().await.unwrap();
    object.metadata = None;
    assert_eq!(listed[1], object);
}

#[tokio::test]
async fn obj_19_reading_where_nothing_is() {
    let lake = Lake::new().await;
    let main = lake.main("obj_19").await;
    let repository = &main.repository();
    stage(&main, &[("a/b", "1")]).await;

    let no_repository = lake.client.repository(lake.name("obj_19"));
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
        refused(object.read().await, "get_object", 404, ErrorKind::NotFound, words);
        refused(object.reader().await, "get_object", 404, ErrorKind::NotFound, words);
        refused(object.stat().await, "stat_object", 404, ErrorKind::NotFound, words);
        assert_eq!(object.get_opt().await.unwrap(), None);
        assert!(!object.exists().await.unwrap());
    }
    let invalid = repository.reference("main^x").object("a/b");
    refused(invalid.read().await, "get_object", 400, ErrorKind::InvalidRequest, "invalid value");
}

/// Neither storage of these servers signs addresses.
#[tokio::test]
async fn obj_21_signed_addresses_are_of_the_storage() {
    let lake = Lake::new().await;
    let main = lake.main("obj_21").await;
    let object = main.object("a");
    object.upload(DATA).await.unwrap();
    let config = lake.client.api().get_config().send().await.unwrap().into_inner();
    if config.storage_config.unwrap().pre_sign_support {
        assert_eq!(object.read().presign(true).await.unwrap(), DATA);
        return;
    }
    let words = "operation not supported";
    refused(object.read().presign(true).await, "get_object", 400, ErrorKind::Unsupported, words);
    refused(object.stat().presign(true).await, "stat_object", 400, ErrorKind::Unsupported, words);
}

/// A download has its name when all of it is there, and leaves nothing else behind.
#[tokio::test]
async fn obj_22_downloads() {
    let lake = Lake::new().await;
    let main = lake.main("obj_22").await;
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
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = told.clone();
        let progress = Progress::new(move |now| telling.lock().unwrap().push(now));
        let bytes = main.object("a").reader().shared_progress(&progress).download_to(&file).await.unwrap();
        assert_eq!(bytes, data.len() as u64);
        assert!(std::fs::read(&file).unwrap() == data);
        let last = *told.lock().unwrap().last().unwrap();
        assert_eq!((last.bytes, last.total_bytes, last.items), (bytes, Some(bytes), 1));
    }
    assert_eq!(main.object("a").reader().range(1..3).download_to(&file).await.unwrap(), 2);
    assert_eq!(std::fs::read(&file).unwrap(), b"ho");

    // What fails leaves what was there.
    let missing = main.object("b").reader().download_to(&file).await;
    refused(missing, "get_object", 404, ErrorKind::NotFound, "not found");
    let nowhere = folder.path().join("no/such/folder");
    let unwritten = main.object("a").reader().download_to(&nowhere).await;
    refused(unwritten, "get_object", None, ErrorKind::InvalidRequest, "no/such/folder");
    assert_eq!((std::fs::read(&file).unwrap(), names()), (b"ho".to_vec(), vec!["data.bin".into()]));
}

async fn rest(reader: &mut ObjectReader) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn obj_23_a_reader_can_seek() {
    use std::io::SeekFrom::{Current, End, Start};

    let lake = Lake::new().await;
    let object = lake.main("obj_23").await.object("a");
    object.upload(DATA).await.unwrap();

    let mut reader = object.reader().await.unwrap();
    assert_eq!(reader.seek(End(-3)).await.unwrap(), 7);
    assert_eq!(rest(&mut reader).await, "789");
    assert_eq!(reader.seek(Start(2)).await.unwrap(), 2);
    assert_eq!(reader.read_u8().await.unwrap(), b'2');
    assert_eq!(reader.seek(Current(2)).await.unwrap(), 5);
    assert_eq!(rest(&mut reader).await, "56789");
    assert_eq!(reader.seek(Start(100)).await.unwrap(), 100);
    assert_eq!(rest(&mut reader).await, "");
    let outside = reader.seek(End(-11)).await.unwrap_err();
    assert_eq!(outside.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(reader.seek(Start(0)).await.unwrap(), 0);
    assert_eq!(rest(&mut reader).await, DATA);

    // Of a part, positions are those of the part.
    let mut reader = object.reader().range(2..6).await.unwrap();
    assert_eq!(reader.length(), Some(4));
    assert_eq!(reader.seek(End(-1)).await.unwrap(), 3);
    assert_eq!(rest(&mut reader).await, "5");
    reader.rewind().await.unwrap();
    assert_eq!(rest(&mut reader).await, "2345");

    if let Some(server) = &lake.server {
        server.clear_requests();
        let mut reader = object.reader().await.unwrap();
        for place in [Start(3), End(0), Current(-2), Start(0)] {
            reader.seek(place).await.unwrap();
        }
        assert_eq!(server.requests_for("getObject").len(), 1);
        assert_eq!(rest(&mut reader).await, DATA);
        assert_eq!(server.requests_for("getObject").len(), 1);
    }
}

#[tokio::test]
async fn obj_24_a_large_download_comes_in_parts() {
    let lake = Lake::new().await;
    let object = lake.main("obj_24").await.object("a");
    let data: Vec<u8> = (0_u32..).flat_map(u32::to_be_bytes).take(1_050_000).collect();
    object.upload(data.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let signs = lake.storage().await.pre_sign_support;
    for (name, presign) in [("server", false), ("storage", true)] {
        if presign && !signs {
            continue;
        }
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = told.clone();
        let progress = Progress::new(move |now| telling.lock().unwrap().push(now));
        let file = folder.path().join(name);
        let open = object.reader().presign(presign).shared_progress(&progress);
        let bytes = open.download_to(&file).part_size(100_000).concurrency(4).await.unwrap();
        assert_eq!(bytes, 1_050_000);
        assert!(std::fs::read(&file).unwrap() == data, "{name}");
        let last = *told.lock().unwrap().last().unwrap();
        assert_eq!((last.bytes, last.total_bytes), (1_050_000, Some(1_050_000)), "{name}");
        assert_eq!((last.items, last.total_items), (1, Some(1)), "{name}");

        // A part of an object as well.
        let part = object.reader().presign(presign).range(50_000..1_000_000).download_to(&file);
        assert_eq!(part.part_size(90_000).await.unwrap(), 950_000);
        assert!(std::fs::read(&file).unwrap() == data[50_000..1_000_000], "{name}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1 + usize::from(signs));
}
