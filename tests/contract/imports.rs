//! Imports. A storage that does not support them rejects them, as that of the test server does. The other rules are tested
//! on a lakeFS with `blockstore.local.import_enabled` or with an object store.

use std::time::Duration;

use lakefs::requests::ImportTask;
use lakefs::{Branch, ErrorKind, Task, TryStreamExt as _};

use crate::support::{Fixture, expect_error, object_paths};

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A branch to import to, and the data of another repository to import.
struct Import {
    fixture: Fixture,
    branch: Branch,
    /// The physical address of an object.
    object: String,
    /// The address of its directory, which has one other object.
    directory: String,
}

impl Import {
    /// Returns `None` after checking that the server rejects imports, if its storage does not support them.
    async fn new(test: &str) -> Option<Self> {
        let fixture = Fixture::new().await;
        let branch = fixture.main(test).await;
        let source = fixture.main(test).await;
        let object = source.object("1").upload("one").await.unwrap().physical_address;
        source.object("2").upload("two").await.unwrap();
        let directory = object[..=object.rfind('/').unwrap()].to_owned();
        if fixture.storage_config().await.import_support {
            return Some(Self { fixture, branch, object, directory });
        }
        let refusal = branch.import().prefix(directory, "raw/").await;
        expect_error(refusal, "import_start", 403, ErrorKind::Unsupported, "import is not supported");
        None
    }

    async fn start(&self) -> Task<ImportTask> {
        self.branch.import().prefix(&self.directory, "raw/").await.unwrap()
    }

    async fn paths(&self) -> Vec<String> {
        object_paths(self.branch.objects()).await
    }
}

#[tokio::test]
async fn import_01_prefixes_and_objects_are_imported_in_one_commit() {
    let Some(import) = Import::new("import_01").await else { return };
    for path in ["raw/old", "other"] {
        import.branch.object(path).upload("x").await.unwrap();
    }
    import.branch.commit("before").await.unwrap();

    let start = import.branch.import().prefix(&import.directory, "raw/").object(&import.object, "one");
    let started = start.message("Import raw data").metadata("by", "rust").force(true).await.unwrap();
    let commit = started.wait_for_completion().poll_interval(POLL_INTERVAL).await.unwrap();
    assert_eq!(commit.message, "Import raw data");
    assert_eq!(commit.metadata["by"], "rust");
    assert_eq!(import.branch.get_commit().await.unwrap(), commit);

    // Objects under the prefix that are not part of the import are removed.
    let paths = import.paths().await;
    assert_eq!(paths.len(), 4, "{paths:?}");
    assert_eq!(paths[..2], ["one", "other"]);
    assert!(paths[2..].iter().all(|path| path.starts_with("raw/") && path != "raw/old"), "{paths:?}");
    assert_eq!(import.branch.object("one").get().await.unwrap().size_bytes, Some(3));

    let status = import.branch.import_task(started.id()).status().await.unwrap();
    assert!(status.completed && status.error.is_none());
    assert_eq!((status.ingested_objects, status.commit), (Some(3), Some(commit)));
    expect_error(started.cancel().await, "import_cancel", 409, ErrorKind::Conflict, "conflict found");
}

#[tokio::test]
async fn import_01_progress_ends_with_the_commit() {
    let Some(import) = Import::new("import_01").await else { return };
    let mut progress = import.start().await.wait_for_completion().poll_interval(POLL_INTERVAL);
    let mut seen = Vec::new();
    while let Some(status) = progress.try_next().await.unwrap() {
        seen.push(status);
    }
    let (last, before) = seen.split_last().unwrap();
    assert!(last.completed && before.iter().all(|status| !status.completed));
    assert_eq!(last.ingested_objects, Some(2));
    assert_eq!(progress.await.ok(), last.commit);
}

#[tokio::test]
async fn import_01_import_completes_without_a_waiting_client() {
    let Some(import) = Import::new("import_01").await else { return };
    let started = import.start().await;
    let waiting =
        tokio::time::timeout(Duration::from_millis(1), started.wait_for_completion().into_future()).await;
    drop(waiting);
    let commit = started.wait_for_completion().poll_interval(POLL_INTERVAL).await.unwrap();
    assert_eq!(commit.message, "Import objects");
    assert_eq!(import.paths().await.len(), 2);
}

#[tokio::test]
async fn import_02_failed_import_returns_the_message_of_the_server() {
    let Some(import) = Import::new("import_02").await else { return };
    import.branch.object("uncommitted").upload("x").await.unwrap();
    let started = import.start().await;
    let failed = started.wait_for_completion().poll_interval(POLL_INTERVAL).await;
    expect_error(
        failed,
        "import_status",
        None,
        ErrorKind::UncommittedChanges,
        "uncommitted changes (dirty branch)",
    );
    let status = started.status().await.unwrap();
    assert!(!status.completed && status.error.unwrap().message.contains("dirty branch"));

    // The stream ends after the error, and awaiting the task returns the error again.
    let mut progress = started.wait_for_completion().poll_interval(POLL_INTERVAL);
    while let Ok(Some(_)) = progress.try_next().await {}
    assert_eq!(progress.try_next().await.unwrap(), None);
    expect_error(progress.await, "import_status", None, ErrorKind::UncommittedChanges, "dirty branch");
}

#[tokio::test]
async fn import_02_missing_branch_empty_import_and_read_only_repository_fail() {
    let Some(import) = Import::new("import_02").await else { return };
    let start = |branch: &Branch| branch.import().object(&import.object, "one");
    let missing = start(&import.branch.repository().branch("nope")).await;
    expect_error(missing, "import_start", 404, ErrorKind::NotFound, "branch not found");
    let nothing = import.branch.import().message("nothing").await;
    expect_error(nothing, "import_start", None, ErrorKind::InvalidRequest, "no prefix and no object");

    let read_only = import.fixture.read_only_repository("import_02").await;
    let main = read_only.branch("main");
    let failed = start(&main).await.unwrap().wait_for_completion().poll_interval(POLL_INTERVAL).await;
    expect_error(failed, "import_status", None, ErrorKind::WriteProtected, "read-only repository");
    start(&main).force(true).await.unwrap().wait_for_completion().poll_interval(POLL_INTERVAL).await.unwrap();
}

#[tokio::test]
async fn import_03_cancelled_import_changes_nothing() {
    let Some(import) = Import::new("import_03").await else { return };
    // A fast server can complete an import before it is cancelled, and a larger one takes longer.
    for prefixes in [100, 400, 1600] {
        let branch = import.branch.repository().branch(format!("of-{prefixes}"));
        branch.create(&import.branch).await.unwrap();
        let request = (0..prefixes).fold(branch.import(), |request, number| {
            request.prefix(&import.directory, format!("raw/{number}/"))
        });
        let started = request.await.unwrap();
        let cancelled = started.cancel().await;
        let outcome = started.wait_for_completion().poll_interval(POLL_INTERVAL).await;
        let paths = object_paths(branch.objects()).await;
        if cancelled.is_ok() {
            expect_error(outcome, "import_status", None, ErrorKind::Cancelled, "Canceled");
            started.cancel().await.unwrap();
            assert_eq!(paths, [""; 0]);
            return;
        }
        // The import is complete.
        expect_error(cancelled, "import_cancel", 409, ErrorKind::Conflict, "conflict found");
        assert_eq!(outcome.unwrap(), branch.get_commit().await.unwrap());
        assert_eq!(paths.len(), 2 * prefixes);
    }
    panic!("every import was complete before it was cancelled");
}

#[tokio::test]
async fn import_03_unknown_import_is_not_found() {
    let fixture = Fixture::new().await;
    let main = fixture.main("import_03").await;
    let import = main.import_task("dc2d0chksdubejidbk4g");
    expect_error(import.status().await, "import_status", 404, ErrorKind::NotFound, "not found");
    expect_error(import.cancel().await, "import_cancel", 404, ErrorKind::NotFound, "not found");
    expect_error(import.wait_for_completion().await, "import_status", 404, ErrorKind::NotFound, "not found");
}
