//! Reverts and cherry-picks of commits.

use lakefs::{Branch, ErrorKind, models};

use crate::support::{Fixture, commit_objects, expect_error, read_text, string_map, upload_objects};

/// Returns `main` and its last commit: a merge of a branch that added `b` into `main`, which had added `a`.
async fn main_with_merge(fixture: &Fixture, test: &str) -> (Branch, models::Commit) {
    let main = fixture.main(test).await;
    commit_objects(&main, "base", &[("base", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&main, "left", &[("a", "0")]).await;
    commit_objects(&branch, "right", &[("b", "0")]).await;
    branch.merge_into("main").await.unwrap();
    let merge = main.get_commit().await.unwrap();
    (main, merge)
}

#[tokio::test]
async fn revert_01_revert_undoes_one_commit() {
    let fixture = Fixture::new().await;
    let main = fixture.main("revert_01").await;
    commit_objects(&main, "base", &[("a", "0"), ("b", "0")]).await;
    main.object("b").delete().await.unwrap();
    let mistake = commit_objects(&main, "mistake", &[("a", "1"), ("c", "1")]).await;
    let kept = commit_objects(&main, "kept", &[("d", "1")]).await;

    main.revert(&mistake.id).await.unwrap();
    let head = main.get_commit().await.unwrap();
    assert_eq!(head.message, format!("Revert {}", mistake.id));
    assert_eq!((head.parents, head.metadata), (vec![kept.id], string_map(&[])));
    assert_eq!(read_text(&main.object("a")).await, "0");
    assert_eq!(read_text(&main.object("b")).await, "0");
    assert_eq!(read_text(&main.object("d")).await, "1");
    assert!(!main.object("c").exists().await.unwrap());

    // The message has the expression as it was given.
    main.revert("main~0").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap().message, "Revert main~0");
    assert_eq!(read_text(&main.object("a")).await, "1");
}

#[tokio::test]
async fn revert_01_message_and_metadata_can_be_set() {
    let fixture = Fixture::new().await;
    let main = fixture.main("revert_01").await;
    let mistake = commit_objects(&main, "mistake", &[("a", "1")]).await;
    main.revert(&mistake.id).message("Back").metadata("why", "wrong").metadata("who", "me").await.unwrap();
    let head = main.get_commit().await.unwrap();
    assert_eq!((&*head.message, head.metadata), ("Back", string_map(&[("why", "wrong"), ("who", "me")])));
}

#[tokio::test]
async fn revert_02_second_revert_fails_unless_empty_commits_are_allowed() {
    let fixture = Fixture::new().await;
    let main = fixture.main("revert_02").await;
    commit_objects(&main, "base", &[("base", "0")]).await;
    let mistake = commit_objects(&main, "mistake", &[("a", "1")]).await.id;
    main.revert(&mistake).await.unwrap();
    let head = main.get().await.unwrap().commit_id;
    expect_error(main.revert(&mistake).await, "revert_branch", 400, ErrorKind::NoChanges, "no changes");
    assert_eq!(main.get().await.unwrap().commit_id, head);

    main.revert(&mistake).allow_empty(true).await.unwrap();
    assert_eq!(main.get_commit().await.unwrap().parents, [head]);
}

#[tokio::test]
async fn revert_03_later_change_of_the_same_object_is_a_conflict() {
    let fixture = Fixture::new().await;
    let main = fixture.main("revert_03").await;
    let mistake = commit_objects(&main, "mistake", &[("a", "1")]).await.id;
    let later = commit_objects(&main, "later", &[("a", "2")]).await.id;
    let error = expect_error(
        main.revert(&mistake).await,
        "revert_branch",
        409,
        ErrorKind::MergeConflict,
        "conflict found",
    );
    let conflicts: Vec<_> = error.conflicts().iter().map(|conflict| &*conflict.path).collect();
    assert_eq!((conflicts, error.conflicts_truncated()), (vec!["a"], false));
    assert_eq!(main.get().await.unwrap().commit_id, later);
}

#[tokio::test]
async fn revert_04_revert_of_a_merge_needs_a_parent_number() {
    let fixture = Fixture::new().await;
    let (main, merge) = main_with_merge(&fixture, "revert_04").await;
    let revert = || main.revert(&merge.id);
    expect_error(revert().await, "revert_branch", 409, ErrorKind::InvalidRequest, "must specify");
    let third = revert().parent_number(3).await;
    expect_error(third, "revert_branch", 400, ErrorKind::InvalidRequest, "parent");

    revert().parent_number(1).await.unwrap();
    assert!(main.object("a").exists().await.unwrap());
    assert!(!main.object("b").exists().await.unwrap());
    main.revert("main").await.unwrap();
    revert().parent_number(2).await.unwrap();
    assert!(!main.object("a").exists().await.unwrap());
    assert!(main.object("b").exists().await.unwrap());
}

#[tokio::test]
async fn revert_05_missing_refs_and_uncommitted_changes_fail() {
    let fixture = Fixture::new().await;
    let main = fixture.main("revert_05").await;
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;
    let nothing = main.revert("nothing").await;
    expect_error(nothing, "revert_branch", 404, ErrorKind::NotFound, "not found");
    let nowhere = main.repository().branch("nowhere").revert(&one).await;
    expect_error(nowhere, "revert_branch", 404, ErrorKind::NotFound, "not found");
    let staged = main.revert("main$").await;
    expect_error(staged, "revert_branch", 400, ErrorKind::InvalidRequest, "staging area");

    upload_objects(&main, &[("b", "1")]).await;
    let dirty = main.revert(&one).await;
    expect_error(dirty, "revert_branch", 400, ErrorKind::UncommittedChanges, "uncommitted changes");
}

#[tokio::test]
async fn cp_01_cherry_pick_applies_the_changes_of_one_commit() {
    let fixture = Fixture::new().await;
    let main = fixture.main("cp_01").await;
    let base = commit_objects(&main, "base", &[("a", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "one", &[("b", "1")]).await;
    branch.object("a").delete().await.unwrap();
    let two = commit_objects(&branch, "two", &[("c", "1")]).await;

    let picked = main.cherry_pick("branch").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap(), picked);
    assert_eq!((&*picked.message, &picked.parents), ("two", &vec![base.id]));
    let origin = string_map(&[("cherry-pick-origin", &two.id), ("cherry-pick-committer", &two.committer)]);
    assert_eq!(picked.metadata, origin);
    assert!(main.object("c").exists().await.unwrap());
    assert!(!main.object("a").exists().await.unwrap());
    assert!(!main.object("b").exists().await.unwrap());

    // The second cherry-pick of the same commit creates an empty commit.
    let again = main.cherry_pick(&two.id).message("again").metadata("k", "v").await.unwrap();
    assert_eq!((&*again.message, again.parents), ("again", vec![picked.id]));
    assert_eq!(again.metadata.get("k").map(String::as_str), Some("v"));
    assert_eq!(again.metadata.get("cherry-pick-origin"), Some(&two.id));
}

#[tokio::test]
async fn cp_02_different_change_of_the_same_object_is_a_conflict() {
    let fixture = Fixture::new().await;
    let main = fixture.main("cp_02").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    let one = commit_objects(&branch, "one", &[("a", "1")]).await.id;
    commit_objects(&main, "other", &[("a", "2")]).await;
    let conflict = main.cherry_pick(&one).await;
    expect_error(conflict, "cherry_pick", 409, ErrorKind::MergeConflict, "conflict found");
}

/// The merge is picked last, because lakeFS 1.84 does not find a commit with metadata for a while after it is picked.
#[tokio::test]
async fn cp_03_cherry_pick_of_a_merge_needs_a_parent_number() {
    let fixture = Fixture::new().await;
    let (main, merge) = main_with_merge(&fixture, "cp_03").await;
    let other = main.repository().branch("other");
    other.create("main~1").await.unwrap();
    let pick = || other.cherry_pick(&merge.id);
    expect_error(pick().await, "cherry_pick", 400, ErrorKind::InvalidRequest, "must specify");
    expect_error(pick().parent_number(0).await, "cherry_pick", 400, ErrorKind::InvalidRequest, "parent");
    expect_error(pick().parent_number(3).await, "cherry_pick", 400, ErrorKind::InvalidRequest, "parent");

    let picked = pick().parent_number(1).await.unwrap();
    assert_eq!(picked.message, merge.message);
    assert!(other.object("b").exists().await.unwrap());
}

#[tokio::test]
async fn cp_04_first_commit_missing_refs_and_uncommitted_changes_fail() {
    let fixture = Fixture::new().await;
    let main = fixture.main("cp_04").await;
    let root = main.get().await.unwrap().commit_id;
    let one = commit_objects(&main, "one", &[("a", "1")]).await.id;
    expect_error(main.cherry_pick(root).await, "cherry_pick", 400, ErrorKind::InvalidRequest, "parent");
    expect_error(main.cherry_pick("nothing").await, "cherry_pick", 404, ErrorKind::NotFound, "not found");
    let nowhere = main.repository().branch("nowhere").cherry_pick(&one).await;
    expect_error(nowhere, "cherry_pick", 404, ErrorKind::NotFound, "not found");

    upload_objects(&main, &[("b", "1")]).await;
    let dirty = main.cherry_pick(&one).await;
    expect_error(dirty, "cherry_pick", 400, ErrorKind::UncommittedChanges, "uncommitted changes");
}

#[tokio::test]
async fn revert_06_read_only_repository_needs_force() {
    let fixture = Fixture::new().await;
    let repository = fixture.read_only_repository("revert_06").await;
    let main = repository.branch("main");
    main.object("a").upload("1").force(true).await.unwrap();
    let one = main.commit("one").force(true).await.unwrap().id;

    expect_error(main.revert(&one).await, "revert_branch", 403, ErrorKind::WriteProtected, "read-only");
    main.revert(&one).force(true).await.unwrap();
    expect_error(main.cherry_pick(&one).await, "cherry_pick", 403, ErrorKind::WriteProtected, "read-only");
    main.cherry_pick(&one).force(true).await.unwrap();
    expect_error(main.reset().await, "reset_branch", 403, ErrorKind::WriteProtected, "read-only");
    main.reset().force(true).await.unwrap();
    expect_error(
        main.hard_reset(&one).await,
        "hard_reset_branch",
        403,
        ErrorKind::WriteProtected,
        "read-only",
    );
    main.hard_reset(&one).force(true).await.unwrap();
    assert_eq!(main.get().await.unwrap().commit_id, one);
}
