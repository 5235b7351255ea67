//! Resets.

use lakefs::{Branch, ErrorKind};

use crate::support::{Lake, commit, entries, refused, stage, text};

/// A branch with changes of every kind.
async fn changed(lake: &Lake, test: &str) -> Branch {
    let main = lake.main(test).await;
    commit(&main, "base", &[("a", "0"), ("b/1", "0"), ("b/2", "0")]).await;
    stage(&main, &[("a", "1"), ("b/1", "1"), ("b/3", "1"), ("c", "1")]).await;
    main.object("b/2").delete().await.unwrap();
    main
}

#[tokio::test]
async fn reset_01_of_all_that_is_staged() {
    let lake = Lake::new().await;
    let main = changed(&lake, "reset_01").await;
    let head = main.get().await.unwrap();
    main.reset().await.unwrap();
    assert_eq!(entries(main.uncommitted()).await, [""; 0]);
    assert_eq!(text(&main.object("a")).await, "0");
    assert!(main.object("b/2").exists().await.unwrap());
    assert!(!main.object("c").exists().await.unwrap());
    assert_eq!(main.get().await.unwrap(), head);
    // Nothing to reset is no error.
    main.reset().await.unwrap();
}

#[tokio::test]
async fn reset_02_of_one_object() {
    let lake = Lake::new().await;
    let main = changed(&lake, "reset_02").await;
    let rest = ["changed a", "changed b/1", "added b/3", "added c"];
    main.reset().object("b/2").await.unwrap();
    assert_eq!(entries(main.uncommitted()).await, rest);
    // A prefix is no object, and what is not staged is no error.
    for path in ["b/", "b/2", "nothing"] {
        main.reset().object(path).await.unwrap();
    }
    assert_eq!(entries(main.uncommitted()).await, rest);
    main.reset().object("c").await.unwrap();
    assert_eq!(entries(main.uncommitted()).await, rest[..3]);
}

#[tokio::test]
async fn reset_03_of_a_prefix() {
    let lake = Lake::new().await;
    let main = changed(&lake, "reset_03").await;
    main.reset().prefix("b/").await.unwrap();
    assert_eq!(entries(main.uncommitted()).await, ["changed a", "added c"]);
    assert_eq!(text(&main.object("b/1")).await, "0");
    main.reset().prefix("nothing/").await.unwrap();
    assert_eq!(entries(main.uncommitted()).await, ["changed a", "added c"]);
    main.reset().prefix("").await.unwrap();
    assert_eq!(entries(main.uncommitted()).await, [""; 0]);
}

#[tokio::test]
async fn reset_04_where_there_is_no_branch() {
    let lake = Lake::new().await;
    let nowhere = lake.repository("reset_04").await.branch("nowhere");
    let reset = || nowhere.reset();
    refused(reset().await, "reset_branch", 404, ErrorKind::NotFound, "branch not found");
    refused(reset().object("a").await, "reset_branch", 404, ErrorKind::NotFound, "branch not found");
    refused(reset().prefix("a").await, "reset_branch", 404, ErrorKind::NotFound, "branch not found");
}

#[tokio::test]
async fn reset_05_a_branch_is_moved_and_what_is_staged_stays() {
    let lake = Lake::new().await;
    let main = lake.main("reset_05").await;
    let one = commit(&main, "one", &[("a", "1")]).await;
    let two = commit(&main, "two", &[("a", "2")]).await;
    stage(&main, &[("b", "1")]).await;

    main.hard_reset("main~1").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap(), one);
    assert_eq!(text(&main.object("a")).await, "1");
    assert_eq!(entries(main.uncommitted()).await, ["added b"]);
    // The commit is still there, and the branch can go back to it.
    main.hard_reset(&two.id).await.unwrap();
    assert_eq!(main.get_commit().await.unwrap(), two);
}

#[tokio::test]
async fn reset_06_what_a_branch_cannot_be_moved_to() {
    let lake = Lake::new().await;
    let main = lake.main("reset_06").await;
    let head = main.get().await.unwrap();
    let reset = |reference| main.hard_reset(reference);
    refused(reset("nothing").await, "hard_reset_branch", 404, ErrorKind::NotFound, "not found");
    refused(reset("main~9").await, "hard_reset_branch", 404, ErrorKind::NotFound, "not found");
    refused(reset("main$").await, "hard_reset_branch", 400, ErrorKind::InvalidRequest, "staging area");
    let nowhere = main.repository().branch("nowhere").hard_reset("main").await;
    refused(nowhere, "hard_reset_branch", 404, ErrorKind::NotFound, "not found");
    assert_eq!(main.get().await.unwrap(), head);
}

#[tokio::test]
async fn ref_06_the_head_is_a_reference_that_stays() {
    let lake = Lake::new().await;
    let main = lake.main("ref_06").await;
    let one = commit(&main, "one", &[("a", "1")]).await;
    let head = main.head().await.unwrap();
    assert_eq!(head.expression(), one.id);
    commit(&main, "two", &[("a", "2")]).await;
    stage(&main, &[("a", "3")]).await;
    assert_eq!(text(&head.object("a")).await, "1");

    let nowhere = main.repository().branch("nowhere").head().await;
    refused(nowhere, "get_branch", 404, ErrorKind::NotFound, "branch not found");
}
