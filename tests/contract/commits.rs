//! Commits of uncommitted changes.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use futures::future::{join, join_all};
use lakefs::{ErrorKind, RetryPolicy, TryStreamExt as _};

use crate::identity;
use crate::support::{
    Fixture, changed_paths, commit_objects, expect_error, is_id, read_text, string_map, upload_objects,
};

#[tokio::test]
async fn commit_01_commit_has_the_message_metadata_and_parent_that_were_given() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_01").await;
    let root = main.get_commit().await.unwrap();
    upload_objects(&main, &[("a", "1")]).await;
    let one = main.commit("Größe: one\nand more").metadata("using", "rust").await.unwrap();

    assert_eq!(one.message, "Größe: one\nand more");
    assert_eq!(one.metadata, string_map(&[("using", "rust")]));
    assert_eq!(one.parents, [&*root.id]);
    assert_eq!((one.generation, one.version), (Some(2), Some(1)));
    assert!(one.creation_date >= root.creation_date, "{one:?}");
    assert!(!one.committer.is_empty());
    assert!(is_id(&one.id) && is_id(&one.meta_range_id), "{one:?}");
    assert_eq!(identity::commit_id(&one), one.id);

    assert_eq!(main.get_commit().await.unwrap(), one);
    assert_eq!(main.get().await.unwrap().commit_id, one.id);
    assert_eq!(changed_paths(main.uncommitted()).await, [""; 0]);
    assert_eq!(read_text(&main.repository().reference(&one.id).object("a")).await, "1");

    upload_objects(&main, &[("b", "1")]).await;
    let two = main.commit("").await.unwrap();
    assert_eq!((&*two.message, &two.metadata), ("", &BTreeMap::new()));
    assert_eq!(two.parents, [&*one.id]);
    assert_eq!(identity::commit_id(&two), two.id);
}

#[tokio::test]
async fn commit_02_commit_without_changes_fails_unless_empty_commits_are_allowed() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_02").await;
    let head = main.get().await.unwrap().commit_id;
    expect_error(main.commit("none").await, "commit", 400, ErrorKind::NoChanges, "no changes");
    assert_eq!(main.get().await.unwrap().commit_id, head);

    let empty = main.commit("empty").allow_empty(true).await.unwrap();
    assert_eq!(empty.parents, [head]);
    assert_eq!(identity::commit_id(&empty), empty.id);
    assert_eq!(main.get().await.unwrap().commit_id, empty.id);
    assert_eq!(changed_paths(main.diff_from_parent()).await, [""; 0]);
}

#[tokio::test]
async fn commit_03_changes_that_cancel_out_are_no_changes() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_03").await;
    commit_objects(&main, "one", &[("a", "1")]).await;
    let expect_no_changes = |result| expect_error(result, "commit", 400, ErrorKind::NoChanges, "no changes");

    // The object is overwritten with equal data.
    upload_objects(&main, &[("a", "1")]).await;
    expect_no_changes(main.commit("again").await);
    // An object is uploaded and deleted again, and a missing one is deleted.
    upload_objects(&main, &[("b", "1")]).await;
    main.object("b").delete().await.unwrap();
    main.object("c").delete().await.unwrap();
    expect_no_changes(main.commit("uploaded and deleted").await);
    // An object is deleted and uploaded again.
    main.object("a").delete().await.unwrap();
    upload_objects(&main, &[("a", "1")]).await;
    expect_no_changes(main.commit("deleted and uploaded").await);

    // A change of metadata or content type is a change.
    main.object("a").upload("1").metadata("k", "v").await.unwrap();
    main.commit("metadata").await.unwrap();
    main.object("a").upload("1").metadata("k", "v").content_type("text/plain").await.unwrap();
    main.commit("content type").await.unwrap();
}

#[tokio::test]
async fn commit_04_date_can_be_any_time() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_04").await;
    for date in [0_i64, 1, 946_684_800, 4_102_444_800, -86_400] {
        let distance = Duration::from_secs(date.unsigned_abs());
        let time = if date < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
        let commit = main.commit("dated").date(time).allow_empty(true).await.unwrap();
        assert_eq!(commit.creation_date, date);
        assert_eq!(identity::commit_id(&commit), commit.id);
        assert_eq!(main.get_commit().await.unwrap(), commit);
    }
}

#[tokio::test]
async fn commit_05_metadata_keys_and_values_are_arbitrary_text() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_05").await;
    let long = "x".repeat(100_000);
    let expected = string_map(&[
        ("", "an empty key"),
        ("Case", "Kept"),
        ("case", "kept"),
        ("empty", ""),
        ("größe 👍", "日本語\n\t\"<&>"),
        ("long", &long),
        (".lakefs.own", "1"),
    ]);
    let request = main.commit("metadata").allow_empty(true);
    let request = expected.iter().fold(request, |request, (key, value)| request.metadata(key, value));
    let commit = request.await.unwrap();
    assert_eq!(commit.metadata, expected);
    assert_eq!(main.get_commit().await.unwrap(), commit);
    assert_eq!(identity::commit_id(&commit), commit.id);
}

#[tokio::test]
async fn commit_06_missing_branch_is_not_found() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_06").await;
    // A server that runs hooks has another message.
    let missing = main.repository().branch("nowhere").commit("none").await;
    expect_error(missing, "commit", 404, ErrorKind::NotFound, "not found");
    let invalid = main.repository().branch("main~1").commit("none").await;
    expect_error(invalid, "commit", 400, ErrorKind::InvalidRequest, "branch id");
    let nowhere = fixture.client.repository(fixture.unique_name("commit_06")).branch("main");
    expect_error(nowhere.commit("none").await, "commit", 404, ErrorKind::NotFound, "repository not found");
}

#[tokio::test]
async fn commit_07_log_has_exactly_the_concurrent_commits_that_succeeded() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_07").await;
    let client = fixture.builder().retries(RetryPolicy::none()).build().unwrap();
    let branch = client.repository(main.repository().name()).branch("main");
    let attempts = (0..8).map(|number| branch.commit(format!("{number}")).allow_empty(true).into_future());

    let mut committed = Vec::new();
    for outcome in join_all(attempts).await {
        match outcome {
            Ok(commit) => committed.push(commit.id),
            // The other commits have lost the race and changed nothing.
            Err(error) => {
                let lost_race = error.status() == Some(500) && error.message().contains("predicate failed");
                let kind = if lost_race { ErrorKind::Conflict } else { ErrorKind::RateLimited };
                assert_eq!(error.kind(), kind, "{error}");
                assert!(error.is_retryable(), "{error}");
            }
        }
    }
    assert!(!committed.is_empty());
    let mut log: Vec<_> = main.log().map_ok(|commit| commit.id).try_collect().await.unwrap();
    // The first commit of the repository is older.
    log.pop();
    log.sort_unstable();
    committed.sort_unstable();
    assert_eq!(log, committed);
}

#[tokio::test]
async fn commit_07_commit_that_loses_a_race_is_retried() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_07").await;
    let retries = RetryPolicy::default().max_attempts(30);
    let client = fixture.builder().retries(retries).build().unwrap();
    let branch = client.repository(main.repository().name()).branch("main");
    let attempts = (0..4).map(|number| branch.commit(format!("{number}")).allow_empty(true).into_future());
    let mut committed: Vec<_> =
        join_all(attempts).await.into_iter().map(|commit| commit.unwrap().id).collect();
    let mut log: Vec<_> = main.log().map_ok(|commit| commit.id).try_collect().await.unwrap();
    log.pop();
    log.sort_unstable();
    committed.sort_unstable();
    assert_eq!(log, committed);
}

#[tokio::test]
async fn commit_08_uploads_during_commits_are_not_lost() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_08").await;
    let writes = async {
        let mut written = Vec::new();
        for number in 0..40 {
            let path = format!("{number:02}");
            // A server that gives up after many attempts reports it, and may have written the object.
            match main.object(&path).upload("1").await {
                Ok(_) => written.push(path),
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
        written
    };
    let commits = async {
        for number in 0..5 {
            match main.commit(format!("{number}")).await {
                Ok(_) => {}
                Err(error) => {
                    assert!(error.kind() == ErrorKind::NoChanges || error.is_retryable(), "{error}");
                }
            }
        }
    };
    let (written, ()) = join(writes, commits).await;
    main.commit("the rest").allow_empty(true).await.unwrap();
    let committed = main.repository().reference("main@");
    for path in written {
        assert!(committed.object(&path).exists().await.unwrap(), "{path}");
    }
}

#[tokio::test]
async fn commit_09_repository_starts_with_an_empty_commit() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_09").await;
    let root = main.get_commit().await.unwrap();
    assert_eq!((&*root.message, &*root.committer, &*root.meta_range_id), ("Repository created", "", ""));
    assert_eq!((&root.parents, &root.metadata), (&Vec::new(), &BTreeMap::new()));
    assert_eq!((root.generation, root.version), (Some(1), Some(1)));
    assert_eq!(identity::commit_id(&root), root.id);
}

#[tokio::test]
async fn commit_10_metarange_replaces_the_contents_of_a_clean_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("commit_10").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    let one = commit_objects(&main, "one", &[("a", "1")]).await;

    upload_objects(&branch, &[("b", "1")]).await;
    let dirty = branch.commit("copy").source_metarange(&one.meta_range_id).await;
    expect_error(dirty, "commit", 400, ErrorKind::UncommittedChanges, "uncommitted changes");
    branch.object("b").delete().await.unwrap();
    branch.delete().await.unwrap();
    branch.create("main~1").await.unwrap();

    let copy = branch.commit("copy").source_metarange(&one.meta_range_id).await.unwrap();
    assert_eq!(copy.meta_range_id, one.meta_range_id);
    assert_eq!(read_text(&branch.object("a")).await, "1");
}
