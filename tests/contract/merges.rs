//! Merges of one ref into a branch.

use lakefs::{Branch, ErrorKind, MergeStrategy, TryStreamExt as _};

use crate::support::{
    Fixture, changed_paths, changes, commit_objects, create_tag, expect_error, read_text, string_map,
    upload_objects,
};

/// Returns `main` and a new branch `branch` of it, both with the objects `a` and `b`.
async fn diverged(fixture: &Fixture, test: &str) -> (Branch, Branch) {
    let main = fixture.main(test).await;
    commit_objects(&main, "base", &[("a", "0"), ("b", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    (main, branch)
}

#[tokio::test]
async fn merge_01_merge_creates_a_commit_with_two_parents() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_01").await;
    upload_objects(&branch, &[("a", "2"), ("c", "2")]).await;
    branch.object("b").delete().await.unwrap();
    let source = branch.commit("source").await.unwrap();
    let destination = commit_objects(&main, "destination", &[("d", "1")]).await;

    let merged = branch.merge_into("main").message("ship it").metadata("ticket", "42").await.unwrap();
    let merge = main.get_commit().await.unwrap();
    assert_eq!(merged.reference, merge.id);
    assert_eq!(merge.parents, [&*destination.id, &*source.id]);
    assert_eq!(merge.message, "ship it");
    assert_eq!(merge.metadata, string_map(&[("ticket", "42"), (".lakefs.merge.strategy", "default")]));
    assert_eq!(merge.generation, Some(4));
    assert_eq!(crate::identity::commit_id(&merge), merge.id);

    assert_eq!(read_text(&main.object("a")).await, "2");
    assert_eq!(read_text(&main.object("c")).await, "2");
    assert_eq!(read_text(&main.object("d")).await, "1");
    assert!(!main.object("b").exists().await.unwrap());
    // The source is unchanged and has no more changes to merge.
    assert_eq!(branch.get().await.unwrap().commit_id, source.id);
    assert_eq!(changed_paths(main.diff("branch")).await, [""; 0]);

    // There is a merge commit even if the destination is an ancestor of the source.
    branch.merge_into("main").allow_empty(true).await.unwrap();
    let back = main.merge_into("branch").await.unwrap();
    let merge = branch.get_commit().await.unwrap();
    assert_eq!((&merge.id, &*merge.message), (&back.reference, "Merge 'main' into 'branch'"));
    assert_eq!(merge.parents, [source.id, main.get().await.unwrap().commit_id]);
}

#[tokio::test]
async fn merge_02_merge_without_changes_fails_unless_empty_commits_are_allowed() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_02").await;
    commit_objects(&main, "ahead", &[("c", "1")]).await;
    let head = main.get().await.unwrap().commit_id;
    for source in ["branch", "main~1", "main"] {
        let merged = main.repository().reference(source).merge_into("main").await;
        expect_error(merged, "merge_into_branch", 400, ErrorKind::NoChanges, "no changes");
    }
    assert_eq!(main.get().await.unwrap().commit_id, head);
    for merge in [branch.merge_into("main").allow_empty(true), branch.merge_into("main").force(true)] {
        let merged = merge.await.unwrap();
        assert_eq!(main.get().await.unwrap().commit_id, merged.reference);
        assert_eq!(changed_paths(main.diff_from_parent()).await, [""; 0]);
    }
}

#[tokio::test]
async fn merge_03_destination_with_uncommitted_changes_is_rejected() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_03").await;
    commit_objects(&branch, "source", &[("a", "2")]).await;

    upload_objects(&main, &[("uncommitted", "1")]).await;
    for merge in [branch.merge_into("main"), branch.merge_into("main").force(true)] {
        let words = "uncommitted changes (dirty branch)";
        expect_error(merge.await, "merge_into_branch", 400, ErrorKind::UncommittedChanges, words);
    }
    assert_eq!(read_text(&main.object("a")).await, "0");
    main.commit("clean").await.unwrap();

    // Uncommitted changes of the source are not merged and stay on the source.
    upload_objects(&branch, &[("a", "3"), ("source only", "1")]).await;
    branch.merge_into("main").await.unwrap();
    assert_eq!(read_text(&main.object("a")).await, "2");
    assert!(!main.object("source only").exists().await.unwrap());
    assert_eq!(changes(branch.uncommitted()).await, ["changed a", "added source only"]);
}

#[tokio::test]
async fn merge_04_conflict_names_the_paths_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_04").await;
    upload_objects(&branch, &[("a", "2"), ("new", "2"), ("fine", "2")]).await;
    branch.object("b").delete().await.unwrap();
    branch.commit("source").await.unwrap();
    let head = commit_objects(&main, "destination", &[("a", "1"), ("b", "1"), ("new", "1")]).await.id;

    let merged = branch.merge_into("main").await;
    let error = expect_error(merged, "merge_into_branch", 409, ErrorKind::MergeConflict, "conflict");
    let conflicts: Vec<_> = error.conflicts().iter().map(|conflict| &*conflict.path).collect();
    assert_eq!(conflicts, ["a", "b", "new"]);
    let expected =
        format!("merge \"branch\" into branch \"main\" of repository {:?}: ", main.repository().name());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(!error.is_retryable());

    assert_eq!(main.get().await.unwrap().commit_id, head);
    assert_eq!(changed_paths(main.uncommitted()).await, [""; 0]);
}

#[tokio::test]
async fn merge_05_strategy_resolves_conflicts() {
    for (strategy, name, a, b, c) in [
        (MergeStrategy::SourceWins, "source-wins", Some("2"), None, Some("2")),
        (MergeStrategy::DestinationWins, "dest-wins", Some("1"), Some("1"), None),
    ] {
        let fixture = Fixture::new().await;
        let (main, branch) = diverged(&fixture, "merge_05").await;
        commit_objects(&main, "more", &[("c", "0")]).await;
        main.merge_into("branch").await.unwrap();

        upload_objects(&branch, &[("a", "2"), ("c", "2"), ("fine", "2")]).await;
        branch.object("b").delete().await.unwrap();
        branch.commit("source").await.unwrap();
        upload_objects(&main, &[("a", "1"), ("b", "1")]).await;
        main.object("c").delete().await.unwrap();
        main.commit("destination").await.unwrap();

        branch.merge_into("main").strategy(strategy).await.unwrap();
        for (path, expected) in [("a", a), ("b", b), ("c", c), ("fine", Some("2"))] {
            match expected {
                Some(expected) => assert_eq!(read_text(&main.object(path)).await, expected, "{name} {path}"),
                None => assert!(!main.object(path).exists().await.unwrap(), "{name} {path}"),
            }
        }
        let merge = main.get_commit().await.unwrap();
        assert_eq!(merge.metadata, string_map(&[(".lakefs.merge.strategy", name)]));
    }
}

#[tokio::test]
async fn merge_06_squash_commit_has_one_parent() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_06").await;
    commit_objects(&branch, "first", &[("a", "1")]).await;
    let source = commit_objects(&branch, "second", &[("c", "1")]).await;
    let destination = commit_objects(&main, "destination", &[("d", "1")]).await;

    let squashed = branch.merge_into("main").squash(true).await.unwrap().reference;
    let squash = main.get_commit().await.unwrap();
    assert_eq!((&squash.id, &squash.parents), (&squashed, &vec![destination.id]));
    assert_eq!(changes(main.diff_from_parent()).await, ["changed a", "added c"]);
    let log: Vec<_> = main.log().map_ok(|commit| commit.message).try_collect().await.unwrap();
    assert!(!log.contains(&"second".to_owned()), "{log:?}");

    // The squash commit does not refer to the source, so the source can be merged again.
    branch.merge_into("main").await.unwrap();
    let merge = main.get_commit().await.unwrap();
    assert_eq!(merge.parents, [squashed, source.id]);
    assert_eq!(changed_paths(main.diff_from_parent()).await, [""; 0]);
}

#[tokio::test]
async fn merge_07_source_can_be_any_ref_that_is_a_commit() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_07").await;
    let first = commit_objects(&branch, "first", &[("a", "1")]).await.id;
    let second = commit_objects(&branch, "second", &[("a", "2")]).await.id;
    let third = commit_objects(&branch, "third", &[("a", "3")]).await.id;
    let fourth = commit_objects(&branch, "fourth", &[("a", "4")]).await.id;
    let repository = &main.repository();
    let tag = create_tag(repository, "v1", &third).await;

    for (merge, name, source, data) in [
        (repository.reference("branch~3").merge_into("main"), "branch~3", first, "1"),
        (repository.reference(&second).merge_into("main"), &*second, second.clone(), "2"),
        (tag.merge_into("main"), "v1", third, "3"),
        (repository.reference("branch@").merge_into("main"), "branch@", fourth, "4"),
    ] {
        merge.await.unwrap();
        let merge = main.get_commit().await.unwrap();
        assert_eq!(merge.parents[1], source);
        assert_eq!(merge.message, format!("Merge '{name}' into 'main'"));
        assert_eq!(read_text(&main.object("a")).await, data);
    }
}

#[tokio::test]
async fn merge_08_missing_or_invalid_sources_and_destinations_fail() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_08").await;
    let repository = &main.repository();
    let head = commit_objects(&branch, "source", &[("a", "2")]).await.id;
    create_tag(repository, "v1", "main").await;

    let refusals = [
        (branch.merge_into("main~1"), 400, ErrorKind::InvalidRequest, "branch id"),
        (branch.merge_into("a.b"), 400, ErrorKind::InvalidRequest, "branch id"),
        (branch.merge_into("nowhere"), 404, ErrorKind::NotFound, "branch not found"),
        (branch.merge_into("v1"), 404, ErrorKind::NotFound, "branch not found"),
        (branch.merge_into(&*head), 404, ErrorKind::NotFound, "branch not found"),
        (repository.reference("nowhere").merge_into("main"), 404, ErrorKind::NotFound, "not found"),
        (repository.reference("branch~9").merge_into("main"), 404, ErrorKind::NotFound, "not found"),
        (
            repository.reference("branch^x").merge_into("main"),
            400,
            ErrorKind::InvalidRequest,
            "invalid value",
        ),
        (
            repository.reference("branch$").merge_into("main"),
            400,
            ErrorKind::InvalidRequest,
            "is not a commit",
        ),
    ];
    for (merge, status, kind, words) in refusals {
        expect_error(merge.await, "merge_into_branch", status, kind, words);
    }
    let nowhere = fixture.client.repository(fixture.unique_name("merge_08")).branch("branch");
    let merged = nowhere.merge_into("main").await;
    expect_error(merged, "merge_into_branch", 404, ErrorKind::NotFound, "repository not found");

    // The generated client sends a strategy that the facade does not know.
    let api = fixture.client.api();
    let request = api.merge_into_branch().repository(repository.name()).source_ref("branch");
    let body = lakefs::models::Merge::new().strategy("unknown");
    let merged = request.destination_branch("main").body(body).send().await;
    expect_error(merged, "merge_into_branch", 400, ErrorKind::InvalidRequest, "strategy");
    assert_eq!(read_text(&main.object("a")).await, "0");
}

/// Equal changes on both sides are no conflict, and the merge still creates a commit.
#[tokio::test]
async fn merge_09_equal_changes_on_both_sides_are_no_conflict() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_09").await;
    for side in [&main, &branch] {
        upload_objects(side, &[("a", "1"), ("new", "1")]).await;
        side.object("b").delete().await.unwrap();
        side.commit("the same").await.unwrap();
    }
    assert_eq!(changed_paths(main.diff("branch")).await, [""; 0]);
    let merged = branch.merge_into("main").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap().id, merged.reference);
    assert_eq!(read_text(&main.object("new")).await, "1");
    assert_eq!(changed_paths(main.diff_from_parent()).await, [""; 0]);
}

/// lakeFS 1.84 swaps source and destination of a merge base, so the test compares them without order.
#[tokio::test]
async fn merge_10_merge_base_is_the_last_common_commit() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "merge_10").await;
    let base = main.get().await.unwrap().commit_id;
    let mut heads = [
        commit_objects(&main, "left", &[("a", "1")]).await.id,
        commit_objects(&branch, "right", &[("b", "1")]).await.id,
    ];
    let api = fixture.client.api();
    let request = api.find_merge_base().repository(main.repository().name());
    let found = request.source_ref("branch").destination_branch("main").send().await.unwrap().into_inner();
    assert_eq!(found.base_commit_id, base);
    let mut named = [found.source_commit_id, found.destination_commit_id];
    heads.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, heads);
}
