//! Directories of which files cannot be moved, or objects not be deleted.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lakefs::{Branch, ErrorKind, SyncAction, TryStreamExt as _};
use tempfile::TempDir;

use crate::start;

/// A directory with so many files, which are named by their numbers.
fn numbered(files: usize) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..files {
        fs::write(directory.path().join(format!("{number:04}")), "x").unwrap();
    }
    directory
}

async fn paths(branch: &Branch) -> Vec<String> {
    branch.objects().map_ok(|entry| entry.path().to_owned()).try_collect().await.unwrap()
}

#[tokio::test]
async fn after_a_thousand_failures_no_file_is_begun_and_those_under_way_are_finished() {
    let (server, main) = start().await;
    let source = numbered(1100);
    // One of the first two takes its time, while all others are refused.
    let faults = server.faults();
    faults.on("upload_object").delay(Duration::from_secs(3)).proceed();
    faults.on("upload_object").always().respond(400, r#"{"message":"not this one"}"#);
    let error = main.upload_dir(source.path(), "t").concurrency(2).await.unwrap_err();

    assert_eq!((error.kind(), error.failed_objects().len()), (ErrorKind::InvalidRequest, 1000), "{error}");
    assert!(error.message().ends_with("(and 999 more failed); the rest was not tried"), "{error}");
    assert!(error.failed_objects().iter().all(|failed| failed.message == "not this one"));
    assert_eq!(server.requests_for("upload_object").len(), 1001);
    let written = paths(&main).await;
    assert!(written == ["t/0000"] || written == ["t/0001"], "{written:?}");
    // Each of those that were begun was written, or is told.
    let mut begun: Vec<_> = error.failed_objects().iter().filter_map(|failed| failed.path.clone()).collect();
    begun.extend(written);
    begun.sort_unstable();
    assert_eq!(begun, (0..1001).map(|number| format!("t/{number:04}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn deleted_is_told_when_the_server_has_deleted_and_of_nothing_else() {
    let (server, main) = start().await;
    let server = Arc::new(server);
    let source = numbered(1);
    let stage = async || {
        for path in ["t/a", "t/b", "t/c"] {
            main.object(path).upload("x").await.unwrap();
        }
    };
    let sync = async || {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (telling, answering) = (told.clone(), server.clone());
        let each = move |name: &str, change| {
            if change == SyncAction::Deleted {
                let deletions = answering.requests_for("delete_objects");
                assert!(deletions.iter().all(|deletion| deletion.status == Some(200)), "{deletions:?}");
                telling.lock().unwrap().push((name.to_owned(), deletions.len()));
            }
        };
        let outcome = main.sync_from_dir(source.path(), "t").delete_extraneous(true).on_entry(each).await;
        let mut told = std::mem::take(&mut *told.lock().unwrap());
        told.sort_unstable();
        (outcome, told)
    };
    let told = |names: &[&str], deletions| {
        names.iter().map(|name| ((*name).to_owned(), deletions)).collect::<Vec<_>>()
    };
    let named = |error: &lakefs::Error| {
        let failed = error.failed_objects().iter();
        failed.map(|failed| (failed.path.clone().unwrap(), failed.status)).collect::<Vec<_>>()
    };

    stage().await;
    server.faults().on("delete_objects").delay(Duration::from_millis(300)).proceed();
    let (outcome, deleted) = sync().await;
    assert_eq!((outcome.unwrap().deleted, deleted), (3, told(&["a", "b", "c"], 1)));
    assert_eq!(paths(&main).await, ["t/0000"]);

    // One of the batch fails.
    stage().await;
    let failure =
        r#"{"errors":[{"path":"t/b","status_code":403,"message":"cannot write to protected branch"}]}"#;
    server.faults().on("delete_objects").replace_body(failure);
    let (outcome, deleted) = sync().await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), named(&error)), (ErrorKind::WriteProtected, vec![("t/b".to_owned(), 403)]));
    assert!(error.to_string().contains("upload directory"), "{error}");
    assert_eq!(deleted, told(&["a", "c"], 2));

    // The batch fails.
    stage().await;
    server.faults().on("delete_objects").respond(403, r#"{"message":"read-only repository"}"#);
    let (outcome, deleted) = sync().await;
    let error = outcome.unwrap_err();
    let all = ["t/a", "t/b", "t/c"].map(|path| (path.to_owned(), 403));
    assert_eq!((error.kind(), named(&error)), (ErrorKind::WriteProtected, all.to_vec()));
    assert_eq!(deleted, []);
    assert_eq!(paths(&main).await, ["t/0000", "t/a", "t/b", "t/c"]);
}
