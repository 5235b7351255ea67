//! What transfers of directories cost: requests, and threads.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use lakefs::Compare;
use tempfile::{TempDir, tempdir};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::start;

/// Much longer than any of these tests takes.
const DEADLINE: Duration = Duration::from_secs(120);

/// Creates a directory with this number of files, named `00000`, `00001`, …
fn directory_of_files(files: usize, data: &str) -> TempDir {
    let directory = tempdir().unwrap();
    for number in 0..files {
        fs::write(directory.path().join(format!("{number:05}")), data).unwrap();
    }
    directory
}

#[tokio::test]
async fn objects_are_listed_once_and_downloaded_while_the_list_goes_on() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let source = directory_of_files(2500, "x");
    main.upload_dir(source.path(), "t").await.unwrap();
    let target = tempdir().unwrap();

    // The second page takes longer than it takes to download the objects of the first one.
    server.clear_requests();
    server.faults().on("list_objects").after(1).times(1).delay(Duration::from_secs(3)).proceed();
    let report = timeout(DEADLINE, main.download_dir("t", target.path()).send()).await.unwrap().unwrap();
    assert_eq!(report.transferred, 2500);
    let operations: Vec<_> = server.requests().iter().map(|request| request.operation).collect();
    let lists: Vec<_> = (0..operations.len()).filter(|index| operations[*index] == "listObjects").collect();
    assert_eq!(lists.len(), 3, "{lists:?}");
    let downloaded = operations[..lists[2]].iter().filter(|operation| **operation == "getObject").count();
    assert!(downloaded > 900, "{downloaded}");

    // Deletion needs all names first, but no second list.
    server.clear_requests();
    fs::write(target.path().join("extra"), "").unwrap();
    let sync = main.sync_to_dir("t", target.path()).delete_extraneous(true);
    let report = timeout(DEADLINE, sync.send()).await.unwrap().unwrap();
    assert_eq!((report.unchanged, report.deleted), (2500, 1));
    assert_eq!(server.requests_for("list_objects").len(), 3);

    // An upload does not list what is after its last file. The second page may be requested in advance.
    server.clear_requests();
    let one = directory_of_files(1, "x");
    assert_eq!(main.sync_from_dir(one.path(), "t").await.unwrap().unchanged, 1);
    assert!(server.requests_for("list_objects").len() <= 2);
}

#[test]
fn transfers_work_with_a_single_blocking_thread() {
    let runtime =
        Builder::new_multi_thread().worker_threads(2).max_blocking_threads(1).enable_all().build().unwrap();
    let work = async {
        let (_fixture, main) = start().await;
        // More entries than are checked before the first file is uploaded. Directories are entries without a transfer.
        let source = directory_of_files(500, "");
        for number in 0..10_500 {
            fs::create_dir(source.path().join(format!("00100-{number}"))).unwrap();
        }
        let report = main.sync_from_dir(source.path(), "t").await.unwrap();
        assert_eq!(report.transferred, 500);
        let target = directory_of_files(500, "other");
        for number in 0..2000 {
            fs::write(target.path().join(format!("extraneous-{number}")), "").unwrap();
        }
        let report = main.sync_to_dir("t", target.path()).delete_extraneous(true).await.unwrap();
        assert_eq!((report.transferred, report.deleted), (500, 2000));
        let report = main.sync_to_dir("t", target.path()).await.unwrap();
        assert_eq!(report.unchanged, 500);
    };
    runtime.block_on(async { timeout(DEADLINE, work).await }).expect("the transfers end");
    runtime.shutdown_background();
}

#[tokio::test]
async fn number_of_transfers_grows_and_shrinks_when_throttled() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let source = directory_of_files(150, "x");
    let running_at_most = async |throttle: bool, fixed: Option<usize>| {
        server.faults().clear();
        if throttle {
            server.faults().on("upload_object").times(60).respond(503, r#"{"message":"slow down"}"#);
        }
        server.faults().on("upload_object").always().delay(Duration::from_millis(100)).proceed();
        // The content type is determined when an upload starts, and the entry is reported when it ends.
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let start = {
            let (running, most) = (running.clone(), most.clone());
            move |_: &std::path::Path| {
                most.fetch_max(running.fetch_add(1, Relaxed) + 1, Relaxed);
                None
            }
        };
        let end = move |_: &str, _| _ = running.fetch_sub(1, Relaxed);
        let mut upload = main.upload_dir(source.path(), "t").content_type(start).on_entry(end);
        if let Some(files) = fixed {
            upload = upload.concurrency(files);
        }
        assert_eq!(timeout(DEADLINE, upload.send()).await.unwrap().unwrap().transferred, 150);
        most.load(Relaxed)
    };
    let most = running_at_most(false, None).await;
    assert!((37..=128).contains(&most), "{most}");
    // It starts with 25, goes on with 12, and does not grow much more with so few files.
    let most = running_at_most(true, None).await;
    assert!(most <= 28, "{most}");
    assert_eq!(running_at_most(false, Some(7)).await, 7);
    server.faults().clear();
}

#[tokio::test]
async fn unchanged_files_by_size_and_time_need_only_the_list() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let source = directory_of_files(1500, "x");
    let up = || main.sync_from_dir(source.path(), "t").compare(Compare::SizeAndTime);
    assert_eq!(up().await.unwrap().transferred, 1500);
    server.clear_requests();
    assert_eq!(up().await.unwrap().unchanged, 1500);
    let down = main.sync_to_dir("t", source.path()).compare(Compare::SizeAndTime);
    assert_eq!(down.await.unwrap().unchanged, 1500);
    let requests = server.requests();
    let others = requests.iter().filter(|request| request.operation != "listObjects");
    assert_eq!(others.map(|request| request.operation).collect::<Vec<_>>(), ["getBranch"]);
}
