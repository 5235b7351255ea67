//! Commits.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use futures::future::{join, join_all};
use lakefs::{ErrorKind, RetryPolicy, TryStreamExt as _};

use crate::identity;
use crate::support::{Lake, commit, is_id, paths, refused, stage, text};

#[tokio::test]
async fn commit_01_what_a_commit_says() {
    let lake = Lake::new().await;
    let main = lake.main("commit_01").await;
    let root = main.get_commit().await.unwrap();
    stage(&main, &[("a", "1")]).await;
    let one = main.commit("Größe: one\nand more").metadata("using", "rust").await.unwrap();

    assert_eq!(one.message, "Größe: one\nand more");
    assert_eq!(one.metadata, pairs(&[("using", "rust")]));
    assert_eq!(one.parents, [&*root.id]);
    assert_eq!((one.generation, one.version), (Some(2), Some(1)));
    assert!(one.creation_date >= root.creation_date, "{one:?}");
    assert!(!one.committer.is_empty());
    assert!(is_id(&one.id) && is_id(&one.meta_range_id), "{one:?}");
    assert_eq!(identity::commit(&one), one.id);

    assert_eq!(main.get_commit().await.unwrap(), one);
    assert_eq!(main.get().await.unwrap().commit_id, one.id);
    assert_eq!(paths(main.uncommitted()).await, [""; 0]);
    assert_eq!(text(&main.repository().reference(&one.id).object("a")).await, "1");

    stage(&main, &[("b", "1")]).await;
    let two = main.commit("").await.unwrap();
    assert_eq!((&*two.message, &two.metadata), ("", &BTreeMap::new()));
    assert_eq!(two.parents, [&*one.id]);
    assert_eq!(identity::commit(&two), two.id);
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn commit_02_nothing_to_commit() {
    let lake = Lake::new().await;
    let main = lake.main("commit_02").await;
    let head = main.get().await.unwrap().commit_id;
    refused(main.commit("none").await, "commit", 400, ErrorKind::NoChanges, "no changes");
    assert_eq!(main.get().await.unwrap().commit_id, head);

    let empty = main.commit("empty").allow_empty(true).await.unwrap();
    assert_eq!(empty.parents, [head]);
    assert_eq!(identity::commit(&empty), empty.id);
    assert_eq!(main.get().await.unwrap().commit_id, empty.id);
    assert_eq!(paths(main.diff_from_parent()).await, [""; 0]);
}

#[tokio::test]
async fn commit_03_changes_that_change_nothing() {
    let lake = Lake::new().await;
    let main = lake.main("commit_03").await;
    commit(&main, "one", &[("a", "1")]).await;
    let none = |result| refused(result, "commit", 400, ErrorKind::NoChanges, "no changes");

    // The same again.
    stage(&main, &[("a", "1")]).await;
    none(main.commit("again").await);
    // One that came and went, and one that was never there.
    stage(&main, &[("b", "1")]).await;
    main.object("b").delete().await.unwrap();
    main.object("c").delete().await.unwrap();
    none(main.commit("came and went").await);
    // One that went and came.
    main.object("a").delete().await.unwrap();
    stage(&main, &[("a", "1")]).await;
    none(main.commit("went and came").await);

    // Metadata and content type are part of an object.
    main.object("a").upload("1").metadata("k", "v").await.unwrap();
    main.commit("metadata").await.unwrap();
    main.object("a").upload("1").metadata("k", "v").content_type("text/plain").await.unwrap();
    main.commit("content type").await.unwrap();
}

#[tokio::test]
async fn commit_04_dates() {
    let lake = Lake::new().await;
    let main = lake.main("commit_04").await;
    for date in [0_i64, 1, 946_684_800, 4_102_444_800, -86_400] {
        let distance = Duration::from_secs(date.unsigned_abs());
        let time = if date < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
        let commit = main.commit("dated").date(time).allow_empty(true).await.unwrap();
        assert_eq!(commit.creation_date, date);
        assert_eq!(identity::commit(&commit), commit.id);
        assert_eq!(main.get_commit().await.unwrap(), commit);
    }
}

#[tokio::test]
async fn commit_05_metadata_of_any_kind() {
    let lake = Lake::new().await;
    let main = lake.main("commit_05").await;
    let long = "x".repeat(100_000);
    let expected = pairs(&[
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
    assert_eq!(identity::commit(&commit), commit.id);
}

#[tokio::test]
async fn commit_06_where_there_is_no_branch() {
    let lake = Lake::new().await;
    let main = lake.main("commit_06").await;
    // The server's words are about hooks, where it runs them.
    let missing = main.repository().branch("nowhere").commit("none").await;
    refused(missing, "commit", 404, ErrorKind::NotFound, "not found");
    let invalid = main.repository().branch("main~1").commit("none").await;
    refused(invalid, "commit", 400, ErrorKind::InvalidRequest, "branch id");
    let nowhere = lake.client.repository(lake.name("commit_06")).branch("main");
    refused(nowhere.commit("none").await, "commit", 404, ErrorKind::NotFound, "repository not found");
}

#[tokio::test]
async fn commit_07_of_many_at_once_those_that_succeed_are_in_the_log() {
    let lake = Lake::new().await;
    let main = lake.main("commit_07").await;
    let once = lake.builder().retries(RetryPolicy::none()).build().unwrap();
    let branch = once.repository(main.repository().name()).branch("main");
    let attempts = (0..8).map(|number| branch.commit(format!("{number}")).allow_empty(true).into_future());

    let mut committed = Vec::new();
    for outcome in join_all(attempts).await {
        match outcome {
            Ok(commit) => committed.push(commit.id),
            // The others have lost the race, and changed nothing.
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
    // The first commit of the repository was there before.
    log.pop();
    log.sort_unstable();
    committed.sort_unstable();
    assert_eq!(log, committed);
}

#[tokio::test]
async fn commit_07_a_race_that_is_lost_is_run_again() {
    let lake = Lake::new().await;
    let main = lake.main("commit_07").await;
    let patient = RetryPolicy::default().max_attempts(30);
    let patient = lake.builder().retries(patient).build().unwrap();
    let branch = patient.repository(main.repository().name()).branch("main");
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
async fn commit_08_what_is_written_during_commits_is_not_lost() {
    let lake = Lake::new().await;
    let main = lake.main("commit_08").await;
    let writes = async {
        let mut written = Vec::new();
        for number in 0..40 {
            let path = format!("{number:02}");
            // A server that has tried too often says so, and may have written all the same.
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
async fn commit_09_the_first_commit_of_a_repository() {
    let lake = Lake::new().await;
    let main = lake.main("commit_09").await;
    let root = main.get_commit().await.unwrap();
    assert_eq!((&*root.message, &*root.committer, &*root.meta_range_id), ("Repository created", "", ""));
    assert_eq!((&root.parents, &root.metadata), (&Vec::new(), &BTreeMap::new()));
    assert_eq!((root.generation, root.version), (Some(1), Some(1)));
    assert_eq!(identity::commit(&root), root.id);
}

#[tokio::test]
async fn commit_10_a_metarange_in_place_of_what_is_staged() {
    let lake = Lake::new().await;
    let main = lake.main("commit_10").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    let one = commit(&main, "one", &[("a", "1")]).await;

    stage(&branch, &[("b", "1")]).await;
    let dirty = branch.commit("copy").source_metarange(&one.meta_range_id).await;
    refused(dirty, "commit", 400, ErrorKind::UncommittedChanges, "uncommitted changes");
    branch.object("b").delete().await.unwrap();
    branch.delete().await.unwrap();
    branch.create("main~1").await.unwrap();

    let copy = branch.commit("copy").source_metarange(&one.meta_range_id).await.unwrap();
    assert_eq!(copy.meta_range_id, one.meta_range_id);
    assert_eq!(text(&branch.object("a")).await, "1");
}
