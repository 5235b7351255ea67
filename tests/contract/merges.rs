//! Merges.

use std::collections::BTreeMap;

use lakefs::{Branch, ErrorKind, MergeStrategy, TryStreamExt as _};

use crate::support::{Lake, commit, entries, paths, refused, stage, tag, text};

/// `main`, and `branch` that parted from it when there were `a` and `b`.
async fn parted(lake: &Lake, test: &str) -> (Branch, Branch) {
    let main = lake.main(test).await;
    commit(&main, "base", &[("a", "0"), ("b", "0")]).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    (main, branch)
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn merge_01_a_merge_is_a_commit_with_two_parents() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_01").await;
    stage(&branch, &[("a", "2"), ("c", "2")]).await;
    branch.object("b").delete().await.unwrap();
    let source = branch.commit("source").await.unwrap();
    let destination = commit(&main, "destination", &[("d", "1")]).await;

    let merged = branch.merge_into("main").message("ship it").metadata("ticket", "42").await.unwrap();
    let merge = main.get_commit().await.unwrap();
    assert_eq!(merged.reference, merge.id);
    assert_eq!(merge.parents, [&*destination.id, &*source.id]);
    assert_eq!(merge.message, "ship it");
    assert_eq!(merge.metadata, pairs(&[("ticket", "42"), (".lakefs.merge.strategy", "default")]));
    assert_eq!(merge.generation, Some(4));
    assert_eq!(crate::identity::commit(&merge), merge.id);

    assert_eq!(text(&main.object("a")).await, "2");
    assert_eq!(text(&main.object("c")).await, "2");
    assert_eq!(text(&main.object("d")).await, "1");
    assert!(!main.object("b").exists().await.unwrap());
    // The source is as it was, and has nothing more to give.
    assert_eq!(branch.get().await.unwrap().commit_id, source.id);
    assert_eq!(paths(main.diff("branch")).await, [""; 0]);

    // Where the destination has not moved, there is a commit as well.
    branch.merge_into("main").allow_empty(true).await.unwrap();
    let back = main.merge_into("branch").await.unwrap();
    let merge = branch.get_commit().await.unwrap();
    assert_eq!((&merge.id, &*merge.message), (&back.reference, "Merge 'main' into 'branch'"));
    assert_eq!(merge.parents, [source.id, main.get().await.unwrap().commit_id]);
}

#[tokio::test]
async fn merge_02_nothing_to_merge() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_02").await;
    commit(&main, "ahead", &[("c", "1")]).await;
    let head = main.get().await.unwrap().commit_id;
    for source in ["branch", "main~1", "main"] {
        let merged = main.repository().reference(source).merge_into("main").await;
        refused(merged, "merge_into_branch", 400, ErrorKind::NoChanges, "no changes");
    }
    assert_eq!(main.get().await.unwrap().commit_id, head);
    for merge in [branch.merge_into("main").allow_empty(true), branch.merge_into("main").force(true)] {
        let merged = merge.await.unwrap();
        assert_eq!(main.get().await.unwrap().commit_id, merged.reference);
        assert_eq!(paths(main.diff_from_parent()).await, [""; 0]);
    }
}

#[tokio::test]
async fn merge_03_what_is_staged() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_03").await;
    commit(&branch, "source", &[("a", "2")]).await;

    stage(&main, &[("staged", "1")]).await;
    for merge in [branch.merge_into("main"), branch.merge_into("main").force(true)] {
        let words = "uncommitted changes (dirty branch)";
        refused(merge.await, "merge_into_branch", 400, ErrorKind::UncommittedChanges, words);
    }
    assert_eq!(text(&main.object("a")).await, "0");
    main.commit("clean").await.unwrap();

    // What is staged on the source stays there.
    stage(&branch, &[("a", "3"), ("mine", "1")]).await;
    branch.merge_into("main").await.unwrap();
    assert_eq!(text(&main.object("a")).await, "2");
    assert!(!main.object("mine").exists().await.unwrap());
    assert_eq!(entries(branch.uncommitted()).await, ["changed a", "added mine"]);
}

#[tokio::test]
async fn merge_04_conflicts_are_named() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_04").await;
    stage(&branch, &[("a", "2"), ("new", "2"), ("fine", "2")]).await;
    branch.object("b").delete().await.unwrap();
    branch.commit("source").await.unwrap();
    let head = commit(&main, "destination", &[("a", "1"), ("b", "1"), ("new", "1")]).await.id;

    let merged = branch.merge_into("main").await;
    let error = refused(merged, "merge_into_branch", 409, ErrorKind::MergeConflict, "conflict");
    let conflicts: Vec<_> = error.conflicts().iter().map(|conflict| &*conflict.path).collect();
    assert_eq!(conflicts, ["a", "b", "new"]);
    let expected =
        format!("merge \"branch\" into branch \"main\" of repository {:?}: ", main.repository().name());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(!error.is_retryable());

    assert_eq!(main.get().await.unwrap().commit_id, head);
    assert_eq!(paths(main.uncommitted()).await, [""; 0]);
}

#[tokio::test]
async fn merge_05_strategies() {
    for (strategy, name, a, b, c) in [
        (MergeStrategy::SourceWins, "source-wins", Some("2"), None, Some("2")),
        (MergeStrategy::DestinationWins, "dest-wins", Some("1"), Some("1"), None),
    ] {
        let lake = Lake::new().await;
        let (main, branch) = parted(&lake, "merge_05").await;
        commit(&main, "more", &[("c", "0")]).await;
        main.merge_into("branch").await.unwrap();

        stage(&branch, &[("a", "2"), ("c", "2"), ("fine", "2")]).await;
        branch.object("b").delete().await.unwrap();
        branch.commit("source").await.unwrap();
        stage(&main, &[("a", "1"), ("b", "1")]).await;
        main.object("c").delete().await.unwrap();
        main.commit("destination").await.unwrap();

        branch.merge_into("main").strategy(strategy).await.unwrap();
        for (path, expected) in [("a", a), ("b", b), ("c", c), ("fine", Some("2"))] {
            match expected {
                Some(expected) => assert_eq!(text(&main.object(path)).await, expected, "{name} {path}"),
                None => assert!(!main.object(path).exists().await.unwrap(), "{name} {path}"),
            }
        }
        let merge = main.get_commit().await.unwrap();
        assert_eq!(merge.metadata, pairs(&[(".lakefs.merge.strategy", name)]));
    }
}

#[tokio::test]
async fn merge_06_squash() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_06").await;
    commit(&branch, "first", &[("a", "1")]).await;
    let source = commit(&branch, "second", &[("c", "1")]).await;
    let destination = commit(&main, "destination", &[("d", "1")]).await;

    let squashed = branch.merge_into("main").squash(true).await.unwrap().reference;
    let squash = main.get_commit().await.unwrap();
    assert_eq!((&squash.id, &squash.parents), (&squashed, &vec![destination.id]));
    assert_eq!(entries(main.diff_from_parent()).await, ["changed a", "added c"]);
    let log: Vec<_> = main.log().map_ok(|commit| commit.message).try_collect().await.unwrap();
    assert!(!log.contains(&"second".to_owned()), "{log:?}");

    // It does not say where it came from, so the source can be merged again.
    branch.merge_into("main").await.unwrap();
    let merge = main.get_commit().await.unwrap();
    assert_eq!(merge.parents, [squashed, source.id]);
    assert_eq!(paths(main.diff_from_parent()).await, [""; 0]);
}

#[tokio::test]
async fn merge_07_from_anything_that_is_a_commit() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_07").await;
    let first = commit(&branch, "first", &[("a", "1")]).await.id;
    let second = commit(&branch, "second", &[("a", "2")]).await.id;
    let third = commit(&branch, "third", &[("a", "3")]).await.id;
    let fourth = commit(&branch, "fourth", &[("a", "4")]).await.id;
    let repository = &main.repository();
    let tag = tag(repository, "v1", &third).await;

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
        assert_eq!(text(&main.object("a")).await, data);
    }
}

#[tokio::test]
async fn merge_08_what_cannot_be_merged() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_08").await;
    let repository = &main.repository();
    let head = commit(&branch, "source", &[("a", "2")]).await.id;
    tag(repository, "v1", "main").await;

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
        refused(merge.await, "merge_into_branch", status, kind, words);
    }
    let nowhere = lake.client.repository(lake.name("merge_08")).branch("branch");
    let merged = nowhere.merge_into("main").await;
    refused(merged, "merge_into_branch", 404, ErrorKind::NotFound, "repository not found");

    // A strategy that this crate does not know goes the way of the generated client.
    let api = lake.client.api();
    let request = api.merge_into_branch().repository(repository.name()).source_ref("branch");
    let body = lakefs::models::Merge::new().strategy("mine");
    let merged = request.destination_branch("main").body(body).send().await;
    refused(merged, "merge_into_branch", 400, ErrorKind::InvalidRequest, "strategy");
    assert_eq!(text(&main.object("a")).await, "0");
}

/// The same done on both sides is no conflict, and the merge is a commit all the same.
#[tokio::test]
async fn merge_09_the_same_on_both_sides() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_09").await;
    for side in [&main, &branch] {
        stage(side, &[("a", "1"), ("new", "1")]).await;
        side.object("b").delete().await.unwrap();
        side.commit("the same").await.unwrap();
    }
    assert_eq!(paths(main.diff("branch")).await, [""; 0]);
    let merged = branch.merge_into("main").await.unwrap();
    assert_eq!(main.get_commit().await.unwrap().id, merged.reference);
    assert_eq!(text(&main.object("new")).await, "1");
    assert_eq!(paths(main.diff_from_parent()).await, [""; 0]);
}

/// lakeFS 1.84 answers source and destination of a merge base the wrong way round, so they are taken as a pair.
#[tokio::test]
async fn merge_10_where_two_branches_parted() {
    let lake = Lake::new().await;
    let (main, branch) = parted(&lake, "merge_10").await;
    let base = main.get().await.unwrap().commit_id;
    let mut heads =
        [commit(&main, "left", &[("a", "1")]).await.id, commit(&branch, "right", &[("b", "1")]).await.id];
    let api = lake.client.api();
    let request = api.find_merge_base().repository(main.repository().name());
    let found = request.source_ref("branch").destination_branch("main").send().await.unwrap().into_inner();
    assert_eq!(found.base_commit_id, base);
    let mut named = [found.source_commit_id, found.destination_commit_id];
    heads.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, heads);
}
