//! Merges whose conflicts are resolved path by path.

use lakefs::ConflictResolution::{Delete, Destination, Object, Source};
use lakefs::{Branch, ErrorKind, MergeStrategy, TryStreamExt as _};

use crate::support::{
    Fixture, changed_paths, changes, commit_objects, read_text, string_map, upload_objects,
};

/// The paths of [`diverged`] at which the two branches conflict.
const CONFLICTS: [&str; 6] =
    ["both added", "both changed", "destination deleted", "other", "source deleted", "too"];

/// Returns `main` and a branch with conflicts at [`CONFLICTS`], and with one change of its own on each side.
async fn diverged(fixture: &Fixture, test: &str) -> (Branch, Branch) {
    let main = fixture.main(test).await;
    let base =
        ["both changed", "destination deleted", "other", "source deleted", "too"].map(|path| (path, "0"));
    commit_objects(&main, "base", &base).await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    for (side, data, deleted, own) in [
        (&branch, "source", "source deleted", "source only"),
        (&main, "destination", "destination deleted", "destination only"),
    ] {
        let paths = CONFLICTS.iter().filter(|path| **path != deleted && **path != "both changed");
        let objects: Vec<_> = paths.map(|path| (*path, data)).chain([(own, data)]).collect();
        upload_objects(side, &objects).await;
        let changed = side.object("both changed").upload(data).content_type("text/csv");
        changed.metadata("side", data).await.unwrap();
        side.object(deleted).delete().await.unwrap();
        side.commit(data).await.unwrap();
    }
    (main, branch)
}

async fn branches(main: &Branch) -> Vec<String> {
    let list = main.repository().branches().show_hidden(true);
    list.map_ok(|branch| branch.id).try_collect().await.unwrap()
}

/// Returns the data at each of [`CONFLICTS`].
async fn contents(branch: &Branch) -> Vec<Option<String>> {
    let mut contents = Vec::new();
    for path in CONFLICTS {
        let object = branch.object(path);
        contents.push(if object.exists().await.unwrap() { Some(read_text(&object).await) } else { None });
    }
    contents
}

#[tokio::test]
async fn resolve_01_each_path_gets_its_resolution() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "resolve_01").await;
    let before = main.get().await.unwrap().commit_id;
    let source = branch.get().await.unwrap().commit_id;
    let listed = changed_paths(branch.conflicts_with("main")).await;
    assert_eq!(listed, CONFLICTS);

    let merged = branch
        .merge_into("main")
        .message("Resolved")
        .metadata("k", "v")
        .resolve("both added", Destination)
        .resolve("both changed", Destination)
        .resolve("destination deleted", Destination)
        .resolve("other", Source)
        .resolve("other", Object("merged".into()))
        .resolve("source deleted", Source)
        .resolve("too", Delete)
        .await
        .unwrap();
    let text = |text: &str| Some(text.to_owned());
    let expected = [text("destination"), text("destination"), None, text("merged"), None, None];
    assert_eq!(contents(&main).await, expected);
    assert_eq!(read_text(&main.object("source only")).await, "source");
    assert_eq!(read_text(&main.object("destination only")).await, "destination");
    let stats = main.object("both changed").stat().await.unwrap();
    assert_eq!(stats.content_type.as_deref(), Some("text/csv"));
    assert_eq!(stats.metadata.unwrap().0, string_map(&[("side", "destination")]));

    // The target has changed by one commit, and the source is part of its history.
    let merge = main.get_commit().await.unwrap();
    assert_eq!((&merge.id, &*merge.message, &*merge.metadata["k"]), (&merged.reference, "Resolved", "v"));
    assert_eq!((merge.parents.len(), &merge.parents[0]), (2, &before));
    let first_parents: Vec<_> =
        main.log().first_parent(true).map_ok(|commit| commit.id).try_collect().await.unwrap();
    assert_eq!(first_parents[1], before);
    let log: Vec<_> = main.log().map_ok(|commit| commit.id).try_collect().await.unwrap();
    assert!(log.contains(&source), "{log:?}");
    assert_eq!(
        changes(main.diff_from_parent()).await,
        ["changed other", "removed source deleted", "added source only", "removed too"]
    );
    assert_eq!(changed_paths(main.diff("branch")).await, [""; 0]);
    assert_eq!(changed_paths(main.uncommitted()).await, [""; 0]);
    assert_eq!(branches(&main).await, ["branch", "main"]);
}

#[tokio::test]
async fn resolve_02_one_side_can_win_all_named_paths() {
    for (wins, expected) in [
        (MergeStrategy::SourceWins, ["source", "source", "source", "source", "", "source"]),
        (
            MergeStrategy::DestinationWins,
            ["destination", "destination", "", "destination", "destination", "destination"],
        ),
    ] {
        let fixture = Fixture::new().await;
        let (main, branch) = diverged(&fixture, "resolve_02").await;
        let before = main.get().await.unwrap().commit_id;
        let resolution = || if wins == MergeStrategy::SourceWins { Source } else { Destination };
        let mut merge = branch.merge_into("main").resolve(CONFLICTS[0], resolution());
        for path in &CONFLICTS[1..] {
            merge = merge.resolve(*path, resolution());
        }
        merge.await.unwrap();
        let expected = expected.map(|text| (!text.is_empty()).then(|| text.to_owned()));
        assert_eq!(contents(&main).await, expected);
        let commit = main.get_commit().await.unwrap();
        assert_eq!((&*commit.message, &commit.parents[0]), ("Merge 'branch' into 'main'", &before));
        assert_eq!(branches(&main).await, ["branch", "main"]);
    }
}

#[tokio::test]
async fn resolve_03_conflict_without_a_resolution_stays_a_conflict() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "resolve_03").await;
    let before = main.get().await.unwrap();
    let merge = branch.merge_into("main").resolve("other", Source).resolve("too", Object("x".into()));
    let error = merge.resolve("no conflict", Delete).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::MergeConflict, Some("merge_into_branch")));
    let paths: Vec<_> = error.conflicts().iter().map(|conflict| &*conflict.path).collect();
    assert_eq!(paths, ["both added", "both changed", "destination deleted", "source deleted"]);
    assert!(!error.conflicts_truncated() && !error.is_outcome_unknown());
    assert_eq!(main.get().await.unwrap(), before);
    assert_eq!(branches(&main).await, ["branch", "main"]);
}

#[tokio::test]
async fn resolve_04_resolution_without_a_conflict_has_no_effect() {
    let fixture = Fixture::new().await;
    let main = fixture.main("resolve_04").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    let source = commit_objects(&branch, "source", &[("a", "source")]).await.id;
    let destination = commit_objects(&main, "destination", &[("b", "destination")]).await.id;
    branch.merge_into("main").resolve("a", Delete).resolve("b", Source).await.unwrap();
    assert_eq!(read_text(&main.object("a")).await, "source");
    assert_eq!(read_text(&main.object("b")).await, "destination");
    let commit = main.get_commit().await.unwrap();
    assert_eq!(commit.message, "Merge 'branch' into 'main'");
    assert_eq!(commit.parents, [destination, source]);

    let nothing = branch.merge_into("main").resolve("a", Delete).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NoChanges);
    let absent =
        main.repository().branch("absent").merge_into("main").resolve("a", Delete).await.unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn resolve_05_strategy_resolves_the_other_conflicts() {
    let fixture = Fixture::new().await;
    let (main, branch) = diverged(&fixture, "resolve_05").await;
    let merge = branch.merge_into("main").strategy(MergeStrategy::DestinationWins);
    merge.resolve("both changed", Source).resolve("destination deleted", Source).await.unwrap();
    let expected = ["destination", "source", "source", "destination", "destination", "destination"];
    assert_eq!(contents(&main).await, expected.map(|text| Some(text.to_owned())));
    let stats = main.object("both changed").stat().await.unwrap();
    assert_eq!(stats.metadata.unwrap().0, string_map(&[("side", "source")]));
}

#[tokio::test]
async fn resolve_06_squash_leaves_one_parent() {
    let fixture = Fixture::new().await;
    let main = fixture.main("resolve_06").await;
    let branch = main.repository().branch("branch");
    branch.create("main").await.unwrap();
    commit_objects(&branch, "source", &[("a", "2")]).await;
    let before = commit_objects(&main, "destination", &[("a", "1")]).await.id;
    branch.merge_into("main").squash(true).resolve("a", Source).await.unwrap();
    assert_eq!(main.get_commit().await.unwrap().parents, [before]);
    assert_eq!(read_text(&main.object("a")).await, "2");
}

#[tokio::test]
async fn resolve_07_read_only_repository_needs_force() {
    let fixture = Fixture::new().await;
    let main = fixture.read_only_repository("resolve_07").await.branch("main");
    let branch = main.repository().branch("branch");
    branch.create("main").force(true).await.unwrap();
    for (side, data) in [(&branch, "2"), (&main, "1")] {
        for path in ["a", "b", "c"] {
            side.object(path).upload(data).force(true).await.unwrap();
        }
        side.commit("side").force(true).await.unwrap();
    }
    let refused = branch.merge_into("main").resolve("a", Source).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::WriteProtected);
    let merge = branch.merge_into("main").force(true).resolve("a", Destination);
    merge.resolve("b", Delete).resolve("c", Object("3".into())).await.unwrap();
    assert_eq!(
        (read_text(&main.object("a")).await, read_text(&main.object("c")).await),
        ("1".into(), "3".into())
    );
    assert!(!main.object("b").exists().await.unwrap());
    assert_eq!(branches(&main).await, ["branch", "main"]);
}
