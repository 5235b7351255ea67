//! Directories of which files cannot be moved, or objects not be deleted.

use std::fs;
use std::time::Duration;

use lakefs::{Branch, ErrorKind, TryStreamExt as _};
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
    faults.on("upload_object").always().reply(400, r#"{"message":"not this one"}"#);
    let error = main.upload_tree(source.path(), "t").concurrency(2).await.unwrap_err();

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
