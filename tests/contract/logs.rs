//! The log of a ref: order, options and filters.

use std::time::{Duration, UNIX_EPOCH};

use lakefs::requests::CommitLog;
use lakefs::{Branch, ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, commit_objects, expect_error, upload_objects};

/// Returns `main` and `branch` with this history. Messages are the minutes of the commits:
///
/// ```text
/// 5 merge ── 4 main ───────────── 1 main ── 0 base ── root
///        └── 3 branch ── 2 branch ──────────┘
/// ```
async fn history(fixture: &Fixture, test: &str) -> (Branch, Branch) {
    let main = fixture.main(test).await;
    let branch = main.repository().branch("branch");
    commit_at(&main, 0, &[("base", "1")]).await;
    branch.create("main").await.unwrap();
    commit_at(&main, 1, &[("a/1", "1")]).await;
    commit_at(&branch, 2, &[("b/2", "1")]).await;
    commit_at(&branch, 3, &[("b/2", "2"), ("c", "1")]).await;
    commit_at(&main, 4, &[("a/1", "2")]).await;
    branch.merge_into("main").message("5").await.unwrap();
    (main, branch)
}

/// Older than the first commit of the repository and than the merge, whose dates are those of the test.
const START: u64 = 1_500_000_000;

async fn commit_at(branch: &Branch, minute: u64, objects: &[(&str, &'static str)]) {
    upload_objects(branch, objects).await;
    branch
        .commit(minute.to_string())
        .date(UNIX_EPOCH + Duration::from_secs(START + 60 * minute))
        .await
        .unwrap();
}

async fn messages(log: CommitLog) -> Vec<String> {
    log.map_ok(|commit| commit.message).try_collect().await.unwrap()
}

const ROOT: &str = "Repository created";
const ALL: [&str; 7] = ["5", "4", "3", "2", "1", "0", ROOT];

#[tokio::test]
async fn log_01_newest_commit_is_first_and_children_precede_parents() {
    let fixture = Fixture::new().await;
    let (main, branch) = history(&fixture, "log_01").await;
    for page_size in [1, 2, 3, 1000] {
        assert_eq!(messages(main.log().page_size(page_size)).await, ALL, "page size {page_size}");
    }
    let commits: Vec<_> = main.log().try_collect().await.unwrap();
    for (number, commit) in commits.iter().enumerate() {
        assert_eq!(main.repository().reference(&commit.id).get_commit().await.unwrap(), *commit);
        for parent in &commit.parents {
            let index = commits.iter().position(|other| other.id == *parent);
            assert!(index.is_some_and(|index| index > number), "{commits:?}");
        }
    }

    assert_eq!(messages(branch.log()).await, ["3", "2", "0", ROOT]);
    let repository = &main.repository();
    assert_eq!(messages(repository.reference("main~2").log()).await, ["1", "0", ROOT]);
    assert_eq!(messages(repository.reference(&commits[2].id).log()).await, ["3", "2", "0", ROOT]);
    // Uncommitted changes are not part of the log.
    upload_objects(&main, &[("uncommitted", "1")]).await;
    assert_eq!(messages(main.log()).await, ALL);
}

/// A commit with an older date than its parent is listed before it.
#[tokio::test]
async fn log_01_children_precede_parents_whatever_the_dates() {
    let fixture = Fixture::new().await;
    let main = fixture.main("log_01").await;
    for (message, date) in [("new", 2_000_000_000), ("old", 1_000_000_000)] {
        main.commit(message).date(UNIX_EPOCH + Duration::from_secs(date)).allow_empty(true).await.unwrap();
    }
    assert_eq!(messages(main.log().page_size(1)).await, ["old", "new", ROOT]);
}

#[tokio::test]
async fn log_02_options_limit_the_log() {
    let fixture = Fixture::new().await;
    let (main, _) = history(&fixture, "log_02").await;
    let commits: Vec<_> = main.log().try_collect().await.unwrap();
    let id = |index: usize| &*commits[index].id;

    assert_eq!(messages(main.log().first_parent(true)).await, ["5", "4", "1", "0", ROOT]);
    assert_eq!(messages(main.log().first_parent(true).page_size(1)).await, ["5", "4", "1", "0", ROOT]);

    assert_eq!(messages(main.log().after(id(1))).await, ALL[2..]);
    assert_eq!(messages(main.log().after(&id(1)[..20])).await, ALL[2..]);
    assert_eq!(messages(main.log().after("main~1")).await, ALL[2..]);
    // A list after a commit that is not in the log is empty.
    assert_eq!(messages(main.repository().reference("main~1").log().after(id(2))).await, [""; 0]);

    assert_eq!(messages(main.log().stop_at(id(3))).await, ALL[..4]);
    assert_eq!(messages(main.log().stop_at(id(3)).page_size(1)).await, ALL[..4]);
    assert_eq!(messages(main.log().stop_at("main")).await, ALL[..1]);
    assert_eq!(messages(main.log().after(id(0)).stop_at("branch")).await, ALL[1..3]);

    assert_eq!(messages(main.log().limit(2)).await, ALL[..2]);
    assert_eq!(messages(main.log().limit(1)).await, ALL[..1]);
    assert_eq!(messages(main.log().limit(1000)).await, ALL);
    // The limit is neither that of a page nor changed by the size of a page.
    assert_eq!(messages(main.log().limit(5000)).await, ALL);
    assert_eq!(messages(main.log().limit(2).page_size(1)).await, ALL[..2]);
    assert_eq!(messages(main.log().page_size(1000).limit(2)).await, ALL[..2]);
    assert_eq!(messages(main.log().limit(0)).await, [""; 0]);

    // Commits older than the limit end the log. The first commit has the date of the test.
    let since = |minute: u64| UNIX_EPOCH + Duration::from_secs(START + 60 * minute);
    assert_eq!(messages(main.log().since(since(3))).await, ["5", "4", "3"]);
    assert_eq!(messages(main.log().since(since(2)).page_size(1)).await, ["5", "4", "3", "2"]);
    assert_eq!(messages(main.log().since(since(0))).await, ALL);
}

#[tokio::test]
async fn log_03_filters_select_commits_that_changed_objects_or_prefixes() {
    let fixture = Fixture::new().await;
    let (main, _) = history(&fixture, "log_03").await;
    for (log, expected) in [
        (main.log().object("a/1"), &["4", "1"][..]),
        (main.log().object("base"), &["0"]),
        (main.log().object("b/2"), &["3", "2"]),
        (main.log().object("base").object("c"), &["3", "0"]),
        (main.log().object("missing"), &[]),
        (main.log().object("a"), &[]),
        (main.log().prefix("a"), &["4", "1"]),
        (main.log().prefix("b"), &["3", "2", "0"]),
        (main.log().prefix("b/"), &["3", "2"]),
        (main.log().prefix("a/").object("c"), &["4", "3", "1"]),
        (main.log().prefix("b/").first_parent(true), &[]),
        (main.log().prefix("b/").page_size(1), &["3", "2"]),
        (main.log().prefix("b/").limit(1), &["3"]),
    ] {
        let name = format!("{log:?}");
        assert_eq!(messages(log).await, expected, "{name}");
    }
}

#[tokio::test]
async fn log_03_deletion_counts_as_a_change() {
    let fixture = Fixture::new().await;
    let main = fixture.main("log_03").await;
    commit_objects(&main, "added", &[("a", "1")]).await;
    commit_objects(&main, "other", &[("b", "1")]).await;
    main.object("a").delete().await.unwrap();
    main.commit("removed").await.unwrap();
    assert_eq!(messages(main.log().object("a")).await, ["removed", "added"]);
}

#[tokio::test]
async fn log_04_missing_or_invalid_refs_fail() {
    let fixture = Fixture::new().await;
    let main = fixture.main("log_04").await;
    let repository = &main.repository();
    let nowhere = fixture.client.repository(fixture.unique_name("log_04")).branch("main");
    let (not_found, invalid) = (ErrorKind::NotFound, ErrorKind::InvalidRequest);
    for (log, status, kind, words) in [
        (repository.reference("nowhere").log(), 404, not_found, "not found"),
        (repository.reference("main~9").log(), 404, not_found, "not found"),
        (nowhere.log(), 404, not_found, "repository not found"),
        (main.log().after("nowhere"), 404, not_found, "not found"),
        (main.log().stop_at("nowhere"), 404, not_found, "not found"),
        (repository.reference("main$").log(), 400, invalid, "should point to a commit"),
        (repository.reference("main^x").log(), 400, invalid, "invalid value"),
        (main.log().object(""), 400, invalid, "objects"),
    ] {
        let name = format!("{log:?}");
        let mut log = log;
        expect_error(log.try_next().await, "log_commits", status, kind, words);
        // The list ends after the error.
        assert_eq!(log.try_next().await.unwrap(), None, "{name}");
    }
}
