//! Directories and the objects under a prefix.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use lakefs::{
    Branch, Error, ErrorKind, Progress, ProgressUpdate, SymlinkPolicy, SyncAction, TryStreamExt as _,
};

use crate::support::{Lake, commit, stage, text};
use crate::trees::{directory, write};

/// The files below a directory, and what they have. A directory has a name with a slash, and is only told when it is
/// empty.
fn contents(root: &Path) -> BTreeMap<String, String> {
    fn below(directory: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                let before = found.len();
                below(&entry.path(), &format!("{name}/"), found);
                if found.len() == before {
                    found.insert(format!("{name}/"), String::new());
                }
            } else {
                found.insert(name, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    below(root, "", &mut found);
    found
}

fn names(root: &Path) -> Vec<String> {
    contents(root).into_keys().collect()
}

async fn paths(reference: &Branch) -> Vec<String> {
    reference.objects().map_ok(|entry| entry.path().to_owned()).try_collect().await.unwrap()
}

/// The paths that an error names, in order.
#[track_caller]
fn failed<T: std::fmt::Debug>(outcome: Result<T, Error>, kind: ErrorKind) -> Vec<String> {
    let error = outcome.expect_err("it fails");
    assert_eq!(error.kind(), kind, "{error}");
    let mut paths: Vec<_> = error.failed_objects().iter().filter_map(|failed| failed.path.clone()).collect();
    let named = error.failed_objects()[0].path.as_deref().unwrap();
    assert!(error.message().starts_with(&format!("{named:?}: ")), "{error}");
    paths.sort_unstable();
    paths
}

#[tokio::test]
async fn tree_07_what_is_uploaded_is_downloaded() {
    let lake = Lake::new().await;
    let main = lake.main("tree_07").await;
    let (long, large) = ("n".repeat(255), "0123456789abcdef".repeat(20_000));
    let files = [
        ("a", "1"),
        ("a-b", "2"),
        ("b/a.txt", "3"),
        ("b/c d/+%41?&=#;", "4"),
        ("b/.hidden", "5"),
        ("b/...", ""),
        ("été/naïve ☃", "6"),
        (" ", "7"),
        ("deep/er/and/deep/er/x", "8"),
        (&*long, "9"),
        ("large.bin", &*large),
    ];
    let source = directory(&files);
    fs::create_dir(source.path().join("empty")).unwrap();
    let bytes: u64 = files.iter().map(|(_, data)| data.len() as u64).sum();

    let report = main.upload_dir(source.path(), "data").await.unwrap();
    assert_eq!(
        (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
        (11, bytes, 0, 0)
    );
    let mut expected: Vec<_> = files.iter().map(|(name, _)| format!("data/{name}")).collect();
    expected.sort_unstable();
    assert_eq!(paths(&main).await, expected);
    stage(&main, &[("data", "beside"), ("data-2", "beside"), ("other/x", "beside")]).await;

    let (target, mut sent) = (tempfile::tempdir().unwrap(), contents(source.path()));
    sent.remove("empty/");
    for prefix in ["data", "data/"] {
        let place = target.path().join("not/yet").join(prefix.len().to_string());
        let report = main.download_dir(prefix, &place).await.unwrap();
        assert_eq!(
            (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
            (11, bytes, 0, 0)
        );
        assert_eq!(contents(&place), sent);
    }

    // Without a prefix it is the whole branch, which here has a file where it would need a directory.
    let whole = main.download_dir("", target.path()).await;
    assert_eq!(failed(whole, ErrorKind::InvalidRequest), expected);
    main.object("data").delete().await.unwrap();
    let whole = tempfile::tempdir().unwrap();
    assert_eq!(main.download_dir("", whole.path()).await.unwrap().transferred, 13);
    assert_eq!(contents(&whole.path().join("data")), sent);
    assert_eq!(main.download_dir("nothing", target.path().join("none")).await.unwrap().transferred, 0);
}

#[tokio::test]
async fn tree_07_a_file_that_is_there_is_replaced() {
    let lake = Lake::new().await;
    let main = lake.main("tree_07").await;
    commit(&main, "first", &[("d/a", "old"), ("d/b", "same")]).await;
    stage(&main, &[("d/a", "new")]).await;
    let target = directory(&[("a", "local"), ("c", "stays")]);
    main.download_dir("d", target.path()).await.unwrap();
    assert_eq!(contents(target.path())["a"], "new");
    // What is committed only, by an expression.
    main.repository().reference("main@").download_dir("d", target.path()).await.unwrap();
    assert_eq!(contents(target.path())["a"], "old");
    assert_eq!(names(target.path()), ["a", "b", "c"]);
}

#[tokio::test]
async fn tree_08_what_is_equal_is_left_alone() {
    let lake = Lake::new().await;
    let main = lake.main("tree_08").await;
    let large = "x".repeat(300_000);
    let source = directory(&[("a", "same"), ("b/c", "four"), ("d", "longer"), ("e", &large)]);
    assert_eq!(main.sync_from_dir(source.path(), "t").await.unwrap().transferred, 4);
    let report = main.sync_from_dir(source.path(), "t").await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.bytes_unchanged), (0, 4, 300_014));

    write(source.path(), &[("b/c", "4our"), ("d", "long"), ("b/new", "")]);
    let before = main.object("t/a").get().await.unwrap();
    let report = main.sync_from_dir(source.path(), "t").await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred, report.unchanged), (3, 8, 2));
    assert_eq!(main.object("t/a").get().await.unwrap(), before);
    assert_eq!(text(&main.object("t/b/c")).await, "4our");

    let target = directory(&[("a", "same"), ("b/c", "five"), ("mine", "stays")]);
    let report = main.sync_to_dir("t", target.path()).await.unwrap();
    assert_eq!(
        (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
        (4, 300_008, 1, 0)
    );
    assert_eq!(names(target.path()), ["a", "b/c", "b/new", "d", "e", "mine"]);
    assert_eq!(contents(target.path())["b/c"], "4our");
    let report = main.sync_to_dir("t", target.path()).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 5, 0));
}

#[tokio::test]
async fn tree_09_objects_without_a_file_are_deleted_on_request() {
    let lake = Lake::new().await;
    let main = lake.main("tree_09").await;
    let others = [("t", "o"), ("t-x", "o"), ("t.x", "o"), ("t0", "o"), ("u/a", "o")];
    stage(&main, &others).await;
    stage(&main, &[("t/", ""), ("t/a", "old"), ("t/a/b", "x"), ("t/b/", ""), ("t/c/", ""), ("t/z", "x")])
        .await;
    let source = directory(&[("a", "new"), ("b/c", "new"), ("d", "new")]);
    let report = main.sync_from_dir(source.path(), "t").await.unwrap();
    assert_eq!((report.transferred, report.deleted), (3, 0));
    // The mark of a directory stays where there is the directory.
    let report = main.sync_from_dir(source.path(), "t").delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 3, 3));
    let expected = ["t", "t-x", "t.x", "t/", "t/a", "t/b/", "t/b/c", "t/d", "t0", "u/a"];
    assert_eq!(paths(&main).await, expected);

    let empty = tempfile::tempdir().unwrap();
    let nothing = main.upload_dir(empty.path(), "t/").delete_extraneous(true).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NotFound, "{nothing}");
    assert_eq!(paths(&main).await, expected);

    main.delete_prefix("t/").await.unwrap();
    main.delete_prefix("t").concurrency(1).await.unwrap();
    assert_eq!(paths(&main).await, ["u/a"]);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_10_files_without_an_object_are_deleted_on_request() {
    use std::os::unix::fs::symlink;

    let lake = Lake::new().await;
    let main = lake.main("tree_10").await;
    stage(&main, &[("t/a", "1"), ("t/b/c", "2"), ("t/d", "3"), ("t/e/", ""), ("t/l/m", "4")]).await;
    let elsewhere = directory(&[("m", "not ours"), ("precious", "not ours")]);
    let target = directory(&[
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
    assert_eq!(names(target.path()), ["a", "b/c", "d", "e/", "l/m"]);
    assert_eq!(contents(target.path())["l/m"], "4");
    assert_eq!(names(elsewhere.path()), ["m", "precious"]);

    // A prefix with nothing under it is more likely to be a mistake.
    let error = main.sync_to_dir("tt", target.path()).delete_extraneous(true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(names(target.path()).len(), 5);
}

#[tokio::test]
async fn tree_11_objects_that_cannot_be_files_are_named_and_nothing_is_written() {
    let lake = Lake::new().await;
    let main = lake.main("tree_11").await;
    let long = format!("t/{}", "n".repeat(256));
    let bad = [
        "t/../x", "t/./x", "t//x", "t/a/b", "t/a/b/", "t/C:x", "t/\\x", "t/..\\x", "t/b/..", "t/nul\0",
        "t/data/", &*long,
    ];
    let fine = ["t/a", "t/a-b", "t/..b", "t/b./x", "t/..."];
    for path in bad.iter().chain(&fine) {
        main.object(*path).upload(if path.ends_with("b/") { "" } else { "x" }).await.unwrap();
    }
    let target = tempfile::tempdir().unwrap();
    let place = target.path().join("place");
    let expected: Vec<_> = {
        let mut bad = bad.map(str::to_owned);
        bad.sort_unstable();
        bad.into()
    };
    assert_eq!(failed(main.download_dir("t", &place).await, ErrorKind::InvalidRequest), expected);
    let sync = main.sync_to_dir("t", &place).delete_extraneous(true).dry_run(true).await;
    assert_eq!(failed(sync, ErrorKind::InvalidRequest), expected);
    assert_eq!(names(target.path()), [""; 0]);

    main.delete_objects(expected).await.unwrap();
    assert_eq!(main.download_dir("t", &place).await.unwrap().transferred, 5);
    assert_eq!(names(&place), ["...", "..b", "a", "a-b", "b./x"]);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_12_files_that_cannot_be_objects_are_named_and_nothing_is_written() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let lake = Lake::new().await;
    let main = lake.main("tree_12").await;
    let elsewhere = directory(&[("x", "there")]);
    let source = directory(&[("a", "1"), ("b/c", "2")]);
    symlink("a", source.path().join("link")).unwrap();
    symlink(elsewhere.path(), source.path().join("b/to")).unwrap();
    let _socket = UnixListener::bind(source.path().join("socket")).unwrap();
    let tree = || main.upload_dir(source.path(), "t");
    assert_eq!(failed(tree().await, ErrorKind::InvalidRequest), ["t/b/to", "t/link", "t/socket"]);
    assert_eq!(failed(tree().symlinks(SymlinkPolicy::Skip).await, ErrorKind::InvalidRequest), ["t/socket"]);
    assert_eq!(paths(&main).await, [""; 0]);

    let report = tree().symlinks(SymlinkPolicy::Skip).skip_special(true).await.unwrap();
    assert_eq!((report.transferred, paths(&main).await), (2, vec!["t/a".to_owned(), "t/b/c".to_owned()]));
    let report = tree().symlinks(SymlinkPolicy::Follow).skip_special(true).await.unwrap();
    assert_eq!(report.transferred, 4);
    assert_eq!(paths(&main).await, ["t/a", "t/b/c", "t/b/to/x", "t/link"]);
    assert_eq!(
        (text(&main.object("t/link")).await, text(&main.object("t/b/to/x")).await),
        ("1".into(), "there".into())
    );

    symlink("..", source.path().join("b/up")).unwrap();
    symlink("nowhere", source.path().join("dead")).unwrap();
    let looped = tree().symlinks(SymlinkPolicy::Follow).skip_special(true).await;
    assert_eq!(failed(looped, ErrorKind::InvalidRequest), ["t/b/up", "t/dead"]);

    let odd = directory(&[("a", "1")]);
    fs::write(odd.path().join(OsStr::from_bytes(b"b\xff")), "").unwrap();
    let outcome = main.upload_dir(odd.path(), "u").symlinks(SymlinkPolicy::Skip).await;
    assert_eq!(failed(outcome, ErrorKind::InvalidRequest), ["u/b\u{fffd}"]);
    let prefix = "p".repeat(1023);
    let outcome = main.upload_dir(elsewhere.path(), &prefix).await;
    assert_eq!(failed(outcome, ErrorKind::InvalidRequest), [format!("{prefix}/x")]);
    assert_eq!(main.upload_dir(elsewhere.path(), &prefix[1..]).await.unwrap().transferred, 1);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_13_nothing_is_written_through_a_link_and_the_others_are() {
    use std::os::unix::fs::symlink;

    let lake = Lake::new().await;
    let main = lake.main("tree_13").await;
    let large = "x".repeat(300_000);
    stage(&main, &[("a", "1"), ("d/x", "2"), ("d/y/", ""), ("e", "3"), ("f", "4"), ("g/h", "5")]).await;
    main.object("d/large").upload(large.clone()).await.unwrap();
    let elsewhere = directory(&[("x", "2"), ("e", "precious")]);
    let target = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), target.path().join("d")).unwrap();
    symlink(elsewhere.path().join("e"), target.path().join("e")).unwrap();
    fs::create_dir_all(target.path().join("f/not empty")).unwrap();

    for download in [main.download_dir("", target.path()), main.sync_to_dir("", target.path())] {
        let failed = failed(download.await, ErrorKind::InvalidRequest);
        assert_eq!(failed, ["d/large", "d/x", "d/y/", "f"]);
    }
    assert_eq!(contents(elsewhere.path()), contents(directory(&[("x", "2"), ("e", "precious")]).path()));
    // A link with the name of an object is replaced by it.
    let read = |name: &str| fs::read_to_string(target.path().join(name)).unwrap();
    assert_eq!((read("a"), read("e"), read("g/h")), ("1".into(), "3".into(), "5".into()));
    assert!(!target.path().join("e").is_symlink());
}

#[tokio::test]
async fn tree_14_a_dry_run_tells_and_does_nothing() {
    let lake = Lake::new().await;
    let main = lake.main("tree_14").await;
    stage(&main, &[("t/a", "same"), ("t/b", "old"), ("t/x", "only here")]).await;
    let local = directory(&[("a", "same"), ("b", "new!"), ("c/d", "only there")]);
    let (objects, files) = (paths(&main).await, contents(local.path()));
    let told = || {
        let told: Arc<Mutex<Vec<(String, SyncAction)>>> = Arc::default();
        let tell = {
            let told = told.clone();
            move |name: &str, change| told.lock().unwrap().push((name.to_owned(), change))
        };
        (told, tell)
    };
    let sorted = |told: Arc<Mutex<Vec<(String, SyncAction)>>>| {
        let mut told = std::mem::take(&mut *told.lock().unwrap());
        told.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        told.into_iter().map(|(name, change)| format!("{name} {change:?}")).collect::<Vec<_>>()
    };

    let expected = ["a Unchanged(4)", "b Transferred(4)", "c/d Transferred(10)", "x Deleted"];
    for dry in [true, false] {
        let (told, tell) = told();
        let sync = main.sync_from_dir(local.path(), "t").delete_extraneous(true).dry_run(dry).on_entry(tell);
        let report = sync.await.unwrap();
        assert_eq!(
            (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
            (2, 14, 1, 1),
            "{dry}"
        );
        assert_eq!(sorted(told), expected);
        assert_eq!(paths(&main).await == objects, dry);
    }

    stage(&main, &[("t/b", "old"), ("t/x", "only here")]).await;
    main.object("t/c/d").delete().await.unwrap();
    let expected = ["a Unchanged(4)", "b Transferred(3)", "c/d Deleted", "x Transferred(9)"];
    for dry in [true, false] {
        let (told, tell) = told();
        let sync = main.sync_to_dir("t", local.path()).delete_extraneous(true).dry_run(dry).on_entry(tell);
        let report = sync.await.unwrap();
        assert_eq!(
            (report.transferred, report.bytes_transferred, report.unchanged, report.deleted),
            (2, 12, 1, 1),
            "{dry}"
        );
        assert_eq!(sorted(told), expected);
        assert_eq!(contents(local.path()) == files, dry);
    }
    let place = local.path().join("not yet");
    assert_eq!(main.download_dir("t", &place).dry_run(true).await.unwrap().transferred, 3);
    assert!(!place.exists());
}

#[tokio::test]
async fn tree_15_progress_knows_the_whole_from_the_start() {
    let lake = Lake::new().await;
    let main = lake.main("tree_15").await;
    let files: Vec<_> = (0..60).map(|number| format!("{}/{number}", number % 7)).collect();
    let files: Vec<_> = files.iter().map(|name| (&**name, "0123456789")).collect();
    let source = directory(&files);
    write(source.path(), &[("large", &"x".repeat(700_000))]);
    let watch = || {
        let told: Arc<Mutex<Vec<ProgressUpdate>>> = Arc::default();
        let tell = {
            let told = told.clone();
            move |now| told.lock().unwrap().push(now)
        };
        (told, Progress::new(tell))
    };
    let check = |told: &Mutex<Vec<ProgressUpdate>>| {
        let told = told.lock().unwrap();
        let last = told.last().unwrap();
        assert_eq!((last.items, last.total_items), (61, Some(61)));
        assert_eq!((last.bytes, last.total_bytes), (700_600, Some(700_600)));
        // It never tells of something that has moved while the whole is not known.
        let moving = told.iter().filter(|now| now.bytes > 0 || now.items > 0);
        assert!(
            moving.into_iter().all(|now| now.total_items == Some(61) && now.total_bytes == Some(700_600))
        );
        assert!(told.iter().any(|now| now.items > 10 && now.items < 50));
    };
    let target = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let (told, progress) = watch();
        main.sync_from_dir(source.path(), "").concurrency(3).shared_progress(&progress).await.unwrap();
        check(&told);
        let (told, progress) = watch();
        let report =
            main.sync_to_dir("", target.path()).concurrency(3).shared_progress(&progress).await.unwrap();
        check(&told);
        assert_eq!(report.unchanged, round * 61);
    }
}

#[tokio::test]
async fn tree_16_what_is_not_there_is_an_error() {
    let lake = Lake::new().await;
    let main = lake.main("tree_16").await;
    let source = directory(&[("a", "1")]);
    let missing: Branch = main.repository().branch("missing");
    let error = missing.upload_dir(source.path(), "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    for place in ["missing", "a"] {
        let error =
            main.sync_from_dir(source.path().join(place), "").delete_extraneous(true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }
    let target = source.path().join("target");
    for reference in ["missing", "missing~1"] {
        let reference = main.repository().reference(reference);
        let error = reference.download_dir("", &target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
    assert!(!target.exists());
    // Where a file stands, there is no directory.
    stage(&main, &[("a", "1")]).await;
    let error = main.download_dir("", source.path().join("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert_eq!(contents(source.path())["a"], "1");
}

#[tokio::test]
async fn tree_17_the_media_type_of_a_file_can_be_told() {
    let lake = Lake::new().await;
    let main = lake.main("tree_17").await;
    let source = directory(&[("a.csv", "1"), ("b", "2")]);
    let by_extension = |path: &Path| (path.extension()? == "csv").then(|| "text/csv".to_owned());
    main.upload_dir(source.path(), "").content_type(by_extension).await.unwrap();
    let media_type = async |path: &str| main.object(path).get().await.unwrap().content_type.unwrap();
    assert_eq!(media_type("a.csv").await, "text/csv");
    assert_eq!(media_type("b").await, "application/octet-stream");
}

#[tokio::test]
async fn tree_18_more_than_a_page() {
    let lake = Lake::new().await;
    let main = lake.main("tree_18").await;
    let files: Vec<_> = (0..1205).map(|number| format!("d{}/{number:04}", number % 3)).collect();
    let files: Vec<_> = files.iter().map(|name| (&**name, &name[3..])).collect();
    let source = directory(&files);
    assert_eq!(main.upload_dir(source.path(), "t").concurrency(16).await.unwrap().transferred, 1205);
    let target = directory(&[("d1/extraneous", "")]);
    let report = main.sync_to_dir("t", target.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.bytes_transferred, report.deleted), (1205, 4820, 1));
    assert_eq!(contents(target.path()), contents(source.path()));
    fs::remove_dir_all(source.path().join("d0")).unwrap();
    fs::remove_dir_all(source.path().join("d2")).unwrap();
    let report = main.sync_from_dir(source.path(), "t").delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (0, 402, 803));
    assert_eq!(paths(&main).await.len(), 402);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_19_of_a_thousand_failures_all_are_told_and_that_the_rest_was_not_tried() {
    let lake = Lake::new().await;
    let main = lake.main("tree_19").await;
    let told = |error: &Error, most: usize| {
        let failures = error.failed_objects().len();
        assert!((1000..=most).contains(&failures), "{failures}");
        let end = format!("(and {} more failed); the rest was not tried", failures - 1);
        assert!(error.message().ends_with(&end), "{error}");
    };
    let drives: Vec<_> = (0..1205).map(|number| format!("drives/c:{number:04}")).collect();
    let plain: Vec<_> = (0..1205).map(|number| format!("plain/{number:04}")).collect();
    let files: Vec<_> = drives.iter().chain(&plain).map(|name| (&**name, "x")).collect();
    let source = directory(&files);
    assert_eq!(main.upload_dir(source.path(), "").await.unwrap().transferred, 2410);

    // Names that can be no files are told before anything is written.
    let target = tempfile::tempdir().unwrap();
    let place = target.path().join("place");
    let error = main.download_dir("drives", &place).await.unwrap_err();
    told(&error, 1000);
    let mut all: Vec<_> = drives.clone();
    all.truncate(1000);
    assert_eq!(failed::<()>(Err(error), ErrorKind::InvalidRequest), all);
    assert!(!place.exists());

    // Directories where files should be; and one that is not in the way, which is the first.
    for name in &plain[1..] {
        fs::create_dir_all(target.path().join(name).join("not empty")).unwrap();
    }
    let error = main.download_dir("plain", target.path().join("plain")).concurrency(8).await.unwrap_err();
    told(&error, 1007);
    let named = failed::<()>(Err(error), ErrorKind::InvalidRequest);
    assert!(named.iter().all(|name| plain[1..].contains(name)));
    assert_eq!(fs::read_to_string(target.path().join("plain/0000")).unwrap(), "x");
}
