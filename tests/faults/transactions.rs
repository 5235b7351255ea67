//! Transactions that are dropped, or whose responses are lost, at each of their steps.

use std::time::Duration;

use lakefs::requests::CommitLog;
use lakefs::{Branch, Error, ErrorKind, TryStreamExt as _};
use lakefs_testserver::Server;

use crate::support::{Fixture, commit_objects, read_text, upload_objects, wait_for, wait_until};
use crate::{branches, start};

/// How long a delayed request waits on the server: long enough to drop it meanwhile.
const DELAY: Duration = Duration::from_millis(500);

async fn messages(log: CommitLog) -> Vec<String> {
    log.map_ok(|commit| commit.message).try_collect().await.unwrap()
}

/// Waits until the server has received so many requests for an operation.
async fn received(server: &Server, operation: &str, requests: usize) {
    let event = format!("the server receives {operation}");
    wait_until(&event, async || server.requests_for(operation).len() >= requests).await;
}

async fn upload(tx: &Branch) -> Result<(), Error> {
    tx.object("a").upload("1").await.map(drop)
}

/// Runs a transaction, and drops it when the server has received this many requests to create a branch.
async fn drop_while_branch_is_created(server: &Server, main: &Branch, requests: usize) {
    let target = main.clone();
    let running = tokio::spawn(async move { target.transaction("Dropped").run(upload).await });
    received(server, "create_branch", requests).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn transaction_dropped_while_its_branch_is_created_leaves_no_branch() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("create_branch").times(1).delay(DELAY).proceed();
    drop_while_branch_is_created(server, &main, 1).await;
    received(server, "delete_branch", 1).await;
    wait_until("the branch is deleted", async || branches(&main).await == ["main"]).await;
    assert_eq!(server.requests_for("create_branch").len(), 1);
}

#[tokio::test]
async fn transaction_dropped_while_its_branch_is_created_with_a_lost_response_leaves_no_branch() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("create_branch").times(1).delay(DELAY).drop_response();
    drop_while_branch_is_created(server, &main, 1).await;
    received(server, "delete_branch", 1).await;
    wait_until("the branch is deleted", async || branches(&main).await == ["main"]).await;
}

#[tokio::test]
async fn dropped_transaction_whose_branch_is_refused_deletes_nothing() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("create_branch").times(1).delay(DELAY).respond(400, r#"{"message":"no"}"#);
    let error = main.transaction("Refused").run(upload).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidRequest, Some("create_branch")));

    server.faults().on("create_branch").times(1).delay(DELAY).respond(400, r#"{"message":"no"}"#);
    drop_while_branch_is_created(server, &main, 2).await;
    // A later transaction deletes its branch. By then the refused request has ended as well.
    tokio::time::sleep(DELAY).await;
    main.transaction("Later").begin().await.unwrap().rollback().await.unwrap();
    assert_eq!(server.requests_for("delete_branch").len(), 1);
}

/// Another writer commits to the target before the client finds out that the branch exists.
#[tokio::test]
async fn branch_with_a_lost_response_is_found_after_the_target_moved() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("create_branch").times(1).drop_response();
    server.faults().on("get_branch").times(1).delay(DELAY).proceed();
    let other = async {
        received(server, "get_branch", 1).await;
        commit_objects(&main, "Other", &[("b", "1")]).await;
    };
    let (outcome, ()) = tokio::join!(main.transaction("Mine").run(upload), other);
    assert!(outcome.unwrap().merge.is_some());
    assert_eq!(read_text(&main.object("a")).await, "1");
    assert_eq!(read_text(&main.object("b")).await, "1");
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn unknown_outcome_before_the_merge_is_a_known_one_of_the_transaction() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let before = main.get().await.unwrap();
    server.faults().on("commit").times(1).drop_connection();
    let error = main.transaction("Lost").run(upload).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Transport, Some("commit")));
    assert!(!error.is_outcome_unknown(), "{error}");
    assert_eq!((main.get().await.unwrap(), branches(&main).await), (before, vec!["main".to_owned()]));
}

#[tokio::test]
async fn merge_with_a_lost_response_is_found() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("merge_into_branch").times(1).drop_response();
    let outcome = main.transaction("Found").run(upload).await.unwrap();
    assert_eq!(outcome.merge, Some(main.get().await.unwrap().commit_id));
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn branch_of_a_merge_with_an_unknown_outcome_is_kept_and_named() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let repository = main.repository();
    server.faults().on("merge_into_branch").times(1).drop_connection();
    // The head cannot be read, so the client cannot determine the outcome.
    server.faults().on("get_commit").always().respond(403, r#"{"message":"no"}"#);
    let mut calls = 0;
    let lost = main.transaction("Lost").attempts(3).run(async |tx: &Branch| {
        calls += 1;
        upload(tx).await
    });
    let error = lost.await.unwrap_err();
    server.faults().clear();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(calls, 1);
    let kept: Vec<_> = repository.abandoned_transactions(Duration::ZERO).try_collect().await.unwrap();
    let [kept] = &*kept else { panic!("{kept:?}") };
    assert!(error.to_string().contains(kept.branch().name()), "{error}");
    assert_eq!(server.requests_for("delete_branch").len(), 0);

    // The changes are on the branch.
    kept.branch().merge_into(&main).await.unwrap();
    assert_eq!(read_text(&main.object("a")).await, "1");
    kept.delete().await.unwrap();
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn transaction_dropped_during_its_merge_deletes_its_branch() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    server.faults().on("merge_into_branch").times(1).delay(DELAY).proceed();
    let target = main.clone();
    let running = tokio::spawn(async move { target.transaction("Dropped").run(upload).await });
    received(server, "merge_into_branch", 1).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    wait_until("the branch is deleted", async || branches(&main).await == ["main"]).await;
    // The merge is sent once, and never again.
    tokio::time::sleep(DELAY).await;
    assert_eq!(server.requests_for("merge_into_branch").len(), 1);
    assert!(messages(main.log()).await.len() <= 3);
}

#[tokio::test]
async fn transaction_dropped_while_its_branch_is_deleted_deletes_it_in_the_background() {
    let (fixture, main) = start().await;
    let server = fixture.test_server();
    let tx = main.transaction("Rolled back").begin().await.unwrap();
    upload_objects(tx.branch(), &[("a", "1")]).await;
    server.faults().on("delete_branch").times(1).delay(Duration::from_secs(600)).proceed();
    let rollback = tokio::spawn(tx.rollback());
    received(server, "delete_branch", 1).await;
    rollback.abort();
    assert!(rollback.await.unwrap_err().is_cancelled());
    wait_until("the branch is deleted", async || branches(&main).await == ["main"]).await;
    assert_eq!(server.requests_for("delete_branch").len(), 2);
}

#[tokio::test]
async fn panic_of_the_closure_deletes_the_branch() {
    let (_fixture, main) = start().await;
    let target = main.clone();
    let running = tokio::spawn(async move {
        let work = async |_: &Branch| -> Result<(), Error> { panic!("the closure panics") };
        target.transaction("Panics").run(work).await
    });
    assert!(wait_for("the closure panics", running).await.unwrap_err().is_panic());
    wait_until("the branch is deleted", async || branches(&main).await == ["main"]).await;
}

#[tokio::test]
async fn runtime_that_ends_leaves_a_branch_that_is_listed() {
    let fixture = Fixture::start(Server::builder()).await;
    let main = fixture.main("faults").await;
    let target = main.clone();
    let tx = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(target.transaction("Ends").begin()).unwrap()
    });
    let tx =
        wait_for("the transaction begins", tokio::task::spawn_blocking(|| tx.join().unwrap())).await.unwrap();
    let name = tx.branch().name().to_owned();
    drop(tx);
    let left: Vec<_> = main.repository().abandoned_transactions(Duration::ZERO).try_collect().await.unwrap();
    assert_eq!(left.iter().map(|left| left.branch().name()).collect::<Vec<_>>(), [name]);
}
