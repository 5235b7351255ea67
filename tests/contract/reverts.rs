//! Reverts and cherry-picks.

use std::collections::BTreeMap;

use lakefs::{Branch, ErrorKind, models};

use crate::support::{Lake, commit, refused, stage, text};

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A merge commit on `main`, which brought `b`; its second parent brought `a` to `main` as well.
async fn merged(lake: &Lake, test: &str) -> (Branch, models::Commit) {
    let main = lake.main(test).await;
    commit(&main, "base", &[("base", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit(&main, "left", &[("a", "0")]).await;
    commit(&branch, "right", &[("b", "0")]).await;
    branch.merge_into("main").await.unwrap();
    let merge = main.get_commit().await.unwrap();
    (main, merge)
}

#[tokio::test]
async fn revert_01_undoes_one_commit() {
    let lake = Lake::new().await;
    let main = lake.main("revert_01").await;
    commit(&main, "base", &[("a", "0"), ("b", "0")]).await;
    main.object("b").delete().await.unwrap();
    let mistake = commit(&main, "mistake", &[("a", "1"), ("c", "1")]).await;
    let kept = commit(&main, "kept", &[("d", "1")]).await;

    main.revert(&mistake.id).await.unwrap();
    let head = main.get_commit().await.unwrap();
    assert_eq!(head.message, format!("Revert {}", mistake.id));
    assert_eq!((head.parents, head.metadata), (vec![kept.id], pairs(&[])));
    assert_eq!(text(&main.object("a")).await, "0");
    assert_eq!(text(&main.object("b")).await, "0");
    assert_eq!(text(&main.object("d")).await, "1");
    assert!(!main.object("c").exists().await.unwrap());

    // An expression is written into the message as it is.
    main.revert("main~0").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap().message, "Revert main~0");
    assert_eq!(text(&main.object("a")).await, "1");
}

#[tokio::test]
async fn revert_01_with_words_of_its_own() {
    let lake = Lake::new().await;
    let main = lake.main("revert_01").await;
    let mistake = commit(&main, "mistake", &[("a", "1")]).await;
    main.revert(&mistake.id).message("Back").metadata("why", "wrong").metadata("who", "me").await.unwrap();
    let head = main.get_commit().await.unwrap();
    assert_eq!((&*head.message, head.metadata), ("Back", pairs(&[("why", "wrong"), ("who", "me")])));
}

#[tokio::test]
async fn revert_02_what_is_undone_already() {
    let lake = Lake::new().await;
    let main = lake.main("revert_02").await;
    commit(&main, "base", &[("base", "0")]).await;
    let mistake = commit(&main, "mistake", &[("a", "1")]).await.id;
    main.revert(&mistake).await.unwrap();
    let head = main.get().await.unwrap().commit_id;
    refused(main.revert(&mistake).await, "revert_branch", 400, ErrorKind::NoChanges, "no changes");
    assert_eq!(main.get().await.unwrap().commit_id, head);

    main.revert(&mistake).allow_empty(true).await.unwrap();
    assert_eq!(main.get_commit().await.unwrap().parents, [head]);
}

#[tokio::test]
async fn revert_03_later_changes_stand_against_it() {
    let lake = Lake::new().await;
    let main = lake.main("revert_03").await;
    let mistake = commit(&main, "mistake", &[("a", "1")]).await.id;
    let later = commit(&main, "later", &[("a", "2")]).await.id;
    let error = refused(
        main.revert(&mistake).await,
        "revert_branch",
        409,
        ErrorKind::MergeConflict,
        "conflict found",
    );
    assert_eq!(error.conflicts(), []);
    assert_eq!(main.get().await.unwrap().commit_id, later);
}

#[tokio::test]
async fn revert_04_of_a_merge_wants_a_parent() {
    let lake = Lake::new().await;
    let (main, merge) = merged(&lake, "revert_04").await;
    let revert = || main.revert(&merge.id);
    refused(revert().await, "revert_branch", 409, ErrorKind::InvalidRequest, "must specify");
    let third = revert().parent_number(3).await;
    refused(third, "revert_branch", 400, ErrorKind::InvalidRequest, "parent");

    revert().parent_number(1).await.unwrap();
    assert!(main.object("a").exists().await.unwrap());
    assert!(!main.object("b").exists().await.unwrap());
    main.revert("main").await.unwrap();
    revert().parent_number(2).await.unwrap();
    assert!(!main.object("a").exists().await.unwrap());
    assert!(main.object("b").exists().await.unwrap());
}

#[tokio::test]
async fn revert_05_what_cannot_be_reverted() {
    let lake = Lake::new().await;
    let main = lake.main("revert_05").await;
    let one = commit(&main, "one", &[("a", "1")]).await.id;
    let nothing = main.revert("nothing").await;
    refused(nothing, "revert_branch", 404, ErrorKind::NotFound, "not found");
    let nowhere = main.repository().branch("nowhere").revert(&one).await;
    refused(nowhere, "revert_branch", 404, ErrorKind::NotFound, "not found");
    let staged = main.revert("main$").await;
    refused(staged, "revert_branch", 400, ErrorKind::InvalidRequest, "staging area");

    stage(&main, &[("b", "1")]).await;
    let dirty = main.revert(&one).await;
    refused(dirty, "revert_branch", 400, ErrorKind::UncommittedChanges, "uncommitted changes");
}

#[tokio::test]
async fn cp_01_does_one_commit_again() {
    let lake = Lake::new().await;
    let main = lake.main("cp_01").await;
    let base = commit(&main, "base", &[("a", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit(&branch, "one", &[("b", "1")]).await;
    branch.object("a").delete().await.unwrap();
    let two = commit(&branch, "two", &[("c", "1")]).await;

    let picked = main.cherry_pick("branch").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap(), picked);
    assert_eq!((&*picked.message, &picked.parents), ("two", &vec![base.id]));
    let origin = pairs(&[("cherry-pick-origin", &two.id), ("cherry-pick-committer", &two.committer)]);
    assert_eq!(picked.metadata, origin);
    assert!(main.object("c").exists().await.unwrap());
    assert!(!main.object("a").exists().await.unwrap());
    assert!(!main.object("b").exists().await.unwrap());

    // Once more, it is an empty commit.
    let again = main.cherry_pick(&two.id).message("again").metadata("k", "v").await.unwrap();
    assert_eq!((&*again.message, again.parents), ("again", vec![picked.id]));
    assert_eq!(again.metadata.get("k").map(String::as_str), Some("v"));
    assert_eq!(again.metadata.get("cherry-pick-origin"), Some(&two.id));
}

#[tokio::test]
async fn cp_02_changes_on_the_branch_stand_against_it() {
    let lake = Lake::new().await;
    let main = lake.main("cp_02").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    let one = commit(&branch, "one", &[("a", "1")]).await.id;
    commit(&main, "other", &[("a", "2")]).await;
    let conflict = main.cherry_pick(&one).await;
    refused(conflict, "cherry_pick", 409, ErrorKind::MergeConflict, "conflict found");
}

/// The merge is picked last: a lakeFS 1.84 that has picked a commit with metadata no longer knows it for a while.
#[tokio::test]
async fn cp_03_of_a_merge_wants_a_parent() {
    let lake = Lake::new().await;
    let (main, merge) = merged(&lake, "cp_03").await;
    let other = main.repository().branch("other");
    other.create("main~1").await.unwrap();
    let pick = || other.cherry_pick(&merge.id);
    refused(pick().await, "cherry_pick", 400, ErrorKind::InvalidRequest, "must specify");
    refused(pick().parent_number(0).await, "cherry_pick", 400, ErrorKind::InvalidRequest, "parent");
    refused(pick().parent_number(3).await, "cherry_pick", 400, ErrorKind::InvalidRequest, "parent");

    let picked = pick().parent_number(1).await.unwrap();
    assert_eq!(picked.message, merge.message);
    assert!(other.object("b").exists().await.unwrap());
}

#[tokio::test]
async fn cp_04_what_cannot_be_picked() {
    let lake = Lake::new().await;
    let main = lake.main("cp_04").await;
    let root = main.get().await.unwrap().commit_id;
    let one = commit(&main, "one", &[("a", "1")]).await.id;
    refused(main.cherry_pick(root).await, "cherry_pick", 400, ErrorKind::InvalidRequest, "parent");
    refused(main.cherry_pick("nothing").await, "cherry_pick", 404, ErrorKind::NotFound, "not found");
    let nowhere = main.repository().branch("nowhere").cherry_pick(&one).await;
    refused(nowhere, "cherry_pick", 404, ErrorKind::NotFound, "not found");

    stage(&main, &[("b", "1")]).await;
    let dirty = main.cherry_pick(&one).await;
    refused(dirty, "cherry_pick", 400, ErrorKind::UncommittedChanges, "uncommitted changes");
}

#[tokio::test]
async fn revert_06_a_read_only_repository_wants_force() {
    let lake = Lake::new().await;
    let name = lake.name("revert_06");
    let repository = lake.client.repository(&name);
    repository.create(lake.namespace(&name)).read_only(true).await.unwrap();
    let main = repository.branch("main");
    main.object("a").upload("1").force(true).await.unwrap();
    let one = main.commit("one").force(true).await.unwrap().id;

    refused(main.revert(&one).await, "revert_branch", 403, ErrorKind::WriteProtected, "read-only");
    main.revert(&one).force(true).await.unwrap();
    refused(main.cherry_pick(&one).await, "cherry_pick", 403, ErrorKind::WriteProtected, "read-only");
    main.cherry_pick(&one).force(true).await.unwrap();
    refused(main.reset().await, "reset_branch", 403, ErrorKind::WriteProtected, "read-only");
    main.reset().force(true).await.unwrap();
    refused(main.hard_reset(&one).await, "hard_reset_branch", 403, ErrorKind::WriteProtected, "read-only");
    main.hard_reset(&one).force(true).await.unwrap();
    assert_eq!(main.get().await.unwrap().commit_id, one);
}
