//! Directory transfers that skip what cannot be transferred.

use std::fs;
use std::sync::{Arc, Mutex};

use lakefs::{ErrorKind, InvalidEntry, SyncAction, SyncReport};
use tempfile::tempdir;

use crate::support::{
    Fixture, contents, directory_with, failed_paths, file_names, object_paths, upload_objects,
};

/// The names that the report lists, in order.
fn invalid(report: &SyncReport) -> Vec<&str> {
    let mut names: Vec<_> = report.invalid_entries.iter().map(|entry| &*entry.name).collect();
    names.sort_unstable();
    assert_eq!(names.len() as u64, report.invalid);
    names
}

#[tokio::test]
async fn tree_24_objects_that_cannot_be_files_do_not_block_the_others() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_24").await;
    let objects = [
        ("t/a", "1"),
        ("t/a/b", "2"),
        ("t/s:1", "3"),
        ("t/../up", "4"),
        ("t/d//e", "5"),
        ("t/d/f", "6"),
        ("t/z", "7"),
    ];
    upload_objects(&main, &objects).await;
    let place = tempdir().unwrap();
    let target = place.path().join("target");
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let recorder = log.clone();
    let on_entry = move |name: &str, action| {
        if action == SyncAction::Invalid {
            recorder.lock().unwrap().push(name.to_owned());
        }
    };
    let bad = ["../up", "a/b", "d//e", "s:1"];
    let report = main.download_dir("t", &target).skip_invalid(true).on_entry(on_entry).await.unwrap();
    assert_eq!((report.transferred, invalid(&report)), (3, bad.to_vec()));
    let InvalidEntry { reason, .. } =
        report.invalid_entries.iter().find(|entry| entry.name == "a/b").unwrap();
    assert!(reason.contains("object \"a\" exists too"), "{reason}");
    log.lock().unwrap().sort_unstable();
    assert_eq!(*log.lock().unwrap(), bad);
    assert_eq!(file_names(&target), ["a", "d/f", "z"]);
    assert_eq!(file_names(place.path()).len(), 3);

    // A local file with the name of a skipped object is not extraneous.
    fs::write(target.join("extra"), "gone").unwrap();
    if cfg!(unix) {
        fs::write(target.join("s:1"), "mine").unwrap();
    }
    let sync = main.sync_to_dir("t", &target).delete_extraneous(true).skip_invalid(true);
    let report = sync.await.unwrap();
    assert_eq!((report.unchanged, report.deleted, invalid(&report)), (3, 1, bad.to_vec()));
    if cfg!(unix) {
        assert_eq!(contents(&target)["s:1"], "mine");
    }
    let plan = main.sync_to_dir("t", &target).skip_invalid(true).dry_run(true).await.unwrap();
    assert_eq!((plan.unchanged, invalid(&plan)), (3, bad.to_vec()));
}

#[tokio::test]
async fn tree_25_object_that_is_rejected_late_ends_the_download() {
    let fixture = Fixture::new().await;
    let main = fixture.main("tree_25").await;
    let files: Vec<_> = (0..1100).map(|number| format!("{number:04}")).collect();
    let files: Vec<_> = files.iter().map(|name| (&**name, "x")).collect();
    main.upload_dir(directory_with(&files).path(), "t").await.unwrap();
    upload_objects(&main, &[("t/1050/b", "x"), ("t/s:1", "x"), ("t/z", "x")]).await;
    let target = tempdir().unwrap();
    let error = main.download_dir("t", target.path()).await.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::InvalidRequest, vec!["t/1050/b", "t/s:1"]));
    // All objects before the first rejected one are there, and none after it.
    assert_eq!(file_names(target.path()).len(), 1051);

    let place = target.path().join("place");
    let error = main.download_dir("t", &place).check_all_first(true).await.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::InvalidRequest, vec!["t/1050/b", "t/s:1"]));
    assert!(!place.exists());
    let report = main.download_dir("t", &place).skip_invalid(true).await.unwrap();
    assert_eq!((report.transferred, invalid(&report)), (1101, vec!["1050/b", "s:1"]));
}

#[cfg(unix)]
#[tokio::test]
async fn tree_26_entries_that_cannot_be_uploaded_do_not_block_the_others() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let fixture = Fixture::new().await;
    let main = fixture.main("tree_26").await;
    let elsewhere = directory_with(&[("x", "there")]);
    let source = directory_with(&[("a", "1"), ("b/c", "2")]);
    symlink(elsewhere.path(), source.path().join("b/to")).unwrap();
    fs::write(source.path().join(OsStr::from_bytes(b"n\xff")), "").unwrap();
    let _socket = UnixListener::bind(source.path().join("socket")).unwrap();
    let bad = ["b/to", "n\u{fffd}", "socket"];

    let report = main.upload_dir(source.path(), "t").skip_invalid(true).await.unwrap();
    assert_eq!((report.transferred, invalid(&report)), (2, bad.to_vec()));
    assert_eq!(object_paths(main.objects()).await, ["t/a", "t/b/c"]);

    // The objects of skipped entries, and those below, are not extraneous.
    upload_objects(&main, &[("t/b/to/x", "kept"), ("t/socket", "kept"), ("t/other", "gone")]).await;
    let sync = main.sync_from_dir(source.path(), "t").delete_extraneous(true).skip_invalid(true);
    let report = sync.await.unwrap();
    assert_eq!((report.unchanged, report.deleted, invalid(&report)), (2, 1, bad.to_vec()));
    assert_eq!(object_paths(main.objects()).await, ["t/a", "t/b/c", "t/b/to/x", "t/socket"]);
}

/// The privileged user can read everything, so the test does nothing for it.
#[cfg(unix)]
#[tokio::test]
async fn tree_27_unreadable_files_and_directories_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;

    let fixture = Fixture::new().await;
    let main = fixture.main("tree_27").await;
    let source = directory_with(&[("a", "1"), ("closed/b", "2"), ("secret", "3"), ("z", "4")]);
    let set_mode = |mode| {
        for name in ["closed", "secret"] {
            fs::set_permissions(source.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set_mode(0o000);
    if fs::read(source.path().join("secret")).is_ok() {
        set_mode(0o755);
        return;
    }
    upload_objects(&main, &[("t/closed/b", "kept"), ("t/secret", "kept")]).await;
    let error = main.sync_from_dir(source.path(), "t").await.unwrap_err();
    assert_eq!((error.kind(), failed_paths(&error)), (ErrorKind::Io, vec!["t/closed/"]));
    let sync = main.sync_from_dir(source.path(), "t").delete_extraneous(true).skip_invalid(true);
    let report = sync.await;
    set_mode(0o755);
    let report = report.unwrap();
    assert_eq!((report.transferred, report.deleted, invalid(&report)), (2, 0, vec!["closed/", "secret"]));
    assert_eq!(object_paths(main.objects()).await, ["t/a", "t/closed/b", "t/secret", "t/z"]);
}
