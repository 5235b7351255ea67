//! Resets of uncommitted changes, and hard resets of branches.

use lakefs::{Branch, ErrorKind};

use crate::support::{Fixture, changes, commit_objects, expect_error, read_text, upload_objects};

/// Creates a branch with uncommitted changes of every kind.
async fn branch_with_changes(fixture: &Fixture, test: &str) -> Branch {
    let main = fixture.main(test).await;
    commit_objects(&main, "base", &[("a", "0"), ("b/1", "0"), ("b/2", "0")]).await;
    upload_objects(&main, &[("a", "1"), ("b/1", "1"), ("b/3", "1"), ("c", "1")]).await;
    main.object("b/2").delete().await.unwrap();
    main
}

#[tokio::test]
async fn reset_01_all_uncommitted_changes_are_discarded() {
    let fixture = Fixture::new().await;
    let main = branch_with_changes(&fixture, "reset_01").await;
    let head = main.get().await.unwrap();
    main.reset().await.unwrap();
    assert_eq!(changes(main.uncommitted()).await, [""; 0]);
    assert_eq!(read_text(&main.object("a")).await, "0");
    assert!(main.object("b/2").exists().await.unwrap());
    assert!(!main.object("c").exists().await.unwrap());
    assert_eq!(main.get().await.unwrap(), head);
    // A reset without changes succeeds.
    main.reset().await.unwrap();
}

#[tokio::test]
async fn reset_02_changes_of_one_object_are_discarded() {
    let fixture = Fixture::new().await;
    let main = branch_with_changes(&fixture, "reset_02").await;
    let rest = ["changed a", "changed b/1", "added b/3", "added c"];
    main.reset().object("b/2").await.unwrap();
    assert_eq!(changes(main.uncommitted()).await, rest);
    // A prefix names no object, and a reset of an unchanged or missing object succeeds.
    for path in ["b/", "b/2", "nothing"] {
        main.reset().object(path).await.unwrap();
    }
    assert_eq!(changes(main.uncommitted()).await, rest);
    main.reset().object("c").await.unwrap();
    assert_eq!(changes(main.uncommitted()).await, rest[..3]);
}

#[tokio::test]
async fn reset_03_changes_under_a_prefix_are_discarded() {
    let fixture = Fixture::new().await;
    let main = branch_with_changes(&fixture, "reset_03").await;
    main.reset().prefix("b/").await.unwrap();
    assert_eq!(changes(main.uncommitted()).await, ["changed a", "added c"]);
    assert_eq!(read_text(&main.object("b/1")).await, "0");
    main.reset().prefix("nothing/").await.unwrap();
    assert_eq!(changes(main.uncommitted()).await, ["changed a", "added c"]);
    main.reset().prefix("").await.unwrap();
    assert_eq!(changes(main.uncommitted()).await, [""; 0]);
}

#[tokio::test]
async fn reset_04_missing_branch_is_not_found() {
    let fixture = Fixture::new().await;
    let nowhere = fixture.repository("reset_04").await.branch("nowhere");
    let reset = || nowhere.reset();
    expect_error(reset().await, "reset_branch", 404, ErrorKind::NotFound, "branch not found");
    expect_error(reset().object("a").await, "reset_branch", 404, ErrorKind::NotFound, "branch not found");
    expect_error(reset().prefix("a").await, "reset_branch", 404, ErrorKind::NotFound, "branch not found");
}

#[tokio::test]
async fn reset_05_hard_reset_moves_the_branch_and_keeps_uncommitted_changes() {
    let fixture = Fixture::new().await;
    let main = fixture.main("reset_05").await;
    let one = commit_objects(&main, "one", &[("a", "1")]).await;
    let two = commit_objects(&main, "two", &[("a", "2")]).await;
    upload_objects(&main, &[("b", "1")]).await;

    main.hard_reset("main~1").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap(), one);
    assert_eq!(read_text(&main.object("a")).await, "1");
    assert_eq!(changes(main.uncommitted()).await, ["added b"]);
    // The commit still exists, and the branch can be reset to it.
    main.hard_reset(&two.id).await.unwrap();
    assert_eq!(main.get_commit().await.unwrap(), two);
}

#[tokio::test]
async fn reset_06_hard_reset_to_a_missing_or_invalid_ref_fails() {
    let fixture = Fixture::new().await;
    let main = fixture.main("reset_06").await;
    let head = main.get().await.unwrap();
    let reset = |reference| main.hard_reset(reference);
    expect_error(reset("nothing").await, "hard_reset_branch", 404, ErrorKind::NotFound, "not found");
    expect_error(reset("main~9").await, "hard_reset_branch", 404, ErrorKind::NotFound, "not found");
    expect_error(reset("main$").await, "hard_reset_branch", 400, ErrorKind::InvalidRequest, "staging area");
    let nowhere = main.repository().branch("nowhere").hard_reset("main").await;
    expect_error(nowhere, "hard_reset_branch", 404, ErrorKind::NotFound, "not found");
    assert_eq!(main.get().await.unwrap(), head);
}

#[tokio::test]
async fn ref_06_head_is_a_reference_to_a_fixed_commit() {
    let fixture = Fixture::new().await;
    let main = fixture.main("ref_06").await;
    let one = commit_objects(&main, "one", &[("a", "1")]).await;
    let head = main.head().await.unwrap();
    assert_eq!(head.expression(), one.id);
    commit_objects(&main, "two", &[("a", "2")]).await;
    upload_objects(&main, &[("a", "3")]).await;
    assert_eq!(read_text(&head.object("a")).await, "1");

    let nowhere = main.repository().branch("nowhere").head().await;
    expect_error(nowhere, "get_branch", 404, ErrorKind::NotFound, "branch not found");
}
