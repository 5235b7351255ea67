//! Working copies whose files change while an operation runs, and operations that fail or are dropped.

use std::fs;
use std::path::Path;

use lakefs::{Branch, ErrorKind, Uri, WorkingCopy, models};
use tempfile::TempDir;

use crate::support::{
    Fixture, commit_objects, files, object_paths, read_text, wait_for, wait_until, write_files,
};
use crate::{branches, start};

const OBJECTS: [(&str, &str); 3] = [("data/a", "1"), ("data/b", "2"), ("data/c", "3")];

/// Starts a test server, and clones a prefix with three objects.
async fn cloned() -> (Fixture, Branch, WorkingCopy, TempDir) {
    let (fixture, main) = start().await;
    commit_objects(&main, "first", &OBJECTS).await;
    let directory = TempDir::new().unwrap();
    let copy = fixture.client.working_copy(directory.path()).with_cache_dir(None);
    let uri = Uri::new(main.repository().name(), "main", "data").unwrap();
    copy.clone_from(&uri).await.unwrap();
    (fixture, main, copy, directory)
}

fn listed(root: &Path) -> String {
    let mut files = files(root);
    files.remove(".lakefs_ref.yaml");
    let files: Vec<_> = files.into_iter().map(|(name, content)| format!("{name}={content}")).collect();
    files.join(" ")
}

async fn active_operation(copy: &WorkingCopy) -> Option<String> {
    copy.get().await.unwrap().active_operation
}

async fn second_commit(main: &Branch) -> models::Commit {
    commit_objects(main, "second", &[("data/a", "second"), ("data/b", "second"), ("data/d", "second")]).await
}

#[tokio::test]
async fn file_that_changes_during_a_pull_is_not_replaced() {
    for name in ["a", "d"] {
        let (fixture, main, copy, directory) = cloned().await;
        second_commit(&main).await;
        let file = directory.path().join(name);
        let change = move |_: &str| {
            fs::write(&file, "local").unwrap();
            true
        };
        fixture.test_server().faults().on("get_object").when(change).proceed();
        let error = copy.pull().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("changed in the meantime"), "{error}");
        assert_eq!(fs::read_to_string(directory.path().join(name)).unwrap(), "local");
        assert_eq!(active_operation(&copy).await.as_deref(), Some("pull"));

        let error = copy.pull().await.unwrap_err();
        assert_eq!((error.kind(), error.conflicts().len()), (ErrorKind::MergeConflict, 1), "{error}");
        fs::write(directory.path().join(name), "second").unwrap();
        copy.pull().await.unwrap();
        assert_eq!(listed(directory.path()), "a=second b=second c=3 d=second");
        assert!(copy.status().await.unwrap().is_clean());
    }
}

#[tokio::test]
async fn file_that_changes_during_a_commit_fails_the_commit() {
    let (fixture, main, copy, directory) = cloned().await;
    let head = main.get().await.unwrap().commit_id;
    write_files(directory.path(), &[("a", "one"), ("b", "one")]);
    let file = directory.path().join("b");
    let change = move |_: &str| {
        fs::write(&file, "two").unwrap();
        true
    };
    fixture.test_server().faults().on("upload_object").when(change).proceed();
    let error = copy.commit("local").concurrency(1).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Io), "{error}");
    assert_eq!(main.get().await.unwrap().commit_id, head);
    assert_eq!(branches(&main).await, ["main"]);
    assert_eq!(active_operation(&copy).await, None);
    copy.commit("local").await.unwrap();
    assert_eq!(read_text(&main.object("data/b")).await, "two");
}

#[tokio::test]
async fn failed_pull_is_completed_by_the_next_one() {
    let (fixture, main, copy, directory) = cloned().await;
    second_commit(&main).await;
    let fault = fixture.test_server().faults().on("get_object").after(1).times(100);
    fault.respond(403, r#"{"message":"insufficient permissions"}"#);
    let error = copy.pull().concurrency(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert_eq!(error.failed_objects()[0].path.as_deref(), Some("data/b"));
    assert!(error.message().ends_with("the rest was not tried"), "{error}");
    assert_eq!(listed(directory.path()), "a=second b=2 c=3");
    fixture.test_server().faults().clear();
    // The branch has moved on.
    commit_objects(&main, "third", &[("data/a", "third"), ("data/d", "third")]).await;
    copy.pull().await.unwrap();
    assert_eq!(listed(directory.path()), "a=third b=second c=3 d=third");
    assert!(copy.status().await.unwrap().is_clean());
}

#[tokio::test]
async fn dropped_pull_leaves_no_lock_and_no_temporary_files() {
    let (fixture, main, copy, directory) = cloned().await;
    second_commit(&main).await;
    let server = fixture.test_server();
    server.clear_requests();
    server.faults().on("get_object").always().stall();
    let pull = tokio::spawn(copy.pull().send());
    wait_until("the downloads have started", async || server.requests_for("get_object").len() == 3).await;
    let other = copy.pull().await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Conflict, "{other}");
    pull.abort();
    pull.await.unwrap_err();
    server.faults().clear();
    fs::write(directory.path().join(".lakefs-tmp-0123456789abcdef"), "left by a killed process").unwrap();
    wait_for("the next pull", copy.pull().send()).await.unwrap();
    assert_eq!(listed(directory.path()), "a=second b=second c=3 d=second");
}

#[tokio::test]
async fn commit_whose_merge_response_is_lost_is_found() {
    let (fixture, main, copy, directory) = cloned().await;
    write_files(directory.path(), &[("a", "local")]);
    fs::remove_file(directory.path().join("c")).unwrap();
    fixture.test_server().faults().on("merge_into_branch").drop_response();
    let done = copy.commit("local").await.unwrap();
    assert_eq!(done.commit.id, main.get().await.unwrap().commit_id);
    assert_eq!(object_paths(main.objects()).await, ["data/a", "data/b"]);
    assert!(copy.status().await.unwrap().is_clean());
}

#[tokio::test]
async fn dropped_commit_changes_nothing_and_finds_later_conflicts() {
    let (fixture, main, copy, directory) = cloned().await;
    write_files(directory.path(), &[("a", "local")]);
    let server = fixture.test_server();
    server.clear_requests();
    // Another writer commits before the commit is repeated.
    let fault = server.faults().on("upload_object").when(|path| path.contains("lakefs-rs-tx-"));
    fault.stall();
    let commit = tokio::spawn(copy.commit("local").send());
    wait_until("the upload has started", async || server.requests_for("upload_object").len() == 1).await;
    commit_objects(&main, "other", &[("data/a", "other")]).await;
    server.faults().clear();
    commit.abort();
    commit.await.unwrap_err();
    assert_eq!(active_operation(&copy).await.as_deref(), Some("commit"));
    let error = copy.commit("local").await.unwrap_err();
    assert_eq!((error.kind(), error.conflicts().len()), (ErrorKind::MergeConflict, 1), "{error}");
    assert_eq!(read_text(&main.object("data/a")).await, "other");
    assert_eq!(listed(directory.path()), "a=local b=2 c=3");
    wait_until("the temporary branch is deleted", async || branches(&main).await.len() == 1).await;
}

#[test]
fn working_copy_needs_a_single_blocking_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    runtime.unwrap().block_on(wait_for("all operations", async {
        let (_fixture, main, copy, directory) = cloned().await;
        second_commit(&main).await;
        copy.pull().await.unwrap();
        write_files(directory.path(), &[("a", "local"), ("e/f", "local")]);
        assert_eq!(copy.status().await.unwrap().local.len(), 2);
        copy.commit("local").await.unwrap();
        copy.checkout("main~1").await.unwrap();
        write_files(directory.path(), &[("a", "x")]);
        copy.discard().await.unwrap();
        assert_eq!(listed(directory.path()), "a=second b=second c=3 d=second");
    }));
}
