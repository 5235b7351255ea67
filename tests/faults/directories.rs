//! Transfers of directories with files that cannot be transferred or objects that cannot be deleted.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lakefs::{ErrorKind, SyncAction};
use tempfile::TempDir;

use crate::start;
use crate::support::object_paths;

/// Creates a directory with this number of files, named `0000`, `0001`, …
fn directory_of_files(files: usize) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..files {
        fs::write(directory.path().join(format!("{number:04}")), "x").unwrap();
    }
    directory
}

#[tokio::test]
async fn transfer_stops_after_a_thousand_failures_and_finishes_started_files() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let source = directory_of_files(1100);
    let faults = server.faults();
    let reject_all = || faults.on("upload_object").always().respond(400, r#"{"message":"rejected"}"#);
    // The time for a thousand failures, one after another. It depends on the machine.
    reject_all();
    let start = Instant::now();
    main.upload_dir(source.path(), "t").concurrency(1).await.unwrap_err();
    let duration = start.elapsed();
    faults.clear();
    server.clear_requests();

    // One of the first two uploads takes longer than the failures of all others.
    faults.on("upload_object").delay(5 * duration).proceed();
    reject_all();
    let error = main.upload_dir(source.path(), "t").concurrency(2).await.unwrap_err();

    assert_eq!((error.kind(), error.failed_objects().len()), (ErrorKind::InvalidRequest, 1000), "{error}");
    assert!(error.message().ends_with("(and 999 more failed); the rest was not tried"), "{error}");
    assert!(error.failed_objects().iter().all(|failed| failed.message == "rejected"));
    assert_eq!(server.requests_for("upload_object").len(), 1001);
    let written = object_paths(main.objects()).await;
    assert!(written == ["t/0000"] || written == ["t/0001"], "{written:?}");
    // Every file whose transfer has started is either uploaded or reported.
    let mut started: Vec<_> =
        error.failed_objects().iter().filter_map(|failed| failed.path.clone()).collect();
    started.extend(written);
    started.sort_unstable();
    assert_eq!(started, (0..1001).map(|number| format!("t/{number:04}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn deletion_is_reported_only_after_the_server_has_deleted_the_object() {
    let (fixture, main) = start().await;
    let fixture = Arc::new(fixture);
    let server = fixture.test_server();
    let source = directory_of_files(1);
    let upload_objects = async || {
        for path in ["t/a", "t/b", "t/c"] {
            main.object(path).upload("x").await.unwrap();
        }
    };
    let sync = async || {
        let deleted = Arc::new(Mutex::new(Vec::new()));
        let (log, fixture) = (deleted.clone(), fixture.clone());
        let on_entry = move |name: &str, change| {
            if change == SyncAction::Deleted {
                let deletions = fixture.test_server().requests_for("delete_objects");
                assert!(deletions.iter().all(|deletion| deletion.status == Some(200)), "{deletions:?}");
                log.lock().unwrap().push((name.to_owned(), deletions.len()));
            }
        };
        let outcome = main.sync_from_dir(source.path(), "t").delete_extraneous(true).on_entry(on_entry).await;
        let mut deleted = std::mem::take(&mut *deleted.lock().unwrap());
        deleted.sort_unstable();
        (outcome, deleted)
    };
    let expected = |names: &[&str], deletions| {
        names.iter().map(|name| ((*name).to_owned(), deletions)).collect::<Vec<_>>()
    };
    let failures = |error: &lakefs::Error| {
        let failed = error.failed_objects().iter();
        failed.map(|failed| (failed.path.clone().unwrap(), failed.status)).collect::<Vec<_>>()
    };

    upload_objects().await;
    server.faults().on("delete_objects").delay(Duration::from_millis(300)).proceed();
    let (outcome, deleted) = sync().await;
    assert_eq!((outcome.unwrap().deleted, deleted), (3, expected(&["a", "b", "c"], 1)));
    assert_eq!(object_paths(main.objects()).await, ["t/0000"]);

    // One object of the batch cannot be deleted.
    upload_objects().await;
    let failure =
        r#"{"errors":[{"path":"t/b","status_code":403,"message":"cannot write to protected branch"}]}"#;
    server.faults().on("delete_objects").replace_body(failure);
    let (outcome, deleted) = sync().await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), failures(&error)), (ErrorKind::WriteProtected, vec![("t/b".to_owned(), 403)]));
    assert!(error.to_string().contains("upload directory"), "{error}");
    assert_eq!(deleted, expected(&["a", "c"], 2));

    // The whole batch fails.
    upload_objects().await;
    server.faults().on("delete_objects").respond(403, r#"{"message":"read-only repository"}"#);
    let (outcome, deleted) = sync().await;
    let error = outcome.unwrap_err();
    let all = ["t/a", "t/b", "t/c"].map(|path| (path.to_owned(), 403));
    assert_eq!((error.kind(), failures(&error)), (ErrorKind::WriteProtected, all.to_vec()));
    assert_eq!(deleted, []);
    assert_eq!(object_paths(main.objects()).await, ["t/0000", "t/a", "t/b", "t/c"]);
}
