//! Directories, and the objects under a prefix.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use lakefs::{Branch, ErrorKind, Progress, SymlinkPolicy, SyncAction};
use tempfile::{TempDir, tempdir};

use crate::support::Lake;

/// A directory with these files.
pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempdir().unwrap();
    write(directory.path(), files);
    directory
}

pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, data) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
    }
}

/// All files below a directory, with their contents.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

async fn paths(branch: &Branch) -> Vec<String> {
    use lakefs::TryStreamExt as _;
    branch.objects().map_ok(|entry| entry.path().to_owned()).try_collect().await.unwrap()
}

#[track_caller]
fn names(error: &lakefs::Error) -> Vec<&str> {
    error.failed_objects().iter().filter_map(|failed| failed.path.as_deref()).collect()
}

const FILES: [(&str, &str); 7] = [
    ("a", "1"),
    ("a-b", "22"),
    ("a.txt", ""),
    ("b/c", "333"),
    ("b/d/e f+%é", "4444"),
    ("b.d", "55555"),
    ("x/y/z/deep", "666666"),
];

#[tokio::test]
async fn tree_01_there_and_back() {
    let lake = Lake::new().await;
    let main = lake.main("tree_01").await;
    let from = directory(&FILES);
    let large = "0123456789".repeat(40_000);
    write(from.path(), &[("large", &large)]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = told.clone();
    let progress = Progress::new(move |now| telling.lock().unwrap().push(now));

    let report = main.upload_dir(from.path(), "data").shared_progress(&progress).await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred), (8, 400_021));
    let told = told.lock().unwrap().clone();
    let last = told.last().unwrap();
    assert_eq!((last.bytes, last.total_bytes), (400_021, Some(400_021)));
    assert_eq!((last.items, last.total_items), (8, Some(8)));
    // What there is in all is known before anything moves.
    assert!(told.iter().filter(|now| now.bytes > 0).all(|now| now.total_bytes == Some(400_021)));
    assert!(paths(&main).await.iter().all(|path| path.starts_with("data/")));
    assert_eq!(main.object("data/b/d/e f+%é").read().await.unwrap(), "4444");

    main.object("data.csv").upload("not below it").await.unwrap();
    main.object("data/empty/").upload("").await.unwrap();
    let to = tempdir().unwrap();
    let to = to.path().join("not/there/yet");
    let report = main.download_dir("data/", &to).concurrency(3).await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred), (8, 400_021));
    assert!(files(&to) == files(from.path()));
    assert!(to.join("empty").is_dir());
}

#[tokio::test]
async fn tree_02_only_what_differs_is_moved() {
    let lake = Lake::new().await;
    let main = lake.main("tree_02").await;
    let from = directory(&FILES);
    main.upload_dir(from.path(), "").await.unwrap();
    main.commit("all").await.unwrap();

    let again = main.sync_from_dir(from.path(), "").await.unwrap();
    assert_eq!((again.transferred, again.unchanged, again.bytes_unchanged), (0, 7, 21));
    write(from.path(), &[("a", "2"), ("b/c", "longer"), ("new", "new")]);
    fs::remove_file(from.path().join("a-b")).unwrap();
    fs::remove_dir_all(from.path().join("x")).unwrap();

    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let each = move |name: &str, change: SyncAction| told.lock().unwrap().push((name.to_owned(), change));
    let plan = main
        .sync_from_dir(from.path(), "")
        .delete_extraneous(true)
        .dry_run(true)
        .on_entry(each)
        .await
        .unwrap();
    assert_eq!((plan.transferred, plan.unchanged, plan.deleted), (3, 3, 2));
    let mut plan: Vec<_> = seen.lock().unwrap().clone();
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
    assert_eq!(paths(&main).await, ["a", "a.txt", "b.d", "b/c", "b/d/e f+%é", "new"]);

    // And back, to a directory that is at the state before.
    let to = directory(&FILES);
    write(to.path(), &[("stray/deep/file", "stray")]);
    let report = main.sync_to_dir("", to.path()).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (3, 3, 0));
    assert!(to.path().join("stray/deep/file").exists());
    let report = main.sync_to_dir("", to.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 6, 3));
    assert_eq!(files(to.path()), files(from.path()));
    assert!(!to.path().join("stray").exists() && !to.path().join("x").exists());

    // All would be deleted: that nothing is there is rather a mistake.
    let nothing = main.sync_to_dir("nothing", to.path()).delete_extraneous(true).await;
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(files(to.path()).len(), 6);
}

#[tokio::test]
async fn tree_03_names_that_are_no_files_are_refused_before_anything_is_written() {
    let lake = Lake::new().await;
    let main = lake.main("tree_03").await;
    let bad = ["../x", "/etc/x", "C:/x", "..\\x", "a\0b", "a//b", "./x", "b/../../x", "good/more"];
    main.object("good").upload("good").await.unwrap();
    for name in bad {
        main.object(format!("p/{name}")).upload("bad").await.unwrap();
    }
    main.object("p/good").upload("good").await.unwrap();
    let around = tempdir().unwrap();
    let to = around.path().join("to");
    let error = main.download_dir("p", &to).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    let mut expected = bad.map(|name| format!("p/{name}"));
    expected.sort();
    assert_eq!(names(&error), expected);
    assert!(error.to_string().contains("to directory"), "{error}");
    assert_eq!(fs::read_dir(around.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_04_symbolic_links_are_dealt_with_as_was_said() {
    use std::os::unix::fs::symlink;

    let lake = Lake::new().await;
    let main = lake.main("tree_04").await;
    let (from, elsewhere) = (directory(&[("a", "1"), ("b/c", "2")]), directory(&[("far/d", "3")]));
    symlink(elsewhere.path().join("far"), from.path().join("link")).unwrap();
    symlink(from.path().join("a"), from.path().join("same")).unwrap();

    let refusal = main.upload_dir(from.path(), "").await;
    let error = refusal.unwrap_err();
    assert_eq!((error.kind(), names(&error)), (ErrorKind::InvalidRequest, vec!["link", "same"]));
    assert!(error.message().contains("symbolic link"), "{error}");
    assert_eq!(paths(&main).await, [""; 0]);
    main.upload_dir(from.path(), "skip").symlinks(SymlinkPolicy::Skip).await.unwrap();
    main.upload_dir(from.path(), "follow").symlinks(SymlinkPolicy::Follow).await.unwrap();
    assert_eq!(
        paths(&main).await,
        ["follow/a", "follow/b/c", "follow/link/d", "follow/same", "skip/a", "skip/b/c"]
    );

    // What is left out is not extraneous, nor is what lies below it; what only begins alike is.
    for path in ["skip/link", "skip/link-x", "skip/link.txt", "skip/link/d", "skip/link0", "skip/same"] {
        main.object(path).upload("x").await.unwrap();
    }
    let sync = main.sync_from_dir(from.path(), "skip").symlinks(SymlinkPolicy::Skip).delete_extraneous(true);
    assert_eq!(sync.await.unwrap().deleted, 3);
    main.delete_prefix("follow/").await.unwrap();
    let left = ["skip/a", "skip/b/c", "skip/link", "skip/link/d", "skip/same"];
    assert_eq!(paths(&main).await, left);
    main.delete_prefix("skip/link").await.unwrap();
    main.object("skip/same").delete().await.unwrap();
    // Without a file, all would be deleted.
    let nothing = main.sync_from_dir(tempdir().unwrap().path(), "skip").delete_extraneous(true).await;
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(paths(&main).await, ["skip/a", "skip/b/c"]);

    // One that leads back to where it is.
    symlink(from.path(), from.path().join("b/up")).unwrap();
    let loops = main.upload_dir(from.path(), "again").symlinks(SymlinkPolicy::Follow).await.unwrap_err();
    assert_eq!((loops.kind(), names(&loops)), (ErrorKind::InvalidRequest, vec!["again/b/up"]));

    // Nothing is written through one.
    let to = tempdir().unwrap();
    symlink(elsewhere.path(), to.path().join("b")).unwrap();
    let error = main.download_dir("skip", to.path()).await.unwrap_err();
    assert_eq!((error.kind(), names(&error)), (ErrorKind::InvalidRequest, vec!["skip/b/c"]), "{error}");
    assert_eq!(fs::read_to_string(to.path().join("a")).unwrap(), "1");
    assert_eq!(files(elsewhere.path()), BTreeMap::from([("far/d".to_owned(), "3".to_owned())]));
    // It is extraneous, and what it leads to is not.
    let report = main.sync_to_dir("skip", to.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (1, 1, 1));
    assert!(elsewhere.path().join("far/d").exists());
}

#[tokio::test]
async fn tree_05_failures_of_single_files_are_all_told() {
    let lake = Lake::new().await;
    let main = lake.main("tree_05").await;
    let nowhere = main.repository().branch("nowhere").upload_dir(tempdir().unwrap().path(), "").await;
    assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::NotFound);
    let missing = main.upload_dir("/no/such/directory", "").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::InvalidRequest);

    let from = directory(&FILES);
    main.upload_dir(from.path(), "").await.unwrap();
    let to = directory(&[("a/in/the/way", ""), ("b", "in the way")]);
    let error = main.download_dir("", to.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    let mut failed = names(&error);
    failed.sort_unstable();
    assert_eq!(failed, ["a", "b/c", "b/d/e f+%é"]);
    assert!(error.message().ends_with("(and 2 more failed)"), "{error}");
    // The others are there.
    assert_eq!(files(to.path()).len(), 2 + 4);
}

#[tokio::test]
async fn tree_06_a_prefix_is_deleted() {
    let lake = Lake::new().await;
    let main = lake.main("tree_06").await;
    main.upload_dir(directory(&FILES).path(), "").await.unwrap();
    main.delete_prefix("b/").await.unwrap();
    assert_eq!(paths(&main).await, ["a", "a-b", "a.txt", "b.d", "x/y/z/deep"]);
}
