//! The conflicts of merges, cherry-picks and reverts.

use std::fmt::Debug;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs::{Branch, Error, ErrorKind};

use crate::support::{Fixture, commit_objects, upload_objects};

/// Asserts that an operation failed because of conflicts, and returns their paths. The list of conflicts is complete.
#[track_caller]
fn expect_conflicts<T: Debug>(result: Result<T, Error>) -> Vec<String> {
    let error = result.expect_err("the operation succeeds, but must fail");
    assert_eq!(error.kind(), ErrorKind::MergeConflict, "{error}");
    assert!(!error.conflicts_truncated(), "{error}");
    error.conflicts().iter().map(|conflict| conflict.path.clone()).collect()
}

/// Uploads many objects with the same data, and commits them.
async fn commit_many(branch: &Branch, paths: impl Iterator<Item = String>, data: &'static str) {
    let uploads = paths.map(|path| branch.object(path).upload(data).send());
    stream::iter(uploads).buffer_unordered(16).try_collect::<Vec<_>>().await.unwrap();
    branch.commit("many").await.unwrap();
}

#[tokio::test]
async fn conflict_01_cherry_pick_names_the_paths() {
    let fixture = Fixture::new().await;
    let main = fixture.main("conflict_01").await;
    let objects =
        [("changed", "0"), ("removed here", "0"), ("removed there", "0"), ("same", "0"), ("é", "0")];
    commit_objects(&main, "base", &objects).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();

    // The branch is more than one commit ahead. Only the changes of the picked commit count.
    commit_objects(&branch, "not picked", &[("other", "2")]).await;
    upload_objects(
        &branch,
        &[("changed", "2"), ("removed here", "2"), ("same", "3"), ("é", "2"), ("mine", "2")],
    )
    .await;
    branch.object("removed there").delete().await.unwrap();
    let picked = branch.commit("picked").await.unwrap();
    upload_objects(
        &main,
        &[("changed", "1"), ("removed there", "1"), ("same", "3"), ("é", "1"), ("other", "1")],
    )
    .await;
    main.object("removed here").delete().await.unwrap();
    let head = main.commit("head").await.unwrap();

    let paths = expect_conflicts(main.cherry_pick(&picked).await);
    assert_eq!(paths, ["changed", "removed here", "removed there", "é"]);
    assert_eq!(main.get().await.unwrap().commit_id, head.id);
    // An expression names the commit as well.
    assert_eq!(expect_conflicts(main.cherry_pick("branch@").await).len(), 4);
}

#[tokio::test]
async fn conflict_02_cherry_pick_of_a_merge_compares_with_its_parent() {
    let fixture = Fixture::new().await;
    let main = fixture.main("conflict_02").await;
    commit_objects(&main, "base", &[("a", "0"), ("b", "0")]).await;
    let [first, second] = ["first", "second"].map(|name| main.repository().branch(name));
    first.create("main").await.unwrap();
    second.create("main").await.unwrap();
    commit_objects(&first, "first", &[("a", "1")]).await;
    commit_objects(&second, "second", &[("b", "2")]).await;
    second.merge_into("first").await.unwrap();
    commit_objects(&main, "head", &[("a", "3"), ("b", "3")]).await;

    // The changes against the first parent are those of the second one, and the reverse.
    assert_eq!(expect_conflicts(main.cherry_pick("first").parent_number(1).await), ["b"]);
    assert_eq!(expect_conflicts(main.cherry_pick("first").parent_number(2).await), ["a"]);
}

#[tokio::test]
async fn conflict_03_revert_names_the_paths() {
    let fixture = Fixture::new().await;
    let main = fixture.main("conflict_03").await;
    commit_objects(&main, "base", &[("a", "0"), ("b", "0"), ("c", "0")]).await;
    upload_objects(&main, &[("a", "1"), ("b", "1"), ("new", "1")]).await;
    main.object("c").delete().await.unwrap();
    let reverted = main.commit("reverted").await.unwrap();
    // `b` is back at its old data already, which is no conflict.
    let head =
        commit_objects(&main, "later", &[("a", "2"), ("b", "0"), ("c", "2"), ("new", "2"), ("d", "2")]).await;

    assert_eq!(expect_conflicts(main.revert(&reverted).await), ["a", "c", "new"]);
    assert_eq!(main.get().await.unwrap().commit_id, head.id);
    assert_eq!(expect_conflicts(main.revert("main~1").await), ["a", "c", "new"]);
}

#[tokio::test]
async fn conflict_04_revert_of_a_merge_compares_with_its_parent() {
    let fixture = Fixture::new().await;
    let main = fixture.main("conflict_04").await;
    commit_objects(&main, "base", &[("a", "0"), ("b", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "branch", &[("a", "1")]).await;
    commit_objects(&main, "main", &[("b", "1")]).await;
    branch.merge_into("main").await.unwrap();
    commit_objects(&main, "later", &[("a", "2"), ("b", "2")]).await;
    assert_eq!(expect_conflicts(main.revert("main~1").parent_number(1).await), ["a"]);
    assert_eq!(expect_conflicts(main.revert("main~1").parent_number(2).await), ["b"]);
}

/// Objects that differ in their metadata or content type differ, those that differ in their modification time do not.
#[tokio::test]
async fn conflict_05_metadata_and_content_type_count() {
    let fixture = Fixture::new().await;
    let main = fixture.main("conflict_05").await;
    commit_objects(&main, "base", &[("base", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    for (side, value) in [(&main, "1"), (&branch, "2")] {
        side.object("metadata").upload("1").metadata("k", value).await.unwrap();
        side.object("same metadata").upload("1").metadata("k", "1").await.unwrap();
        side.object("type").upload("1").content_type(format!("text/x-{value}")).await.unwrap();
        side.object("same").upload("1").content_type("text/csv").await.unwrap();
        side.commit("side").await.unwrap();
    }
    let expected = ["metadata", "type"];
    assert_eq!(expect_conflicts(branch.merge_into("main").await), expected);
    assert_eq!(expect_conflicts(main.cherry_pick("branch").await), expected);
    let listed: Vec<_> =
        branch.conflicts_with("main").map_ok(|entry| entry.path).try_collect().await.unwrap();
    assert_eq!(listed, expected);
}

/// The changes of only one side are skipped.
#[tokio::test]
async fn conflict_06_conflict_among_many_changes_takes_few_requests() {
    let fixture = Fixture::new().await;
    let main = fixture.main("conflict_06").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_many(&branch, (0..6500).map(|number| format!("many/{number:04}")), "2").await;
    commit_objects(&main, "main", &[("a", "1"), ("many/4321", "1"), ("many/6499", "1"), ("z", "1")]).await;

    let before = fixture.server.as_ref().map(|server| server.requests().len());
    assert_eq!(expect_conflicts(branch.merge_into("main").await), ["many/4321", "many/6499"]);
    assert_eq!(expect_conflicts(main.cherry_pick("branch").await), ["many/4321", "many/6499"]);
    if let (Some(server), Some(before)) = (&fixture.server, before) {
        let sent = server.requests().len() - before;
        assert!(sent <= 14, "{sent} requests");
    }
}

#[tokio::test]
async fn conflict_07_merge_of_a_pull_request_names_the_paths() {
    let fixture = Fixture::new().await;
    let main = fixture.main("conflict_07").await;
    let repository = main.repository();
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "branch", &[("a", "2"), ("b", "2")]).await;
    commit_objects(&main, "main", &[("a", "1")]).await;
    let id = repository.create_pull_request("branch", "main", "title").await.unwrap().id;
    assert_eq!(expect_conflicts(repository.pull_request(id).merge().await), ["a"]);
}
