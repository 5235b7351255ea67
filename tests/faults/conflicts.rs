//! Lists of conflicts whose requests fail.

use std::time::{Duration, Instant};

use lakefs::{Branch, Error, ErrorKind};

use crate::support::{Fixture, commit_objects};

/// Returns `main` and a branch with conflicts at `a` and `b`.
async fn diverged(fixture: &Fixture, test: &str) -> (Branch, Branch) {
    let main = fixture.main(test).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "branch", &[("a", "2"), ("b", "2")]).await;
    commit_objects(&main, "main", &[("a", "1"), ("b", "1")]).await;
    (main, branch)
}

#[track_caller]
fn expect_truncated(error: &Error, paths: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::MergeConflict, "{error}");
    assert!(error.conflicts_truncated(), "{error}");
    let found: Vec<_> = error.conflicts().iter().map(|conflict| &*conflict.path).collect();
    assert_eq!(found, paths);
}

/// A page of changes after which there are more.
fn endless_page(path: &str) -> String {
    format!(
        r#"{{"pagination":{{"has_more":true,"next_offset":"{path}","results":1,"max_per_page":1000}},
        "results":[{{"type":"added","path":"{path}","path_type":"object","size_bytes":1}}]}}"#
    )
}

#[tokio::test]
async fn failed_list_of_conflicts_is_reported_as_truncated() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (main, branch) = diverged(&fixture, "conflicts").await;
    let no = r#"{"message":"no"}"#;
    for operation in ["find_merge_base", "diff_refs"] {
        server.faults().on(operation).times(1).respond(403, no);
        expect_truncated(&branch.merge_into("main").await.unwrap_err(), &[]);
    }
    server.faults().on("get_commit").times(1).respond(403, no);
    expect_truncated(&main.cherry_pick("branch").await.unwrap_err(), &[]);
    // The list of the first page is kept if the second page fails.
    server.faults().on("diff_refs").times(2).respond(200, endless_page("a"));
    server.faults().on("diff_refs").times(1).respond(403, no);
    expect_truncated(&branch.merge_into("main").await.unwrap_err(), &["a"]);
    let error = branch.merge_into("main").await.unwrap_err();
    assert!(!error.conflicts_truncated() && error.conflicts().len() == 2, "{error:?}");
}

#[tokio::test]
async fn list_of_conflicts_is_limited_in_pages() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (_, branch) = diverged(&fixture, "conflicts").await;
    server.faults().on("diff_refs").always().respond(200, endless_page("a"));
    expect_truncated(&branch.merge_into("main").await.unwrap_err(), &["a"]);
    assert_eq!(server.requests_for("diff_refs").len(), 20);
}

#[tokio::test]
async fn list_of_conflicts_is_limited_in_time() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let (_, branch) = diverged(&fixture, "conflicts").await;
    server.faults().on("diff_refs").always().delay(Duration::from_secs(120)).proceed();
    let start = Instant::now();
    expect_truncated(&branch.merge_into("main").await.unwrap_err(), &[]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
