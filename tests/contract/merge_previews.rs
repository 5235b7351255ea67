//! What a client can find out before a merge: the merge base and the conflicts.

use lakefs::models::DiffType;
use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, changed_paths, commit_objects, expect_error, upload_objects};

#[tokio::test]
async fn merge_10_merge_base_names_source_and_destination_correctly() {
    let fixture = Fixture::new().await;
    let main = fixture.main("merge_10").await;
    let repository = &main.repository();
    let base = commit_objects(&main, "base", &[("a", "0")]).await.id;
    let branch = repository.branch("branch");
    branch.create("main").await.unwrap();
    let source = commit_objects(&branch, "source", &[("a", "1")]).await.id;
    let destination = commit_objects(&main, "destination", &[("b", "1")]).await.id;

    let found = branch.merge_base("main").await.unwrap();
    assert_eq!(
        [&found.base_commit_id, &found.source_commit_id, &found.destination_commit_id],
        [&base, &source, &destination]
    );
    let found = main.merge_base("branch").await.unwrap();
    assert_eq!([&found.source_commit_id, &found.destination_commit_id], [&destination, &source]);
    // Commits and expressions are accepted like branches.
    let found = repository.reference(&source).merge_base("main~1").await.unwrap();
    assert_eq!(
        [&found.base_commit_id, &found.source_commit_id, &found.destination_commit_id],
        [&base, &source, &base]
    );
    let found = main.merge_base("main").await.unwrap();
    assert_eq!([&found.base_commit_id, &found.source_commit_id], [&destination, &destination]);

    let nothing = branch.merge_base("nothing").await;
    expect_error(nothing, "find_merge_base", 404, ErrorKind::NotFound, "not found");
}

#[tokio::test]
async fn merge_11_conflicts_are_listed_without_a_merge() {
    let fixture = Fixture::new().await;
    let main = fixture.main("merge_11").await;
    let branch = main.repository().branch("branch");
    commit_objects(&main, "base", &[("a", "0"), ("b", "0"), ("c/1", "0"), ("c/2", "0"), ("d", "0")]).await;
    branch.create("main").await.unwrap();
    assert_eq!(changed_paths(branch.conflicts_with("main")).await, [""; 0]);

    upload_objects(&branch, &[("a", "1"), ("c/1", "1"), ("c/2", "1"), ("d", "1"), ("e", "1")]).await;
    branch.commit("source").await.unwrap();
    assert_eq!(changed_paths(branch.conflicts_with("main")).await, [""; 0]);
    main.object("a").delete().await.unwrap();
    commit_objects(&main, "destination", &[("b", "2"), ("c/1", "2"), ("c/2", "2"), ("d", "1"), ("f", "2")])
        .await;

    let conflicts: Vec<_> = branch.conflicts_with("main").try_collect().await.unwrap();
    assert!(conflicts.iter().all(|entry| entry.type_ == DiffType::Conflict), "{conflicts:?}");
    let expected = ["a", "c/1", "c/2"];
    assert_eq!(conflicts.iter().map(|entry| &*entry.path).collect::<Vec<_>>(), expected);
    // The list goes on after pages without a conflict.
    assert_eq!(changed_paths(branch.conflicts_with("main").page_size(1)).await, expected);
    assert_eq!(changed_paths(branch.conflicts_with("main").prefix("c/").after("c/1")).await, ["c/2"]);

    // The merge reports the same conflicts.
    let error = branch.merge_into("main").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MergeConflict);
    assert_eq!(error.conflicts().iter().map(|conflict| &*conflict.path).collect::<Vec<_>>(), expected);

    let nowhere: Result<Vec<_>, _> = branch.conflicts_with("nothing").try_collect().await;
    expect_error(nowhere, "diff_refs", 404, ErrorKind::NotFound, "not found");
}
