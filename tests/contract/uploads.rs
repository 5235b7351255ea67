//! Objects: how they are written and deleted.

use bytes::Bytes;
use futures::future::join_all;
use futures::stream;
use lakefs::models::{ObjectStatsPathType, ObjectUserMetadata};
use lakefs::{Body, ErrorKind, TryStreamExt as _};

use crate::support::{Lake, commit, paths, refused, stage, tag, text};

/// 8 bytes, and their checksum.
const DATA: &str = "a,b\n1,2\n";
const MD5: &str = "e5ebd4c02cefbe7955977c67ada242b7";

#[tokio::test]
async fn obj_01_what_is_written_is_read() {
    let lake = Lake::new().await;
    let main = lake.main("obj_01").await;
    let file = std::env::temp_dir().join(lake.name("obj_01"));
    std::fs::write(&file, DATA).unwrap();

    let bodies = [
        ("str", Body::from(DATA)),
        ("string", Body::from(DATA.to_owned())),
        ("slice", Body::from(b"a,b\n1,2\n")),
        ("vec", Body::from(DATA.as_bytes().to_vec())),
        ("bytes", Body::from(Bytes::from_static(DATA.as_bytes()))),
        ("file", Body::file(&file)),
        ("stream", pieces()),
        ("stream with length", pieces().with_length(8)),
        ("reader", Body::reader(DATA.as_bytes())),
        ("reader with length", Body::reader(DATA.as_bytes()).with_length(8)),
    ];
    for (path, body) in bodies {
        let object = main.object(path);
        let written = object.upload(body).await.unwrap();
        assert_eq!((&*written.path, &*written.checksum, written.size_bytes), (path, MD5, Some(8)));
        assert_eq!(written.path_type, ObjectStatsPathType::Object);
        assert_eq!(written.metadata, Some(metadata(&[])));
        assert!(written.mtime > 1_700_000_000, "{}", written.mtime);
        let data = format!("{}/data/", main.repository().name());
        assert!(written.physical_address.contains(&data), "{}", written.physical_address);

        assert_eq!(object.stat().await.unwrap(), written);
        assert_eq!(object.get_opt().await.unwrap(), Some(written));
        assert_eq!(object.read().await.unwrap(), DATA);
    }
    std::fs::remove_file(&file).unwrap();
}

fn pieces() -> Body {
    Body::stream(stream::iter(["a,b\n", "", "1,2\n"].map(Ok::<_, std::io::Error>)))
}

fn metadata(pairs: &[(&str, &str)]) -> ObjectUserMetadata {
    ObjectUserMetadata(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

#[tokio::test]
async fn obj_01_what_cannot_be_sent_is_not_written() {
    let lake = Lake::new().await;
    let main = lake.main("obj_01").await;
    let object = main.object("a");

    let missing = object.upload(Body::file("/no/such/file")).await;
    let error = refused(missing, "upload_object", None, ErrorKind::Io, "cannot be read");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("/no/such/file"), "{source}");
    let directory = object.upload(Body::file(std::env::temp_dir())).await;
    refused(directory, "upload_object", None, ErrorKind::Io, "cannot be read");

    // A stream that fails, and streams that are not as long as was said.
    let broken = stream::iter([Ok("a"), Err(std::io::Error::other("no more"))]);
    let mut bodies = vec![(Body::stream(broken), "no more")];
    for (length, why) in [(9, "shorter"), (7, "longer"), (4, "longer"), (0, "longer")] {
        bodies.push((pieces().with_length(length), why));
    }
    for (body, why) in bodies {
        let failed = object.upload(body).await;
        let error = refused(failed, "upload_object", None, ErrorKind::Io, "cannot be read");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(why) && error.attempts() <= 1 && !error.is_outcome_unknown(), "{source}");
    }
    assert!(!object.exists().await.unwrap());
}

#[tokio::test]
async fn obj_02_content_types() {
    let lake = Lake::new().await;
    let main = lake.main("obj_02").await;
    let object = main.object("a");
    object.upload(DATA).await.unwrap();
    let stored = || async {
        let reader = object.reader().await.unwrap();
        assert_eq!(reader.content_type().map(str::to_owned), object.get().await.unwrap().content_type);
        reader.content_type().unwrap().to_owned()
    };
    assert_eq!(stored().await, "application/octet-stream");

    // A body as a form is sent is data as any other, too.
    for content_type in ["text/csv", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "a/b"]
    {
        let written = object.upload(DATA).content_type(content_type).await.unwrap();
        assert_eq!(written.content_type.as_deref(), Some(content_type));
        assert_eq!(stored().await, content_type);
        assert_eq!(text(&object).await, DATA);
    }

    let nonsense = object.upload(DATA).content_type("a; b=c; b=d").await;
    refused(nonsense, "upload_object", 500, ErrorKind::Server, "mime");
    let unsendable = object.upload(DATA).content_type("a\nb").await;
    refused(unsendable, "upload_object", None, ErrorKind::InvalidRequest, "HTTP header");
}

#[tokio::test]
async fn obj_03_metadata() {
    let lake = Lake::new().await;
    let main = lake.main("obj_03").await;
    let object = main.object("a");
    let written = object
        .upload(DATA)
        .metadata("plain", "value")
        .metadata("Mixed-Case_1", "Kept As It Is")
        .metadata("spaces", "  within   too  ")
        .metadata("empty", "")
        .metadata("unicode", "größe 👍")
        .metadata("twice", "first")
        .metadata("TWICE", "last")
        .await
        .unwrap();
    let expected = metadata(&[
        ("empty", ""),
        ("mixed-case_1", "Kept As It Is"),
        ("plain", "value"),
        ("spaces", "within   too"),
        ("twice", "last"),
        ("unicode", "größe 👍"),
    ]);
    assert_eq!(written.metadata.as_ref(), Some(&expected));
    let got = object.stat().await.unwrap();
    assert_eq!(got.metadata, Some(expected));
    let without = object.stat().user_metadata(false).await.unwrap();
    assert_eq!(without.metadata, Some(metadata(&[])));

    // An upload replaces the metadata with the data.
    let written = object.upload(DATA).metadata("other", "1").await.unwrap();
    assert_eq!(written.metadata, Some(metadata(&[("other", "1")])));

    for (key, value) in [("a b", "1"), ("é", "1"), ("a", "1\n2"), ("a:b", "1")] {
        let refusal = object.upload(DATA).metadata(key, value).await;
        refused(
            refusal,
            "upload_object",
            None,
            ErrorKind::InvalidRequest,
            "cannot be sent as an HTTP header",
        );
    }
}

#[tokio::test]
async fn obj_04_paths_mean_nothing() {
    let lake = Lake::new().await;
    let main = lake.main("obj_04").await;
    let longest = "p".repeat(1024);
    let odd = [
        "plain",
        "a b",
        " ",
        "+",
        "a+b",
        "%41",
        "%2F",
        "%",
        "100%",
        "/",
        "//",
        "/a",
        "a/",
        "a//b",
        "./a",
        "../a",
        "a/../b",
        "..",
        ".",
        "a\\b",
        "a?b=c",
        "a&b=c;d",
        "a#b",
        "a=b",
        "line\nbreak",
        "tab\t",
        "\r\n",
        "\0",
        "größe",
        "日本語",
        "👍",
        "e\u{301}",
        "é",
        "\"'<>`{}|^[]",
        "$@~!*(),:",
        "Z",
        "\u{10FFFF}",
        "\u{FEFF}",
        &longest,
    ];
    for (number, path) in odd.iter().enumerate() {
        let written = main.object(*path).upload(format!("{number}")).await.unwrap();
        assert_eq!(written.path, *path);
    }
    main.commit("odd paths").await.unwrap();
    for (number, path) in odd.iter().enumerate() {
        assert_eq!(text(&main.object(*path)).await, format!("{number}"), "{path:?}");
        assert_eq!(main.object(*path).get().await.unwrap().path, *path);
    }
    let mut sorted: Vec<_> = odd.to_vec();
    sorted.sort_unstable();
    assert_eq!(paths(main.repository().reference("main~1").diff("main").page_size(7)).await, sorted);

    for path in odd {
        main.object(path).delete().await.unwrap();
        assert!(!main.object(path).exists().await.unwrap(), "{path:?}");
    }
    assert_eq!(main.uncommitted().summary().await.unwrap().removed, odd.len() as u64);
}

#[tokio::test]
async fn obj_04_paths_have_a_length() {
    let lake = Lake::new().await;
    let main = lake.main("obj_04").await;
    let long = main.object("é".repeat(512));
    long.upload("1").await.unwrap();
    assert_eq!(text(&long).await, "1");

    for path in ["p".repeat(1025), format!("p{}", "é".repeat(512))] {
        let words = "1025 is above maximum length (1024)";
        let uploaded = main.object(path).upload("1").await;
        refused(uploaded, "upload_object", 400, ErrorKind::InvalidRequest, words);
    }
    let nameless = main.object("");
    for (result, operation) in [
        (nameless.upload("1").await.map(drop), "upload_object"),
        (nameless.read().await.map(drop), "get_object"),
        (nameless.stat().await.map(drop), "stat_object"),
        (nameless.delete().await, "delete_object"),
    ] {
        refused(result, operation, 400, ErrorKind::InvalidRequest, "path");
    }
}

#[tokio::test]
async fn obj_05_an_empty_object_is_an_object() {
    let lake = Lake::new().await;
    let main = lake.main("obj_05").await;
    let empty_stream = stream::iter(Vec::<Result<Bytes, std::io::Error>>::new());
    let bodies =
        [Body::from(""), Body::stream(empty_stream), Body::reader(tokio::io::empty()).with_length(0)];
    for body in bodies {
        let object = main.object("empty");
        let written = object.upload(body).await.unwrap();
        assert_eq!(written.size_bytes, Some(0));
        assert_eq!(written.checksum, "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(object.read().await.unwrap(), "");
        let reader = object.reader().await.unwrap();
        assert_eq!(reader.length(), Some(0));
        assert_eq!(reader.try_collect::<Vec<_>>().await.unwrap(), [""; 0]);
    }
}

#[tokio::test]
async fn obj_06_the_last_writer_wins() {
    let lake = Lake::new().await;
    let main = lake.main("obj_06").await;
    let object = main.object("a");
    let first = object.upload("1").await.unwrap();
    let second = object.upload("2").await.unwrap();
    assert_ne!(first.checksum, second.checksum);
    assert_ne!(first.physical_address, second.physical_address);
    assert_eq!(text(&object).await, "2");
    main.commit("one").await.unwrap();
    object.upload("3").await.unwrap();
    assert_eq!(text(&object).await, "3");
}

#[tokio::test]
async fn obj_07_if_none_match() {
    let lake = Lake::new().await;
    let main = lake.main("obj_07").await;
    let object = main.object("a");
    let only_new = |data: &'static str| object.upload(data).if_none_match("*");
    let exists =
        |result| refused(result, "upload_object", 412, ErrorKind::PreconditionFailed, "path already exists");

    only_new("1").await.unwrap();
    exists(only_new("2").await);
    assert_eq!(text(&object).await, "1");
    main.commit("one").await.unwrap();
    exists(only_new("2").await);
    object.delete().await.unwrap();
    only_new("3").await.unwrap();
    assert_eq!(text(&object).await, "3");
    exists(only_new("4").await);
}

#[tokio::test]
async fn obj_07_of_ten_writers_of_a_new_object_one_wins() {
    let lake = Lake::new().await;
    let main = lake.main("obj_07").await;
    let object = main.object("a");
    let writers = (0..10).map(|writer| object.upload(format!("{writer}")).if_none_match("*").into_future());
    let outcomes = join_all(writers).await;
    let mut winners = Vec::new();
    for (writer, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(_) => winners.push(writer),
            lost => {
                refused(lost, "upload_object", 412, ErrorKind::PreconditionFailed, "");
            }
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(text(&object).await, format!("{}", winners[0]));
}

#[tokio::test]
async fn obj_08_other_conditions_are_not_supported() {
    let lake = Lake::new().await;
    let main = lake.main("obj_08").await;
    let object = main.object("a");
    let tag = format!("\"{}\"", object.upload("1").await.unwrap().checksum);
    for upload in [
        object.upload("2").if_match(&tag),
        object.upload("2").if_match("*"),
        object.upload("2").if_none_match(&tag),
    ] {
        refused(upload.await, "upload_object", 501, ErrorKind::Unsupported, "Not Implemented");
    }
    assert_eq!(text(&object).await, "1");
}

#[tokio::test]
async fn obj_13_deletion() {
    let lake = Lake::new().await;
    let main = lake.main("obj_13").await;
    commit(&main, "one", &[("committed", "1"), ("kept", "1")]).await;
    stage(&main, &[("staged", "1"), ("committed", "2")]).await;
    for path in ["committed", "staged", "missing", "missing/too"] {
        let object = main.object(path);
        object.delete().await.unwrap();
        assert_eq!(object.get_opt().await.unwrap(), None, "{path}");
        refused(object.read().await, "get_object", 404, ErrorKind::NotFound, "not found");
        // As often as one likes.
        object.delete().await.unwrap();
    }
    assert_eq!(paths(main.uncommitted()).await, ["committed"]);
    assert_eq!(text(&main.repository().reference("main@").object("committed")).await, "1");
    main.commit("two").await.unwrap();
    assert!(!main.repository().reference("main@").object("committed").exists().await.unwrap());
    assert_eq!(text(&main.object("kept")).await, "1");
}

#[tokio::test]
async fn obj_19_writing_where_nothing_is() {
    let lake = Lake::new().await;
    let main = lake.main("obj_19").await;
    let repository = &main.repository();
    let head = commit(&main, "one", &[("a", "1")]).await.id;
    tag(repository, "v1", "main").await;

    // Only branches are written to: a tag and a commit are branches that do not exist.
    for name in ["nowhere", "v1", &head] {
        let object = repository.branch(name).object("a");
        let words = if name == "v1" || name == head { "not found" } else { "branch 'nowhere' not found" };
        refused(object.upload("2").await, "upload_object", 404, ErrorKind::NotFound, words);
        refused(object.delete().await, "delete_object", 404, ErrorKind::NotFound, "branch not found");
    }
    for name in ["main~1", "main@", "main$", "a.b"] {
        let object = repository.branch(name).object("a");
        refused(object.upload("2").await, "upload_object", 400, ErrorKind::InvalidRequest, "branch id");
        refused(object.delete().await, "delete_object", 400, ErrorKind::InvalidRequest, "branch id");
    }
    let nowhere = lake.client.repository(lake.name("obj_19")).branch("main").object("a");
    refused(nowhere.upload("2").await, "upload_object", 404, ErrorKind::NotFound, "repository not found");
    refused(nowhere.delete().await, "delete_object", 404, ErrorKind::NotFound, "repository not found");
}

#[tokio::test]
async fn obj_20_a_body_of_unknown_length_is_sent_in_chunks() {
    const CHUNK: Bytes = Bytes::from_static(&[b'x'; 64 * 1024]);

    let lake = Lake::new().await;
    let main = lake.main("obj_20").await;
    let length = 33 * CHUNK.len() as u64;
    let chunks = || Body::stream(stream::iter((0..33).map(|_| Ok::<_, std::io::Error>(CHUNK))));
    for (path, body) in [("unknown", chunks()), ("known", chunks().with_length(length))] {
        let written = main.object(path).upload(body).presign(false).await.unwrap();
        assert_eq!(written.size_bytes, i64::try_from(length).ok());
        let read = main.object(path).read().await.unwrap();
        assert!(read.len() as u64 == length && read.iter().all(|byte| *byte == b'x'), "{path}");
    }

    // How they were announced, where there is a server that tells.
    let Some(server) = &lake.server else { return };
    let requests = server.requests_for("uploadObject");
    let headers = requests.iter().map(|request| {
        (request.header("transfer-encoding"), request.header("content-length").map(str::to_owned))
    });
    assert_eq!(headers.collect::<Vec<_>>(), [(Some("chunked"), None), (None, Some(length.to_string()))]);
}
