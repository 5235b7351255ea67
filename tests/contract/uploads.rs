//! Uploads and deletions of objects: bodies, content types, metadata, paths and conditions.

use bytes::Bytes;
use futures::future::join_all;
use futures::stream;
use lakefs::models::{ObjectUserMetadata, PathType};
use lakefs::{Body, ErrorKind, TryStreamExt as _};

use crate::support::{
    Fixture, changed_paths, commit_objects, create_tag, expect_error, read_text, string_map, upload_objects,
};

/// An object of 8 bytes, and its checksum.
const DATA: &str = "a,b\n1,2\n";
const MD5: &str = "e5ebd4c02cefbe7955977c67ada242b7";

#[tokio::test]
async fn obj_01_uploaded_data_is_read_back() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_01").await;
    let file = std::env::temp_dir().join(fixture.unique_name("obj_01"));
    std::fs::write(&file, DATA).unwrap();

    let bodies = [
        ("str", Body::from(DATA)),
        ("string", Body::from(DATA.to_owned())),
        ("slice", Body::from(b"a,b\n1,2\n")),
        ("vec", Body::from(DATA.as_bytes().to_vec())),
        ("bytes", Body::from(Bytes::from_static(DATA.as_bytes()))),
        ("file", Body::file(&file)),
        ("stream", chunked()),
        ("stream with length", chunked().with_length(8)),
        ("reader", Body::reader(DATA.as_bytes())),
        ("reader with length", Body::reader(DATA.as_bytes()).with_length(8)),
    ];
    for (path, body) in bodies {
        let object = main.object(path);
        let written = object.upload(body).await.unwrap();
        assert_eq!((&*written.path, &*written.checksum, written.size_bytes), (path, MD5, Some(8)));
        assert_eq!(written.path_type, PathType::Object);
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

fn chunked() -> Body {
    Body::stream(stream::iter(["a,b\n", "", "1,2\n"].map(Ok::<_, std::io::Error>)))
}

fn metadata(pairs: &[(&str, &str)]) -> ObjectUserMetadata {
    ObjectUserMetadata(string_map(pairs))
}

#[tokio::test]
async fn obj_01_body_that_fails_is_not_uploaded() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_01").await;
    let object = main.object("a");

    let missing = object.upload(Body::file("/no/such/file")).await;
    let error = expect_error(missing, "upload_object", None, ErrorKind::Io, "cannot be read");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("/no/such/file"), "{source}");
    let directory = object.upload(Body::file(std::env::temp_dir())).await;
    expect_error(directory, "upload_object", None, ErrorKind::Io, "cannot be read");

    // A stream that fails, and streams of another length than declared.
    let broken = stream::iter([Ok("a"), Err(std::io::Error::other("no more"))]);
    let mut bodies = vec![(Body::stream(broken), "no more")];
    for (length, why) in [(9, "shorter"), (7, "longer"), (4, "longer"), (0, "longer")] {
        bodies.push((chunked().with_length(length), why));
    }
    for (body, why) in bodies {
        let failed = object.upload(body).await;
        let error = expect_error(failed, "upload_object", None, ErrorKind::Io, "cannot be read");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(why) && error.attempts() <= 1 && !error.is_outcome_unknown(), "{source}");
    }
    assert!(!object.exists().await.unwrap());
}

#[tokio::test]
async fn obj_02_content_type_is_stored_with_the_object() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_02").await;
    let object = main.object("a");
    object.upload(DATA).await.unwrap();
    let stored = || async {
        let reader = object.reader().await.unwrap();
        assert_eq!(reader.content_type().map(str::to_owned), object.get().await.unwrap().content_type);
        reader.content_type().unwrap().to_owned()
    };
    assert_eq!(stored().await, "application/octet-stream");

    // The content type of a form makes no difference.
    for content_type in ["text/csv", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "a/b"]
    {
        let written = object.upload(DATA).content_type(content_type).await.unwrap();
        assert_eq!(written.content_type.as_deref(), Some(content_type));
        assert_eq!(stored().await, content_type);
        assert_eq!(read_text(&object).await, DATA);
    }

    let invalid = object.upload(DATA).content_type("a; b=c; b=d").await;
    expect_error(invalid, "upload_object", 500, ErrorKind::Server, "mime");
    let unsendable = object.upload(DATA).content_type("a\nb").await;
    expect_error(unsendable, "upload_object", None, ErrorKind::InvalidRequest, "HTTP header");
}

#[tokio::test]
async fn obj_03_metadata_keys_become_lower_case() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_03").await;
    let object = main.object("a");
    let written = object
        .upload(DATA)
        .metadata("plain", "value")
        .metadata("Mixed-Case_1", "Case Is Kept")
        .metadata("spaces", "  within   too  ")
        .metadata("empty", "")
        .metadata("unicode", "größe 👍")
        .metadata("twice", "first")
        .metadata("TWICE", "last")
        .await
        .unwrap();
    let expected = metadata(&[
        ("empty", ""),
        ("mixed-case_1", "Case Is Kept"),
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
        expect_error(
            refusal,
            "upload_object",
            None,
            ErrorKind::InvalidRequest,
            "cannot be sent as an HTTP header",
        );
    }
}

#[tokio::test]
async fn obj_04_path_is_arbitrary_text() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_04").await;
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
        assert_eq!(read_text(&main.object(*path)).await, format!("{number}"), "{path:?}");
        assert_eq!(main.object(*path).get().await.unwrap().path, *path);
    }
    let mut sorted: Vec<_> = odd.to_vec();
    sorted.sort_unstable();
    assert_eq!(changed_paths(main.repository().reference("main~1").diff("main").page_size(7)).await, sorted);

    for path in odd {
        main.object(path).delete().await.unwrap();
        assert!(!main.object(path).exists().await.unwrap(), "{path:?}");
    }
    assert_eq!(main.uncommitted().summary().await.unwrap().removed, odd.len() as u64);
}

#[tokio::test]
async fn obj_04_path_has_1_to_1024_bytes() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_04").await;
    let long = main.object("é".repeat(512));
    long.upload("1").await.unwrap();
    assert_eq!(read_text(&long).await, "1");

    for path in ["p".repeat(1025), format!("p{}", "é".repeat(512))] {
        let words = "1025 is above maximum length (1024)";
        let uploaded = main.object(path).upload("1").await;
        expect_error(uploaded, "upload_object", 400, ErrorKind::InvalidRequest, words);
    }
    let nameless = main.object("");
    for (result, operation) in [
        (nameless.upload("1").await.map(drop), "upload_object"),
        (nameless.read().await.map(drop), "get_object"),
        (nameless.stat().await.map(drop), "stat_object"),
        (nameless.delete().await, "delete_object"),
    ] {
        expect_error(result, operation, 400, ErrorKind::InvalidRequest, "path");
    }
}

#[tokio::test]
async fn obj_05_object_can_be_empty() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_05").await;
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
async fn obj_06_last_upload_wins() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_06").await;
    let object = main.object("a");
    let first = object.upload("1").await.unwrap();
    let second = object.upload("2").await.unwrap();
    assert_ne!(first.checksum, second.checksum);
    assert_ne!(first.physical_address, second.physical_address);
    assert_eq!(read_text(&object).await, "2");
    main.commit("one").await.unwrap();
    object.upload("3").await.unwrap();
    assert_eq!(read_text(&object).await, "3");
}

#[tokio::test]
async fn obj_07_if_none_match_star_uploads_new_objects_only() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_07").await;
    let object = main.object("a");
    let only_new = |data: &'static str| object.upload(data).if_none_match("*");
    let expect_exists = |result| {
        expect_error(result, "upload_object", 412, ErrorKind::PreconditionFailed, "path already exists")
    };

    only_new("1").await.unwrap();
    expect_exists(only_new("2").await);
    assert_eq!(read_text(&object).await, "1");
    main.commit("one").await.unwrap();
    expect_exists(only_new("2").await);
    object.delete().await.unwrap();
    only_new("3").await.unwrap();
    assert_eq!(read_text(&object).await, "3");
    expect_exists(only_new("4").await);
}

#[tokio::test]
async fn obj_07_one_of_ten_concurrent_uploads_of_a_new_object_succeeds() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_07").await;
    let object = main.object("a");
    let writers = (0..10).map(|writer| object.upload(format!("{writer}")).if_none_match("*").into_future());
    let outcomes = join_all(writers).await;
    let mut winners = Vec::new();
    for (writer, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(_) => winners.push(writer),
            lost => {
                expect_error(lost, "upload_object", 412, ErrorKind::PreconditionFailed, "");
            }
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(read_text(&object).await, format!("{}", winners[0]));
}

#[tokio::test]
async fn obj_08_other_conditions_are_not_supported() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_08").await;
    let object = main.object("a");
    let tag = format!("\"{}\"", object.upload("1").await.unwrap().checksum);
    for upload in [
        object.upload("2").if_match(&tag),
        object.upload("2").if_match("*"),
        object.upload("2").if_none_match(&tag),
    ] {
        expect_error(upload.await, "upload_object", 501, ErrorKind::Unsupported, "Not Implemented");
    }
    assert_eq!(read_text(&object).await, "1");
}

#[tokio::test]
async fn obj_13_deletion_is_an_uncommitted_change() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_13").await;
    commit_objects(&main, "one", &[("committed", "1"), ("kept", "1")]).await;
    upload_objects(&main, &[("uncommitted", "1"), ("committed", "2")]).await;
    for path in ["committed", "uncommitted", "missing", "missing/too"] {
        let object = main.object(path);
        object.delete().await.unwrap();
        assert_eq!(object.get_opt().await.unwrap(), None, "{path}");
        expect_error(object.read().await, "get_object", 404, ErrorKind::NotFound, "not found");
        // A second deletion succeeds, too.
        object.delete().await.unwrap();
    }
    assert_eq!(changed_paths(main.uncommitted()).await, ["committed"]);
    assert_eq!(read_text(&main.repository().reference("main@").object("committed")).await, "1");
    main.commit("two").await.unwrap();
    assert!(!main.repository().reference("main@").object("committed").exists().await.unwrap());
    assert_eq!(read_text(&main.object("kept")).await, "1");
}

#[tokio::test]
async fn obj_19_upload_to_a_missing_branch_or_another_ref_fails() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_19").await;
    let repository = &main.repository();
    let head = commit_objects(&main, "one", &[("a", "1")]).await.id;
    create_tag(repository, "v1", "main").await;

    // Only branches can be written to. A tag and a commit are taken for branches that do not exist.
    for name in ["nowhere", "v1", &head] {
        let object = repository.branch(name).object("a");
        let words = if name == "v1" || name == head { "not found" } else { "branch 'nowhere' not found" };
        expect_error(object.upload("2").await, "upload_object", 404, ErrorKind::NotFound, words);
        expect_error(object.delete().await, "delete_object", 404, ErrorKind::NotFound, "branch not found");
    }
    for name in ["main~1", "main@", "main$", "a.b"] {
        let object = repository.branch(name).object("a");
        expect_error(object.upload("2").await, "upload_object", 400, ErrorKind::InvalidRequest, "branch id");
        expect_error(object.delete().await, "delete_object", 400, ErrorKind::InvalidRequest, "branch id");
    }
    let nowhere = fixture.client.repository(fixture.unique_name("obj_19")).branch("main").object("a");
    expect_error(
        nowhere.upload("2").await,
        "upload_object",
        404,
        ErrorKind::NotFound,
        "repository not found",
    );
    expect_error(nowhere.delete().await, "delete_object", 404, ErrorKind::NotFound, "repository not found");
}

#[tokio::test]
async fn obj_20_body_of_unknown_length_is_sent_in_chunks() {
    const CHUNK: Bytes = Bytes::from_static(&[b'x'; 64 * 1024]);

    let fixture = Fixture::new().await;
    let main = fixture.main("obj_20").await;
    let length = 33 * CHUNK.len() as u64;
    let chunks = || Body::stream(stream::iter((0..33).map(|_| Ok::<_, std::io::Error>(CHUNK))));
    for (path, body) in [("unknown", chunks()), ("known", chunks().with_length(length))] {
        let written = main.object(path).upload(body).presign(false).await.unwrap();
        assert_eq!(written.size_bytes, i64::try_from(length).ok());
        let read = main.object(path).read().await.unwrap();
        assert!(read.len() as u64 == length && read.iter().all(|byte| *byte == b'x'), "{path}");
    }

    // Only the test server records headers.
    let Some(server) = &fixture.server else { return };
    let requests = server.requests_for("uploadObject");
    let headers = requests.iter().map(|request| {
        (request.header("transfer-encoding"), request.header("content-length").map(str::to_owned))
    });
    assert_eq!(headers.collect::<Vec<_>>(), [(Some("chunked"), None), (None, Some(length.to_string()))]);
}

/// Files without a length are streams, which the server gets in chunks.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn obj_21_pipes_and_files_without_a_length_are_read_to_their_end() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_21").await;
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for bytes in [0, 3, 6_000_000] {
        let data: Vec<u8> = (0..=250).cycle().take(bytes).collect();
        let writing = tokio::task::spawn_blocking({
            let (pipe, data) = (pipe.clone(), data.clone());
            move || std::fs::write(pipe, data).unwrap()
        });
        let written = main.object("pipe").upload(Body::file(&pipe)).await.unwrap();
        writing.await.unwrap();
        assert_eq!(written.size_bytes, Some(i64::try_from(bytes).unwrap()));
        assert!(main.object("pipe").read().await.unwrap() == data, "{bytes}");
    }
    for path in ["/proc/version", "/dev/null"] {
        main.object("a").upload(Body::file(path)).await.unwrap();
        assert!(main.object("a").read().await.unwrap() == std::fs::read(path).unwrap(), "{path}");
    }
}
