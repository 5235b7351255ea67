//! Operations on objects that transfer no data: headers, copies, deletions, metadata.

use std::collections::BTreeMap;

use lakefs::{Branch, Error, ErrorKind, TryStreamExt as _, models};

use crate::support::{Fixture, expect_error, object_paths};

/// Creates a branch with objects at these paths.
async fn branch_with_objects(fixture: &Fixture, test: &str, paths: &[&str]) -> Branch {
    let main = fixture.main(test).await;
    for path in paths {
        main.object(*path).upload("x").await.unwrap();
    }
    main
}

#[tokio::test]
async fn obj_11_head_returns_the_headers_of_a_read() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_11").await;
    let object = main.object("a b+c/é");
    object.upload("0123456789").content_type("text/csv").await.unwrap();

    let head = object.head().await.unwrap();
    let reader = object.reader().await.unwrap();
    assert_eq!((head.size, head.length), (Some(10), Some(10)));
    assert_eq!(head.content_type.as_deref(), reader.content_type());
    assert_eq!(head.content_type.as_deref(), Some("text/csv"));
    assert_eq!(head.etag.as_deref(), reader.etag());
    let stats = object.get().await.unwrap();
    assert_eq!(head.etag, Some(format!("\"{}\"", stats.checksum)));
    let written = head.last_modified.unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(i64::try_from(written.as_secs()).unwrap(), stats.mtime);

    let part = object.head().range(2..5).await.unwrap();
    assert_eq!((part.size, part.length), (Some(10), Some(3)));
    let rest = object.head().range(7..100).await.unwrap();
    assert_eq!((rest.size, rest.length), (Some(10), Some(3)));

    expect_error(object.head().range(10..).await, "head_object", 416, ErrorKind::RangeNotSatisfiable, "");
    let nothing = object.head().range(3..3).await;
    expect_error(nothing, "head_object", None, ErrorKind::InvalidRequest, "the range is empty");
}

#[tokio::test]
async fn obj_11_head_of_a_missing_object_is_not_found() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_11").await;
    for object in [main.object("a").into(), main.repository().reference("nope").object("a")] {
        expect_error(object.head().await, "head_object", 404, ErrorKind::NotFound, "");
        assert!(!object.exists().await.unwrap());
    }
    // No repository can have this name.
    assert!(!fixture.client.repository("NO").branch("main").object("a").exists().await.unwrap());
}

#[tokio::test]
async fn obj_13_delete_of_a_missing_object_succeeds() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_13", &["committed"]).await;
    main.commit("one").await.unwrap();
    main.object("uncommitted").upload("x").await.unwrap();
    for path in ["committed", "uncommitted", "nothing"] {
        main.object(path).delete().await.unwrap();
        assert!(!main.object(path).exists().await.unwrap());
    }
    assert!(main.repository().reference("main@").object("committed").exists().await.unwrap());
    let missing = main.repository().branch("nope").object("a").delete().await;
    expect_error(missing, "delete_object", 404, ErrorKind::NotFound, "branch not found");
}

#[tokio::test]
async fn obj_14_several_objects_are_deleted_in_one_request() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_14", &["a", "b", "c/d", "keep"]).await;
    main.commit("four").await.unwrap();
    main.object("e").upload("x").await.unwrap();

    main.delete_objects(["a", "c/d", "e", "nothing"]).await.unwrap();
    assert_eq!(object_paths(main.objects()).await, ["b", "keep"]);
    main.delete_objects(Vec::<String>::new()).await.unwrap();
    main.delete_objects(["b"]).no_tombstone(true).force(true).await.unwrap();
    assert_eq!(object_paths(main.objects()).await, ["keep"]);
}

#[tokio::test]
async fn obj_14_more_objects_than_one_request_allows_are_deleted() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_14", &["n/0", "n/1000", "n/2500", "other"]).await;
    main.delete_objects((0..=2500).map(|number| format!("n/{number}"))).concurrency(2).await.unwrap();
    assert_eq!(object_paths(main.objects()).await, ["other"]);
}

#[tokio::test]
async fn obj_14_listed_objects_are_deleted() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_14", &["tmp/1", "tmp/2", "tmp/3", "other"]).await;
    let scratch = main.objects().prefix("tmp/").page_size(1).map_ok(|entry| entry.path().to_owned());
    main.delete_objects_from(scratch).await.unwrap();
    assert_eq!(object_paths(main.objects()).await, ["other"]);

    // A failure of the list fails the deletion.
    let nowhere = main.repository().reference("nope").objects().map_ok(|entry| entry.path().to_owned());
    let failed = main.delete_objects_from(nowhere).await;
    expect_error(failed, "list_objects", 404, ErrorKind::NotFound, "not found");
}

/// Returns the path and the status of each failed object.
fn failures(error: &Error) -> Vec<(&str, u16)> {
    let failures = error.failed_objects().iter();
    failures.map(|object| (object.path.as_deref().unwrap_or_default(), object.status)).collect()
}

#[tokio::test]
async fn obj_14_invalid_path_does_not_prevent_other_deletions() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_14", &["a", "b"]).await;
    let long = "x".repeat(1025);
    let error = main.delete_objects(["a", "", &long, "b"].map(str::to_owned)).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidRequest, Some("delete_objects")));
    assert_eq!(failures(&error), [("", 400), (&long, 400)]);
    assert!(error.to_string().starts_with(r#"delete objects from branch "main" of repository "#), "{error}");
    assert!(error.to_string().ends_with("(and 1 more failed)"), "{error}");
    assert_eq!(object_paths(main.objects()).await, [""; 0]);

    let longest = "x".repeat(1024);
    main.object(&longest).upload("x").await.unwrap();
    main.delete_objects([longest]).await.unwrap();
    assert_eq!(object_paths(main.objects()).await, [""; 0]);
}

#[tokio::test]
async fn obj_14_missing_or_invalid_branch_fails_the_deletion() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_14").await;
    let missing = main.repository().branch("nope").delete_objects(["a"]).await;
    expect_error(missing, "get_branch", 404, ErrorKind::NotFound, "branch not found");
    let nowhere = fixture.client.repository(fixture.unique_name("obj_14")).branch("main");
    expect_error(
        nowhere.delete_objects(["a"]).await,
        "get_branch",
        404,
        ErrorKind::NotFound,
        "repository not found",
    );
    let wrong = main.repository().branch("ma~").delete_objects(["a"]).await;
    expect_error(wrong, "get_branch", 400, ErrorKind::InvalidRequest, "invalid value");
}

#[tokio::test]
async fn obj_14_failed_batch_names_every_object_and_stops_the_deletion() {
    let fixture = Fixture::new().await;
    let repository = fixture.read_only_repository("obj_14").await;
    let main = repository.branch("main");
    main.object("5").upload("x").force(true).await.unwrap();

    let error = main.delete_objects((0..3000).map(|n| n.to_string())).concurrency(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteProtected, "{error}");
    let all: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
    let expected: Vec<_> = all.iter().map(|path| (path.as_str(), 403)).collect();
    assert_eq!(failures(&error), expected);
    assert!(error.message().contains("read-only repository"), "{error}");
    assert!(error.message().ends_with("(and 999 more failed); the rest was not tried"), "{error}");
    // The message mentions a rest only if there is one.
    let error = main.delete_objects((0..1000).map(|n| n.to_string())).concurrency(1).await.unwrap_err();
    assert!(error.message().ends_with("(and 999 more failed)"), "{error}");
    let error = main.delete_prefix("5").await.unwrap_err();
    assert_eq!((error.kind(), &*failures(&error)), (ErrorKind::WriteProtected, &[("5", 403)][..]));
    assert!(error.message().ends_with("read-only repository"), "{error}");
    assert_eq!(object_paths(main.objects()).await, ["5"]);

    main.delete_objects(["5"]).force(true).await.unwrap();
    assert_eq!(object_paths(main.objects()).await, [""; 0]);
}

#[tokio::test]
async fn obj_15_copy_is_an_independent_object() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_15").await;
    let source = main.object("a");
    let uploaded = source.upload("v1").content_type("text/plain").metadata("k", "v").await.unwrap();
    main.commit("v1").await.unwrap();
    main.repository().branch("exp").create("main").await.unwrap();
    source.upload("v2").await.unwrap();

    // A committed object is copied to another branch.
    let exp = main.repository().branch("exp");
    let copied = main.repository().reference("main@").object("a").copy_to("exp", "b/c").await.unwrap();
    assert_eq!((copied.path.as_str(), &copied.checksum), ("b/c", &uploaded.checksum));
    assert_eq!((copied.content_type.as_deref(), &copied.metadata), (Some("text/plain"), &uploaded.metadata));
    assert_ne!(copied.physical_address, uploaded.physical_address);
    assert_eq!(exp.object("b/c").read().await.unwrap(), "v1");
    // An uncommitted object is copied over an existing one.
    source.copy_to("exp", "b/c").await.unwrap();
    assert_eq!(exp.object("b/c").read().await.unwrap(), "v2");
    source.copy_to("main", "a").force(true).await.unwrap();
    assert_eq!(source.read().await.unwrap(), "v2");
}

#[tokio::test]
async fn obj_15_missing_sources_and_destinations_and_shallow_copies_fail() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_15", &["a"]).await;
    let repository = &main.repository();
    let source = main.object("a");
    expect_error(
        source.copy_to("nope", "b").await,
        "copy_object",
        404,
        ErrorKind::NotFound,
        "branch 'nope' not found",
    );
    expect_error(
        main.object("nope").copy_to("main", "b").await,
        "copy_object",
        404,
        ErrorKind::NotFound,
        "not found",
    );
    let elsewhere = repository.reference("nope").object("a");
    expect_error(elsewhere.copy_to("main", "b").await, "copy_object", 404, ErrorKind::NotFound, "not found");
    expect_error(
        main.object("").copy_to("main", "b").await,
        "copy_object",
        400,
        ErrorKind::InvalidRequest,
        "",
    );
    expect_error(
        source.copy_to("main", "b").shallow(true).await,
        "copy_object",
        501,
        ErrorKind::Unsupported,
        "Not Implemented",
    );
}

#[tokio::test]
async fn obj_16_metadata_update_replaces_all_metadata() {
    let fixture = Fixture::new().await;
    let main = fixture.main("obj_16").await;
    let object = main.object("a");
    let uploaded = object.upload("x").content_type("text/csv").metadata("old", "1").await.unwrap();
    main.commit("one").await.unwrap();

    let stats = object.update_metadata([("new", "2"), ("Ünicode", "é\n")]).await.unwrap();
    let expected = [("new", "2"), ("Ünicode", "é\n")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(stats.metadata, Some(models::ObjectUserMetadata(BTreeMap::from(expected))));
    assert_eq!((&stats.checksum, stats.content_type.as_deref()), (&uploaded.checksum, Some("text/csv")));
    assert_eq!(stats, object.get().await.unwrap());
    assert_eq!(object.stat().user_metadata(false).await.unwrap().metadata.unwrap().len(), 0);

    let none = object.update_metadata([("", ""); 0]).await.unwrap();
    assert!(none.metadata.unwrap().is_empty());
    let changes: Vec<_> = main.uncommitted().try_collect().await.unwrap();
    assert_eq!(changes.len(), 1);
}

#[tokio::test]
async fn obj_16_metadata_update_of_a_missing_object_is_not_found() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_16", &["a"]).await;
    let update = async |object: lakefs::BranchObject| object.update_metadata([("k", "v")]).await;
    let missing = [main.object("nope"), main.repository().branch("nope").object("a")];
    for object in missing {
        let operation = "update_object_user_metadata";
        expect_error(update(object).await, operation, 404, ErrorKind::NotFound, "not found");
    }
    // The server accepts the update in a missing repository; reading the object afterwards fails.
    let nowhere = fixture.client.repository(fixture.unique_name("obj_16")).branch("main").object("a");
    expect_error(update(nowhere).await, "stat_object", 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn obj_16_storage_properties_of_an_object_are_returned() {
    let fixture = Fixture::new().await;
    let main = branch_with_objects(&fixture, "obj_16", &["a"]).await;
    let properties = main.object("a").underlying_properties().await.unwrap();
    if !fixture.presigns().await {
        // Memory and local disks have no storage classes.
        assert_eq!(properties.storage_class, None);
    }
    expect_error(
        main.object("b").underlying_properties().await,
        "get_underlying_properties",
        404,
        ErrorKind::NotFound,
        "not found",
    );
}
