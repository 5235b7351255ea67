//! Synchronization of directories with the objects under a prefix: differences, deletions and dry runs.

use std::fs;
use std::sync::{Arc, Mutex};

use lakefs::{ErrorKind, SyncAction};

use crate::directories::FILES;
use crate::support::{
    Fixture, contents, directory_with, file_names, files, object_paths, read_text, upload_objects,
    write_files,
};

#[tokio::test]
async fn tree_02_sync_transfers_and_deletes_only_differences() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_02").await;
    let from = directory_with(&FILES);
    main.upload_dir(from.path(), "").await.unwrap();
    main.commit("all").await.unwrap();

    let again = main.sync_from_dir(from.path(), "").await.unwrap();
    assert_eq!((again.transferred, again.unchanged, again.bytes_unchanged), (0, 7, 21));
    write_files(from.path(), &[("a", "2"), ("b/c", "longer"), ("new", "new")]);
    fs::remove_file(from.path().join("a-b")).unwrap();
    fs::remove_dir_all(from.path().join("x")).unwrap();

    let actions = Arc::new(Mutex::new(Vec::new()));
    let log = actions.clone();
    let on_entry = move |name: &str, action: SyncAction| log.lock().unwrap().push((name.to_owned(), action));
    let plan = main
        .sync_from_dir(from.path(), "")
        .delete_extraneous(true)
        .dry_run(true)
        .on_entry(on_entry)
        .await
        .unwrap();
    assert_eq!((plan.transferred, plan.unchanged, plan.deleted), (3, 3, 2));
    let mut plan: Vec<_> = actions.lock().unwrap().clone();
    plan.retain(|(_, change)| !matches!(change, SyncAction::Unchanged(_)));
    plan.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [
        ("a", SyncAction::Transferred(1)),
        ("a-b", SyncAction::Deleted),
        ("b/c", SyncAction::Transferred(6)),
        ("new", SyncAction::Transferred(3)),
        ("x/y/z/deep", SyncAction::Deleted),
    ];
    assert_eq!(plan, expected.map(|(name, change)| (name.to_owned(), change)));
    assert_eq!(main.object("a").read().await.unwrap(), "1");

    let report = main.sync_from_dir(from.path(), "").delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (3, 3, 2));
    assert_eq!(object_paths(main.objects()).await, ["a", "a.txt", "b.d", "b/c", "b/d/e f+%é", "new"]);

    // Sync to a directory that has the previous state.
    let to = directory_with(&FILES);
    write_files(to.path(), &[("stray/deep/file", "stray")]);
    let report = main.sync_to_dir("", to.path()).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (3, 3, 0));
    assert!(to.path().join("stray/deep/file").exists());
    let report = main.sync_to_dir("", to.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 6, 3));
    assert_eq!(files(to.path()), files(from.path()));
    assert!(!to.path().join("stray").exists() && !to.path().join("x").exists());

    // A sync with an empty prefix would delete everything, so it fails.
    let nothing = main.sync_to_dir("nothing", to.path()).delete_extraneous(true).await;
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(files(to.path()).len(), 6);
}

#[tokio::test]
async fn tree_08_sync_does_not_transfer_equal_files() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_08").await;
    let large = "x".repeat(300_000);
    let source = directory_with(&[("a", "same"), ("b/c", "four"), ("d", "longer"), ("e", &large)]);
    assert_eq!(main.sync_from_dir(source.path(), "t").await.unwrap().transferred, 4);
    let report = main.sync_from_dir(source.path(), "t").await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.bytes_unchanged), (0, 4, 300_014));

    write_files(source.path(), &[("b/c", "4our"), ("d", "long"), ("b/new", "")]);
    let before = main.object("t/a").get().await.unwrap();
    let report = main.sync_from_dir(source.path(), "t").await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred, report.unchanged), (3, 8, 2));
    assert_eq!(main.object("t/a").get().await.unwrap(), before);
    assert_eq!(read_text(&main.object("t/b/c")).await, "4our");

    let target = directory_with(&[("a", "same"), ("b/c", "five"), ("mine", "stays")]);
    let report = main.sync_to_dir("t", target.path()).await.unwrap();
    assert_eq!(
        (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
        (4, 300_008, 1, 0)
    );
    assert_eq!(file_names(target.path()), ["a", "b/c", "b/new", "d", "e", "mine"]);
    assert_eq!(contents(target.path())["b/c"], "4our");
    let report = main.sync_to_dir("t", target.path()).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 5, 0));
}

#[tokio::test]
async fn tree_09_extraneous_objects_are_deleted_on_request() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_09").await;
    let others = [("t", "o"), ("t-x", "o"), ("t.x", "o"), ("t0", "o"), ("u/a", "o")];
    upload_objects(&main, &others).await;
    upload_objects(
        &main,
        &[("t/", ""), ("t/a", "old"), ("t/a/b", "x"), ("t/b/", ""), ("t/c/", ""), ("t/z", "x")],
    )
    .await;
    let source = directory_with(&[("a", "new"), ("b/c", "new"), ("d", "new")]);
    let report = main.sync_from_dir(source.path(), "t").await.unwrap();
    assert_eq!((report.transferred, report.deleted), (3, 0));
    // The marker object of a directory is kept if the directory exists.
    let report = main.sync_from_dir(source.path(), "t").delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 3, 3));
    let expected = ["t", "t-x", "t.x", "t/", "t/a", "t/b/", "t/b/c", "t/d", "t0", "u/a"];
    assert_eq!(object_paths(main.objects()).await, expected);

    let empty = tempfile::tempdir().unwrap();
    let nothing = main.upload_dir(empty.path(), "t/").delete_extraneous(true).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NotFound, "{nothing}");
    assert_eq!(object_paths(main.objects()).await, expected);

    main.delete_prefix("t/").await.unwrap();
    main.delete_prefix("t").concurrency(1).await.unwrap();
    assert_eq!(object_paths(main.objects()).await, ["u/a"]);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_10_extraneous_files_are_deleted_on_request() {
    use std::os::unix::fs::symlink;

    let fixture = Fixture::new().await;
    let main = fixture.main("tree_10").await;
    upload_objects(&main, &[("t/a", "1"), ("t/b/c", "2"), ("t/d", "3"), ("t/e/", ""), ("t/l/m", "4")]).await;
    let elsewhere = directory_with(&[("m", "not ours"), ("precious", "not ours")]);
    let target = directory_with(&[
        ("a", "1"),
        ("b", "a file where a directory is needed"),
        ("d/x/y", "a directory where a file is needed"),
        ("e/f", "gone"),
        ("g/h/i", "gone"),
        ("g/h/j", "gone"),
        ("b-c", "gone"),
    ]);
    fs::create_dir_all(target.path().join("nothing/in/it")).unwrap();
    symlink(elsewhere.path(), target.path().join("l")).unwrap();
    symlink(elsewhere.path(), target.path().join("e/link")).unwrap();

    let report = main.sync_to_dir("t", target.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (3, 1, 8));
    assert_eq!(file_names(target.path()), ["a", "b/c", "d", "e/", "l/m"]);
    assert_eq!(contents(target.path())["l/m"], "4");
    assert_eq!(file_names(elsewhere.path()), ["m", "precious"]);

    // A sync with an empty prefix would delete everything, so it fails.
    let error = main.sync_to_dir("tt", target.path()).delete_extraneous(true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(file_names(target.path()).len(), 5);
}

#[tokio::test]
async fn tree_14_dry_run_reports_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_14").await;
    upload_objects(&main, &[("t/a", "same"), ("t/b", "old"), ("t/x", "only here")]).await;
    let local = directory_with(&[("a", "same"), ("b", "new!"), ("c/d", "only there")]);
    let (objects, files) = (object_paths(main.objects()).await, contents(local.path()));
    let record = || {
        let actions: Arc<Mutex<Vec<(String, SyncAction)>>> = Arc::default();
        let on_entry = {
            let actions = actions.clone();
            move |name: &str, action| actions.lock().unwrap().push((name.to_owned(), action))
        };
        (actions, on_entry)
    };
    let sorted = |actions: Arc<Mutex<Vec<(String, SyncAction)>>>| {
        let mut actions = std::mem::take(&mut *actions.lock().unwrap());
        actions.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        actions.into_iter().map(|(name, action)| format!("{name} {action:?}")).collect::<Vec<_>>()
    };

    let expected = ["a Unchanged(4)", "b Transferred(4)", "c/d Transferred(10)", "x Deleted"];
    for dry in [true, false] {
        let (actions, on_entry) = record();
        let sync =
            main.sync_from_dir(local.path(), "t").delete_extraneous(true).dry_run(dry).on_entry(on_entry);
        let report = sync.await.unwrap();
        assert_eq!(
            (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
            (2, 14, 1, 1),
            "{dry}"
        );
        assert_eq!(sorted(actions), expected);
        assert_eq!(object_paths(main.objects()).await == objects, dry);
    }

    upload_objects(&main, &[("t/b", "old"), ("t/x", "only here")]).await;
    main.object("t/c/d").delete().await.unwrap();
    let expected = ["a Unchanged(4)", "b Transferred(3)", "c/d Deleted", "x Transferred(9)"];
    for dry in [true, false] {
        let (actions, on_entry) = record();
        let sync =
            main.sync_to_dir("t", local.path()).delete_extraneous(true).dry_run(dry).on_entry(on_entry);
        let report = sync.await.unwrap();
        assert_eq!(
            (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
            (2, 12, 1, 1),
            "{dry}"
        );
        assert_eq!(sorted(actions), expected);
        assert_eq!(contents(local.path()) == files, dry);
    }
    let place = local.path().join("not yet");
    assert_eq!(main.download_dir("t", &place).dry_run(true).await.unwrap().transferred, 3);
    assert!(!place.exists());
}
