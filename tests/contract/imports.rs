//! Imports. A storage that cannot be imported from refuses them, as the test server's does; what a server must do
//! otherwise is tested on a lakeFS with `blockstore.local.import_enabled`, or on any object store.

use std::time::Duration;

use lakefs::requests::ImportTask;
use lakefs::{Branch, ErrorKind, Task, TryStreamExt as _};

use crate::support::{Lake, refused};

const SOON: Duration = Duration::from_millis(50);

/// A branch to import to, and what there is to import: the data of another repository.
struct Import {
    lake: Lake,
    branch: Branch,
    /// The address of an object.
    object: String,
    /// The address of the directory that it is in, with one other.
    directory: String,
}

impl Import {
    /// `None` where the storage cannot be imported from, after it has said so.
    async fn new(test: &str) -> Option<Self> {
        let lake = Lake::new().await;
        let branch = lake.main(test).await;
        let source = lake.main(test).await;
        let object = source.object("1").upload("one").await.unwrap().physical_address;
        source.object("2").upload("two").await.unwrap();
        let directory = object[..=object.rfind('/').unwrap()].to_owned();
        if lake.storage().await.import_support {
            return Some(Self { lake, branch, object, directory });
        }
        let refusal = branch.import().prefix(directory, "raw/").await;
        refused(refusal, "import_start", 403, ErrorKind::Unsupported, "import is not supported");
        None
    }

    async fn start(&self) -> Task<ImportTask> {
        self.branch.import().prefix(&self.directory, "raw/").await.unwrap()
    }

    async fn paths(&self) -> Vec<String> {
        let paths = self.branch.objects().map_ok(|entry| entry.path().to_owned());
        paths.try_collect().await.unwrap()
    }
}

#[tokio::test]
async fn import_01_a_prefix_and_an_object() {
    let Some(import) = Import::new("import_01").await else { return };
    for path in ["raw/old", "other"] {
        import.branch.object(path).upload("x").await.unwrap();
    }
    import.branch.commit("before").await.unwrap();

    let start = import.branch.import().prefix(&import.directory, "raw/").object(&import.object, "one");
    let started = start.message("Bring it").metadata("by", "rust").force(true).await.unwrap();
    let commit = started.wait_for_completion().poll_interval(SOON).await.unwrap();
    assert_eq!(commit.message, "Bring it");
    assert_eq!(commit.metadata["by"], "rust");
    assert_eq!(import.branch.get_commit().await.unwrap(), commit);

    // What was under the prefix and did not come is gone.
    let paths = import.paths().await;
    assert_eq!(paths.len(), 4, "{paths:?}");
    assert_eq!(paths[..2], ["one", "other"]);
    assert!(paths[2..].iter().all(|path| path.starts_with("raw/") && path != "raw/old"), "{paths:?}");
    assert_eq!(import.branch.object("one").get().await.unwrap().size_bytes, Some(3));

    let status = import.branch.import_task(started.id()).status().await.unwrap();
    assert!(status.completed && status.error.is_none());
    assert_eq!((status.ingested_objects, status.commit), (Some(3), Some(commit)));
    refused(started.cancel().await, "import_cancel", 409, ErrorKind::Conflict, "conflict found");
}

#[tokio::test]
async fn import_01_progress_is_seen_and_ends_with_the_commit() {
    let Some(import) = Import::new("import_01").await else { return };
    let mut progress = import.start().await.wait_for_completion().poll_interval(SOON);
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
async fn import_01_nobody_need_wait() {
    let Some(import) = Import::new("import_01").await else { return };
    let started = import.start().await;
    let waiting =
        tokio::time::timeout(Duration::from_millis(1), started.wait_for_completion().into_future()).await;
    drop(waiting);
    let commit = started.wait_for_completion().poll_interval(SOON).await.unwrap();
    assert_eq!(commit.message, "Import objects");
    assert_eq!(import.paths().await.len(), 2);
}

#[tokio::test]
async fn import_02_a_failure_is_told_with_its_words() {
    let Some(import) = Import::new("import_02").await else { return };
    import.branch.object("staged").upload("x").await.unwrap();
    let started = import.start().await;
    let failed = started.wait_for_completion().poll_interval(SOON).await;
    refused(
        failed,
        "import_status",
        None,
        ErrorKind::UncommittedChanges,
        "uncommitted changes (dirty branch)",
    );
    let status = started.status().await.unwrap();
    assert!(!status.completed && status.error.unwrap().message.contains("dirty branch"));

    // A stream that has told it ends, and tells it again to who awaits the commit.
    let mut progress = started.wait_for_completion().poll_interval(SOON);
    while let Ok(Some(_)) = progress.try_next().await {}
    assert_eq!(progress.try_next().await.unwrap(), None);
    refused(progress.await, "import_status", None, ErrorKind::UncommittedChanges, "dirty branch");
}

#[tokio::test]
async fn import_02_what_cannot_start() {
    let Some(import) = Import::new("import_02").await else { return };
    let start = |branch: &Branch| branch.import().object(&import.object, "one");
    let missing = start(&import.branch.repository().branch("nope")).await;
    refused(missing, "import_start", 404, ErrorKind::NotFound, "branch not found");
    let nothing = import.branch.import().message("nothing").await;
    refused(nothing, "import_start", None, ErrorKind::InvalidRequest, "nothing to import");

    let name = import.lake.name("import_02");
    let read_only = import.lake.client.repository(&name);
    read_only.create(import.lake.namespace(&name)).read_only(true).await.unwrap();
    let main = read_only.branch("main");
    let failed = start(&main).await.unwrap().wait_for_completion().poll_interval(SOON).await;
    refused(failed, "import_status", None, ErrorKind::WriteProtected, "read-only repository");
    start(&main).force(true).await.unwrap().wait_for_completion().poll_interval(SOON).await.unwrap();
}

#[tokio::test]
async fn import_03_cancelled() {
    let Some(import) = Import::new("import_03").await else { return };
    let started = import.start().await;
    started.cancel().await.unwrap();
    let cancelled = started.wait_for_completion().poll_interval(SOON).await;
    refused(cancelled, "import_status", None, ErrorKind::Cancelled, "Canceled");
    started.cancel().await.unwrap();
    assert_eq!(import.paths().await, [""; 0]);
}

#[tokio::test]
async fn import_03_what_is_not_there() {
    let lake = Lake::new().await;
    let main = lake.main("import_03").await;
    let import = main.import_task("dc2d0chksdubejidbk4g");
    refused(import.status().await, "import_status", 404, ErrorKind::NotFound, "not found");
    refused(import.cancel().await, "import_cancel", 404, ErrorKind::NotFound, "not found");
    refused(import.wait_for_completion().await, "import_status", 404, ErrorKind::NotFound, "not found");
}
