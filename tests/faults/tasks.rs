//! Tasks of the server that take long or fail.

use std::time::Duration;

use lakefs::{ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, expect_error, wait_for};

#[tokio::test]
async fn dump_04_task_is_polled_until_it_ends() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let repository = fixture.repository("dump_04").await;
    let task = repository.dump_task("task");
    let status = |rest: &str| format!(r#"{{"id":"task","update_time":"2026-11-23T00:00:00Z",{rest}}}"#);
    let running = || server.faults().on("dumpStatus").times(3).respond(200, status(r#""done":false"#));
    let ended = |rest: &str| server.faults().on("dumpStatus").respond(200, status(rest));
    let wait = || task.wait_for_completion().poll_interval(Duration::from_millis(1));

    running();
    ended(r#""done":true,"error":"disk full""#);
    ended(r#""done":true,"error":"disk full""#);
    let mut progress = wait();
    for _ in 0..3 {
        assert!(!progress.try_next().await.unwrap().unwrap().done);
    }
    let error = progress.try_next().await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Server, "disk full"));
    // Awaiting the task returns the error again.
    assert_eq!(progress.await.unwrap_err().message(), "disk full");

    // A failed task need not be done, and a task that is done may lack a result.
    ended(r#""done":false,"error":"disk full""#);
    assert_eq!(wait().await.unwrap_err().message(), "disk full");
    ended(r#""done":true"#);
    assert!(wait().await.unwrap_err().message().contains("lacks the result"));
    assert_eq!(server.faults().pending(), [""; 0]);
}

#[tokio::test]
async fn dump_05_wait_for_a_status_that_does_not_move_ends() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let task = fixture.repository("dump_05").await.dump_task("task");
    let status = |second: u32| {
        let body = format!(r#"{{"id":"task","update_time":"2026-11-23T00:00:{second:02}Z","done":false}}"#);
        server.faults().on("dumpStatus").respond(200, body);
    };
    (0..20).for_each(status);
    let (interval, stall) = (Duration::from_millis(10), Duration::from_millis(100));
    server
        .faults()
        .on("dumpStatus")
        .always()
        .respond(200, r#"{"id":"task","update_time":"2026-11-23T00:00:20Z","done":false}"#);
    let wait = task.wait_for_completion().poll_interval(interval).stall_timeout(stall);
    let error = wait_for("the wait ends", wait.send()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("dump_submit")), "{error}");
    assert!(error.is_outcome_unknown() && error.message().contains("task \"task\""), "{error}");
    // The wait went on as long as the status moved, and until it was read again without a move.
    assert!(server.requests_for("dumpStatus").len() >= 20 + 2);
    // None of the prepared responses is left but the last one, which is sent again and again.
    assert_eq!(server.faults().pending(), ["dumpStatus"]);
}

/// The test server implements no imports, so the test injects the responses of lakeFS.
#[tokio::test]
async fn import_03_cancelled_import_is_an_error_of_the_wait() {
    let fixture = Fixture::in_memory().await;
    let server = fixture.test_server();
    let main = fixture.main("import_03").await;
    server.faults().emulate("importStart", [(202, r#"{"id":"i"}"#)]);
    server.faults().emulate("importCancel", [(204, "")]);
    let status = |rest: &str| format!(r#"{{"update_time":"2026-11-23T00:00:00Z",{rest}}}"#);
    let running = status(r#""completed":false"#);
    let cancelled = status(r#""completed":false,"error":{"message":"Import was Canceled"}"#);
    server.faults().emulate("importStatus", [(200, running)]);
    server.faults().emulate_after("importCancel", "importStatus", [(200, cancelled)]);
    let started = main.import().prefix("mem://source/", "raw/").await.unwrap();
    let mut wait = started.wait_for_completion().poll_interval(Duration::from_millis(1));
    assert!(!wait.try_next().await.unwrap().unwrap().completed);
    started.cancel().await.unwrap();
    let error = wait_for("the wait ends", wait.send()).await.unwrap_err();
    expect_error(Err::<(), _>(error), "import_status", None, ErrorKind::Cancelled, "Canceled");
    let requests = server.requests_for("importCancel");
    assert_eq!(requests.len(), 1);
    assert!(requests[0].query.contains("id=i"), "{:?}", requests[0].query);
}

/// The test server completes preparations at once, so the test injects the responses of a slow server.
#[tokio::test]
async fn gc_04_long_preparations_are_polled_and_paged() {
    let fixture = Fixture::in_memory().await;
    let collection = fixture.repository("gc_04").await.garbage_collection();
    let server = fixture.test_server();
    let faults = server.faults();

    let part = |token| format!(r#"{{"run_id":"r","gc_uncommitted_location":"l"{token}}}"#);
    faults.on("prepareGarbageCollectionUncommitted").respond(201, part(r#","continuation_token":"t""#));
    faults.on("prepareGarbageCollectionUncommitted").respond(201, part(""));
    let parts: Vec<_> = collection.prepare_uncommitted().try_collect().await.unwrap();
    assert_eq!(parts.len(), 2);
    let requests = server.requests_for("prepareGarbageCollectionUncommitted");
    let lengths: Vec<_> = requests.iter().map(|request| request.header("content-length")).collect();
    let second = r#"{"continuation_token":"t"}"#.len().to_string();
    assert_eq!(lengths, [Some("2"), Some(&*second)]);

    let status = |rest| format!(r#"{{"task_id":"t","update_time":"2026-01-02T03:04:05Z",{rest}}}"#);
    let reported = |rest| {
        faults.on("prepareGarbageCollectionCommitsStatus").respond(200, status(rest));
    };
    let task = collection.prepare_commits_task("t");
    reported(r#""completed":false"#);
    reported(r#""completed":false"#);
    reported(
        r#""completed":true,"result":{"run_id":"r","gc_commits_location":"c","gc_addresses_location":"a"}"#,
    );
    assert_eq!(task.wait_for_completion().await.unwrap().run_id, "r");
    assert_eq!(server.requests_for("prepareGarbageCollectionCommitsStatus").len(), 3);

    reported(r#""completed":true,"error":{"message":"disk full"}"#);
    let operation = "prepare_garbage_collection_commits_async";
    expect_error(task.wait_for_completion().await, operation, None, ErrorKind::Server, "disk full");
    reported(r#""completed":true"#);
    expect_error(task.wait_for_completion().await, operation, None, ErrorKind::Decode, "lacks the result");
}
