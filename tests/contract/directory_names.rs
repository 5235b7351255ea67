//! Directory transfers with names, links and special files that the other side cannot have.

use std::collections::BTreeMap;
use std::fs;

use lakefs::{Error, ErrorKind, SymlinkPolicy};
use tempfile::tempdir;

use crate::support::{
    Fixture, contents, directory_with, expect_failed_paths, failed_paths, file_names, files, object_paths,
    read_text, upload_objects,
};

#[tokio::test]
async fn tree_03_download_of_unsafe_names_fails_before_anything_is_written() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_03").await;
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
    assert_eq!(failed_paths(&error), expected);
    assert!(error.to_string().contains("to directory"), "{error}");
    assert_eq!(fs::read_dir(around.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_04_symlink_policy_applies_to_uploads_and_downloads() {
    use std::os::unix::fs::symlink;

    let fixture = Fixture::new().await;
    let main = fixture.main("tree_04").await;
    let (from, elsewhere) = (directory_with(&[("a", "1"), ("b/c", "2")]), directory_with(&[("far/d", "3")]));
    symlink(elsewhere.path().join("far"), from.path().join("link")).unwrap();
    symlink(from.path().join("a"), from.path().join("same")).unwrap();

    let refusal = main.upload_dir(from.path(), "").await;
    let error = refusal.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::InvalidRequest, vec!["link", "same"]));
    assert!(error.message().contains("symbolic link"), "{error}");
    assert_eq!(object_paths(main.objects()).await, [""; 0]);
    main.upload_dir(from.path(), "skip").symlinks(SymlinkPolicy::Skip).await.unwrap();
    main.upload_dir(from.path(), "follow").symlinks(SymlinkPolicy::Follow).await.unwrap();
    assert_eq!(
        object_paths(main.objects()).await,
        ["follow/a", "follow/b/c", "follow/link/d", "follow/same", "skip/a", "skip/b/c"]
    );

    // Objects with the name of a skipped link, or under it, are not extraneous. Objects with a longer name are.
    for path in ["skip/link", "skip/link-x", "skip/link.txt", "skip/link/d", "skip/link0", "skip/same"] {
        main.object(path).upload("x").await.unwrap();
    }
    let sync = main.sync_from_dir(from.path(), "skip").symlinks(SymlinkPolicy::Skip).delete_extraneous(true);
    assert_eq!(sync.await.unwrap().deleted, 3);
    main.delete_prefix("follow/").await.unwrap();
    let left = ["skip/a", "skip/b/c", "skip/link", "skip/link/d", "skip/same"];
    assert_eq!(object_paths(main.objects()).await, left);
    main.delete_prefix("skip/link").await.unwrap();
    main.object("skip/same").delete().await.unwrap();
    // A sync of an empty directory would delete everything, so it fails.
    let nothing = main.sync_from_dir(tempdir().unwrap().path(), "skip").delete_extraneous(true).await;
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(object_paths(main.objects()).await, ["skip/a", "skip/b/c"]);

    // A link to a parent directory.
    symlink(from.path(), from.path().join("b/up")).unwrap();
    let error = main.upload_dir(from.path(), "again").symlinks(SymlinkPolicy::Follow).await.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::InvalidRequest, vec!["again/b/up"]));

    // A download does not write through a link.
    let to = tempdir().unwrap();
    symlink(elsewhere.path(), to.path().join("b")).unwrap();
    let error = main.download_dir("skip", to.path()).await.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::Io, vec!["skip/b/c"]), "{error}");
    assert_eq!(fs::read_to_string(to.path().join("a")).unwrap(), "1");
    assert_eq!(files(elsewhere.path()), BTreeMap::from([("far/d".to_owned(), "3".to_owned())]));
    // The link itself is extraneous, its target is not.
    let report = main.sync_to_dir("skip", to.path()).delete_extraneous(true).await.unwrap();
    assert_eq!((report.transferred, report.unchanged, report.deleted), (1, 1, 1));
    assert!(elsewhere.path().join("far/d").exists());
}

#[tokio::test]
async fn tree_11_objects_that_cannot_be_files_are_reported_and_nothing_is_written() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_11").await;
    let long = format!("t/{}", "n".repeat(256));
    let bad = [
        "t/../x", "t/./x", "t//x", "t/a/b", "t/a/b/", "t/C:x", "t/\\x", "t/..\\x", "t/b/..", "t/nul\0",
        "t/data/", &*long,
    ];
    let fine = ["t/a", "t/a-b", "t/..b", "t/b./x", "t/..."];
    for path in bad.iter().chain(&fine) {
        main.object(*path).upload(if path.ends_with("b/") { "" } else { "x" }).await.unwrap();
    }
    let target = tempdir().unwrap();
    let place = target.path().join("place");
    let expected: Vec<_> = {
        let mut bad = bad.map(str::to_owned);
        bad.sort_unstable();
        bad.into()
    };
    assert_eq!(
        expect_failed_paths(main.download_dir("t", &place).await, ErrorKind::InvalidRequest),
        expected
    );
    let sync = main.sync_to_dir("t", &place).delete_extraneous(true).dry_run(true).await;
    assert_eq!(expect_failed_paths(sync, ErrorKind::InvalidRequest), expected);
    assert_eq!(file_names(target.path()), [""; 0]);

    main.delete_objects(expected).await.unwrap();
    assert_eq!(main.download_dir("t", &place).await.unwrap().transferred, 5);
    assert_eq!(file_names(&place), ["...", "..b", "a", "a-b", "b./x"]);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_12_files_that_cannot_be_objects_are_reported_and_nothing_is_written() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let fixture = Fixture::new().await;
    let main = fixture.main("tree_12").await;
    let elsewhere = directory_with(&[("x", "there")]);
    let source = directory_with(&[("a", "1"), ("b/c", "2")]);
    symlink("a", source.path().join("link")).unwrap();
    symlink(elsewhere.path(), source.path().join("b/to")).unwrap();
    let _socket = UnixListener::bind(source.path().join("socket")).unwrap();
    let tree = || main.upload_dir(source.path(), "t");
    assert_eq!(
        expect_failed_paths(tree().await, ErrorKind::InvalidRequest),
        ["t/b/to", "t/link", "t/socket"]
    );
    assert_eq!(
        expect_failed_paths(tree().symlinks(SymlinkPolicy::Skip).await, ErrorKind::InvalidRequest),
        ["t/socket"]
    );
    assert_eq!(object_paths(main.objects()).await, [""; 0]);

    let report = tree().symlinks(SymlinkPolicy::Skip).skip_special(true).await.unwrap();
    assert_eq!(
        (report.transferred, object_paths(main.objects()).await),
        (2, vec!["t/a".to_owned(), "t/b/c".to_owned()])
    );
    let report = tree().symlinks(SymlinkPolicy::Follow).skip_special(true).await.unwrap();
    assert_eq!(report.transferred, 4);
    assert_eq!(object_paths(main.objects()).await, ["t/a", "t/b/c", "t/b/to/x", "t/link"]);
    assert_eq!(
        (read_text(&main.object("t/link")).await, read_text(&main.object("t/b/to/x")).await),
        ("1".into(), "there".into())
    );

    symlink("..", source.path().join("b/up")).unwrap();
    symlink("nowhere", source.path().join("dead")).unwrap();
    let looped = tree().symlinks(SymlinkPolicy::Follow).skip_special(true).await;
    assert_eq!(expect_failed_paths(looped, ErrorKind::InvalidRequest), ["t/b/up", "t/dead"]);

    let odd = directory_with(&[("a", "1")]);
    fs::write(odd.path().join(OsStr::from_bytes(b"b\xff")), "").unwrap();
    let outcome = main.upload_dir(odd.path(), "u").symlinks(SymlinkPolicy::Skip).await;
    assert_eq!(expect_failed_paths(outcome, ErrorKind::InvalidRequest), ["u/b\u{fffd}"]);
    let prefix = "p".repeat(1023);
    let outcome = main.upload_dir(elsewhere.path(), &prefix).await;
    assert_eq!(expect_failed_paths(outcome, ErrorKind::InvalidRequest), [format!("{prefix}/x")]);
    assert_eq!(main.upload_dir(elsewhere.path(), &prefix[1..]).await.unwrap().transferred, 1);
}

#[cfg(unix)]
#[tokio::test]
async fn tree_13_download_does_not_write_through_links() {
    use std::os::unix::fs::symlink;

    let fixture = Fixture::new().await;
    let main = fixture.main("tree_13").await;
    let large = "x".repeat(300_000);
    upload_objects(&main, &[("a", "1"), ("d/x", "2"), ("d/y/", ""), ("e", "3"), ("f", "4"), ("g/h", "5")])
        .await;
    main.object("d/large").upload(large.clone()).await.unwrap();
    let elsewhere = directory_with(&[("x", "2"), ("e", "precious")]);
    let target = tempdir().unwrap();
    symlink(elsewhere.path(), target.path().join("d")).unwrap();
    symlink(elsewhere.path().join("e"), target.path().join("e")).unwrap();
    fs::create_dir_all(target.path().join("f/not empty")).unwrap();

    for download in [main.download_dir("", target.path()), main.sync_to_dir("", target.path())] {
        let failed = expect_failed_paths(download.await, ErrorKind::Io);
        assert_eq!(failed, ["d/large", "d/x", "d/y/", "f"]);
    }
    assert_eq!(contents(elsewhere.path()), contents(directory_with(&[("x", "2"), ("e", "precious")]).path()));
    // A link with the name of an object is replaced by a file.
    let read = |name: &str| fs::read_to_string(target.path().join(name)).unwrap();
    assert_eq!((read("a"), read("e"), read("g/h")), ("1".into(), "3".into(), "5".into()));
    assert!(!target.path().join("e").is_symlink());
}

#[cfg(unix)]
#[tokio::test]
async fn tree_19_transfer_stops_after_a_thousand_failures_and_reports_them() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_19").await;
    let expect_partial_failure = |error: &Error, most: usize| {
        let failures = error.failed_objects().len();
        assert!((1000..=most).contains(&failures), "{failures}");
        let end = format!("(and {} more failed); the rest was not tried", failures - 1);
        assert!(error.message().ends_with(&end), "{error}");
    };
    let drives: Vec<_> = (0..1205).map(|number| format!("drives/c:{number:04}")).collect();
    let plain: Vec<_> = (0..1205).map(|number| format!("plain/{number:04}")).collect();
    let files: Vec<_> = drives.iter().chain(&plain).map(|name| (&**name, "x")).collect();
    let source = directory_with(&files);
    assert_eq!(main.upload_dir(source.path(), "").await.unwrap().transferred, 2410);

    // Invalid file names are reported before anything is written.
    let target = tempdir().unwrap();
    let place = target.path().join("place");
    let error = main.download_dir("drives", &place).await.unwrap_err();
    expect_partial_failure(&error, 1000);
    let mut all: Vec<_> = drives.clone();
    all.truncate(1000);
    assert_eq!(expect_failed_paths::<()>(Err(error), ErrorKind::InvalidRequest), all);
    assert!(!place.exists());

    // There are directories in the place of all files but the first one.
    for name in &plain[1..] {
        fs::create_dir_all(target.path().join(name).join("not empty")).unwrap();
    }
    let error = main.download_dir("plain", target.path().join("plain")).concurrency(8).await.unwrap_err();
    expect_partial_failure(&error, 1007);
    let named = expect_failed_paths::<()>(Err(error), ErrorKind::Io);
    assert!(named.iter().all(|name| plain[1..].contains(name)));
    assert_eq!(fs::read_to_string(target.path().join("plain/0000")).unwrap(), "x");
}
