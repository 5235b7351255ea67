//! Transactions: changes on a temporary branch that are merged together.

use std::time::{Duration, SystemTime};

use lakefs::models::DiffType;
use lakefs::{Branch, Error, ErrorKind, MergeStrategy, TryStreamExt as _};

use crate::support::{Fixture, commit_objects, read_text, upload_objects, wait_for, wait_until};

async fn branches(main: &Branch) -> Vec<String> {
    let list = main.repository().branches().show_hidden(true);
    list.map_ok(|branch| branch.id).try_collect().await.unwrap()
}

#[tokio::test]
async fn transaction_01_changes_are_merged_together() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_01").await;
    main.object("old").upload("1").await.unwrap();
    let before = main.commit("Before").await.unwrap();

    let transacted = main
        .transaction("Both")
        .metadata("k", "v")
        .tag("v1")
        .run(async |tx| {
            assert_ne!(tx.name(), "main");
            tx.object("new").upload("2").await?;
            tx.object("old").delete().await?;
            // The target does not have the changes yet.
            assert!(main.object("old").exists().await? && !main.object("new").exists().await?);
            Ok::<_, Error>(42)
        })
        .await
        .unwrap();

    assert_eq!(transacted.value, 42);
    let commit = transacted.commit.unwrap();
    assert_eq!((&*commit.message, &commit.parents), ("Both", &vec![before.id.clone()]));
    assert_eq!(commit.metadata["k"], "v");
    let merge = main.get_commit().await.unwrap();
    assert_eq!(transacted.merge, Some(merge.id.clone()));
    assert_eq!(merge.parents, [before.id, commit.id]);
    assert_eq!((&*merge.message, &*merge.metadata["k"]), ("Both", "v"));
    assert_eq!(transacted.tag.unwrap().unwrap().commit_id, merge.id);
    assert!(transacted.cleanup_error.is_none());
    let changes: Vec<_> = main.diff_from_parent().try_collect().await.unwrap();
    let changes: Vec<_> = changes.iter().map(|change| (&*change.path, &change.type_)).collect();
    assert_eq!(changes, [("new", &DiffType::Added), ("old", &DiffType::Removed)]);
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn transaction_02_transaction_without_changes_succeeds() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_02").await;
    let before = main.get().await.unwrap();
    let transacted =
        main.transaction("Nothing").tag("v1").run(async |_| Ok::<_, Error>("done")).await.unwrap();
    assert_eq!(transacted.value, "done");
    assert!(transacted.commit.is_none() && transacted.merge.is_none() && transacted.tag.is_none());
    assert_eq!(main.get().await.unwrap(), before);
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn transaction_03_commits_of_the_closure_are_merged() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_03").await;
    let transacted = main
        .transaction("Outer")
        .run(async |tx| {
            tx.object("a").upload("1").await?;
            tx.commit("Inner").await
        })
        .await
        .unwrap();
    assert_eq!(transacted.commit.unwrap().id, transacted.value.id);
    assert_eq!(main.object("a").read().await.unwrap(), "1");
}

/// The error type of a caller.
#[derive(Debug)]
enum AppError {
    TooLarge(u64),
    LakeFs(Error),
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        Self::LakeFs(error)
    }
}

#[tokio::test]
async fn transaction_04_failed_closure_leaves_no_changes_and_no_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_04").await;
    let before = main.get().await.unwrap();

    let own = main.transaction("Own").run(async |tx| {
        tx.object("a").upload("1").await?;
        Err::<(), _>(AppError::TooLarge(7))
    });
    assert!(matches!(own.await.unwrap_err(), AppError::TooLarge(7)));

    let rejected = main.transaction("Rejected").run(async |tx| {
        tx.object("missing").read().await?;
        Ok::<_, AppError>(())
    });
    let AppError::LakeFs(error) = rejected.await.unwrap_err() else {
        panic!("an error of lakeFS is expected")
    };
    assert_eq!((error.kind(), error.operation()), (ErrorKind::NotFound, Some("get_object")));

    let of_lakefs = main.transaction("Of lakeFS").run(async |tx| tx.object("missing").read().await);
    let error = of_lakefs.await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::NotFound, Some("get_object")));

    assert_eq!(main.get().await.unwrap(), before);
    assert_eq!(main.uncommitted().try_next().await.unwrap(), None);
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn transaction_05_conflict_names_the_paths() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_05").await;
    let both = async |tx: &Branch| {
        tx.object("both").upload("theirs").await?;
        tx.object("only").upload("theirs").await?;
        main.object("both").upload("ours").await?;
        main.commit("Meanwhile").await?;
        Ok::<_, Error>(())
    };
    let error = main.transaction("Conflict").run(both).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MergeConflict);
    let paths: Vec<_> = error.conflicts().iter().map(|conflict| &*conflict.path).collect();
    assert_eq!(paths, ["both"]);
    assert_eq!(main.object("both").read().await.unwrap(), "ours");
    assert!(!main.object("only").exists().await.unwrap());
    assert_eq!(branches(&main).await, ["main"]);

    let again = async |tx: &Branch| {
        tx.object("both").upload("theirs").await?;
        main.object("both").upload("ours, changed").await?;
        main.commit("Meanwhile").await
    };
    main.transaction("Ours wins").strategy(MergeStrategy::DestinationWins).run(again).await.unwrap();
    assert_eq!(main.object("both").read().await.unwrap(), "ours, changed");
}

#[tokio::test]
async fn transaction_06_dropped_transaction_deletes_its_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_06").await;
    let (started, wait) = tokio::sync::oneshot::channel();
    let target = main.clone();
    let running = tokio::spawn(async move {
        let work = async |tx: &Branch| {
            tx.object("a").upload("1").await?;
            started.send(()).unwrap();
            std::future::pending::<()>().await;
            Ok::<_, Error>(())
        };
        target.transaction("Never").run(work).await
    });
    wait_for("the transaction starts", wait).await.unwrap();
    assert_eq!(branches(&main).await.len(), 2);
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    // The branch is deleted in the background.
    wait_until("the branch of the transaction is deleted", async || branches(&main).await.len() == 1).await;
    assert!(!main.object("a").exists().await.unwrap());
}

#[tokio::test]
async fn transaction_07_open_transaction_is_committed() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_07").await;
    let before = commit_objects(&main, "Before", &[("old", "1")]).await;

    let tx = main.transaction("Open").metadata("k", "v").tag("v1").begin().await.unwrap();
    assert!(tx.branch().name().starts_with("lakefs-rs-tx-"), "{}", tx.branch());
    assert_eq!(tx.branch().get().await.unwrap().commit_id, before.id);
    let shown: Vec<_> = main.repository().branches().try_collect().await.unwrap();
    assert_eq!(shown.len(), 1, "the temporary branch is hidden");
    upload_objects(tx.branch(), &[("new", "2")]).await;
    assert!(!main.object("new").exists().await.unwrap());

    let outcome = tx.commit().await.unwrap();
    let merge = main.get_commit().await.unwrap();
    assert_eq!((outcome.merge, &*merge.message), (Some(merge.id.clone()), "Open"));
    assert_eq!(merge.parents, [before.id, outcome.commit.unwrap().id]);
    assert_eq!(outcome.tag.unwrap().unwrap().commit_id, merge.id);
    assert!(outcome.cleanup_error.is_none());
    assert_eq!(read_text(&main.object("new")).await, "2");
    assert_eq!(branches(&main).await, ["main"]);

    let outcome = main.transaction("Nothing").begin().await.unwrap().commit().await.unwrap();
    assert!(outcome.commit.is_none() && outcome.merge.is_none());
    assert_eq!(main.get().await.unwrap().commit_id, merge.id);
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn transaction_08_rollback_and_drop_delete_the_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_08").await;
    let before = main.get().await.unwrap();

    let tx = main.transaction("Rolled back").begin().await.unwrap();
    upload_objects(tx.branch(), &[("a", "1")]).await;
    tx.rollback().await.unwrap();
    assert_eq!(branches(&main).await, ["main"]);

    let tx = main.transaction("Dropped").begin().await.unwrap();
    upload_objects(tx.branch(), &[("a", "1")]).await;
    // The value may be dropped on a thread without a runtime.
    std::thread::spawn(move || drop(tx)).join().unwrap();
    wait_until("the branch of the transaction is deleted", async || branches(&main).await.len() == 1).await;
    assert_eq!(main.get().await.unwrap(), before);
}

#[tokio::test]
async fn transaction_09_squash_leaves_one_parent() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_09").await;
    let before = main.get().await.unwrap().commit_id;
    let squashed = main.transaction("Squashed").squash(true).run(async |tx| {
        tx.object("a").upload("1").await?;
        tx.commit("Inner").await?;
        tx.object("b").upload("1").await
    });
    let merge = squashed.await.unwrap().merge.unwrap();
    let commit = main.get_commit().await.unwrap();
    assert_eq!((commit.id, &*commit.message, commit.parents), (merge, "Squashed", vec![before]));
    assert_eq!(read_text(&main.object("a")).await, "1");
    let log: Vec<_> = main.log().map_ok(|commit| commit.message).try_collect().await.unwrap();
    assert_eq!(log, ["Squashed", "Repository created"]);
}

#[tokio::test]
async fn transaction_10_target_with_uncommitted_changes_is_rejected_first() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_10").await;
    upload_objects(&main, &[("dirty", "1")]).await;
    let request = main.transaction("Never").force(true);

    let error = request.clone().begin().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UncommittedChanges);
    let message = error.to_string();
    assert!(message.contains("branch \"main\"") && message.contains("dirty"), "{message}");
    assert_eq!(branches(&main).await, ["main"]);

    let work = async |_: &Branch| -> Result<(), Error> { unreachable!("the target is checked first") };
    assert_eq!(request.clone().run(work).await.unwrap_err().kind(), ErrorKind::UncommittedChanges);
    assert_eq!(request.attempts(3).run(work).await.unwrap_err().kind(), ErrorKind::UncommittedChanges);

    // The target has uncommitted changes only when the transaction is committed.
    main.reset().await.unwrap();
    let tx = main.transaction("Late").begin().await.unwrap();
    upload_objects(tx.branch(), &[("a", "1")]).await;
    upload_objects(&main, &[("dirty", "1")]).await;
    assert_eq!(tx.commit().await.unwrap_err().kind(), ErrorKind::UncommittedChanges);
    assert_eq!(branches(&main).await, ["main"]);

    let absent = main.repository().branch("absent").transaction("Never").begin().await.unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::NotFound);
}

/// Adds to a counter on a branch.
async fn increment(branch: &Branch, by: u32) -> Result<u32, Error> {
    let counter = branch.object("counter");
    let count = String::from_utf8_lossy(&counter.read().await?).parse::<u32>().unwrap() + by;
    counter.upload(count.to_string()).await?;
    Ok(count)
}

#[tokio::test]
async fn transaction_11_closure_runs_again_after_a_conflict() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_11").await;
    commit_objects(&main, "Before", &[("counter", "0")]).await;
    let target = main.clone();
    let transaction = main.transaction("Count").attempts(3);
    let (sender, mut names) = tokio::sync::mpsc::unbounded_channel();
    // The future can be spawned.
    let running = tokio::spawn(async move {
        let mut calls = 0;
        let count = async move |tx: &Branch| {
            calls += 1;
            sender.send(tx.name().to_owned()).unwrap();
            let count = increment(tx, 1).await?;
            if calls < 3 {
                increment(&target, 10).await?;
                target.commit("Meanwhile").await?;
            }
            Ok::<_, Error>(count)
        };
        transaction.run(count).await
    });
    let outcome = running.await.unwrap();
    assert_eq!(outcome.unwrap().value, 21);
    assert_eq!(read_text(&main.object("counter")).await, "21");
    let mut used = std::collections::BTreeSet::new();
    while let Some(name) = names.recv().await {
        assert!(used.insert(name), "each attempt has a new branch: {used:?}");
    }
    assert_eq!(used.len(), 3);
    assert_eq!(branches(&main).await, ["main"]);

    let mut calls = 0;
    let always = main.transaction("Count").attempts(2).run(async |tx: &Branch| {
        calls += 1;
        increment(tx, 1).await?;
        increment(&main, 10).await?;
        main.commit("Meanwhile").await
    });
    let error = always.await.unwrap_err();
    assert_eq!((error.kind(), error.conflicts().len()), (ErrorKind::MergeConflict, 1));
    assert_eq!((calls, read_text(&main.object("counter")).await), (2, "41".to_owned()));
    assert_eq!(branches(&main).await, ["main"]);

    // An error of the closure is not a conflict of the transaction, even if it has that kind.
    let mut calls = 0;
    let own = main.transaction("Own").attempts(2).run(async |_: &Branch| {
        calls += 1;
        Err::<(), _>(AppError::TooLarge(7))
    });
    assert!(matches!(own.await.unwrap_err(), AppError::TooLarge(7)));
    assert_eq!(calls, 1);
    let none = main.transaction("Never").attempts(0).run(async |_: &Branch| Ok::<_, Error>(())).await;
    assert_eq!(none.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn transaction_12_read_only_repository_needs_force() {
    let fixture = Fixture::new().await;
    let main = fixture.read_only_repository("transaction_12").await.branch("main");
    let error = main.transaction("Refused").begin().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteProtected);

    let tx = main.transaction("Dropped").force(true).begin().await.unwrap();
    assert_eq!(branches(&main).await.len(), 2);
    drop(tx);
    wait_until("the branch of the transaction is deleted", async || branches(&main).await.len() == 1).await;

    let forced = main.transaction("Forced").force(true).tag("v1");
    let outcome = forced.run(async |tx| tx.object("a").upload("1").force(true).await).await.unwrap();
    assert!(outcome.merge.is_some() && outcome.tag.unwrap().is_ok() && outcome.cleanup_error.is_none());
    let tx = main.transaction("Rolled back").force(true).begin().await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(branches(&main).await, ["main"]);
}

#[tokio::test]
async fn transaction_13_rule_that_blocks_the_branch_is_explained() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_13").await;
    main.repository().branch_protection().set(["*"]).await.unwrap();
    // A real server enforces the rule after a few seconds.
    let probe = main.repository().branch("probe");
    probe.create("main").await.unwrap();
    wait_until("the rule is in force", async || probe.object("a").upload("1").await.is_err()).await;

    let explained = |error: &Error| {
        assert_eq!(error.kind(), ErrorKind::WriteProtected);
        let message = error.to_string();
        assert!(message.contains("rule") && message.contains("`lakefs-rs-tx-`"), "{message}");
    };
    let failed = main.transaction("Blocked").run(async |tx| tx.object("a").upload("1").await).await;
    explained(&failed.unwrap_err());
    let failed = main.transaction("Blocked").run(async |tx| tx.delete_objects(["a"]).await).await;
    explained(&failed.unwrap_err());
    explained(&main.transaction("Blocked").begin().await.unwrap().commit().await.unwrap_err());
    let error = main.object("a").upload("1").await.unwrap_err();
    assert!(!error.to_string().contains("lakefs-rs-tx-"), "{error}");
    assert_eq!(branches(&main).await, ["main", "probe"]);
}

#[tokio::test]
async fn transaction_14_abandoned_transactions_are_listed_and_deleted() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("transaction_14").await;
    let main = repository.branch("main");
    // The branch of a transaction of another client, and branches whose names look alike.
    let random = "0123456789abcdef".repeat(2);
    let others =
        [format!("tx-{random}"), "lakefs-rs-tx-".to_owned(), format!("lakefs-rs-tx-1700000000-{random}")];
    for name in &others {
        repository.branch(name).create("main").hidden(true).await.unwrap();
    }
    let old = repository.branch(format!("lakefs-rs-tx-1700000000123-{random}"));
    let head = old.create("main").hidden(true).await.unwrap().commit_id;
    let start = SystemTime::now();
    let live = main.transaction("Live").begin().await.unwrap();
    let end = SystemTime::now();

    let hour = Duration::from_secs(60 * 60);
    let listed: Vec<_> = repository.abandoned_transactions(hour).page_size(1).try_collect().await.unwrap();
    let [found] = &*listed else { panic!("{listed:?}") };
    assert_eq!((found.branch(), found.commit_id()), (&old, &*head));
    let begun_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    assert_eq!(found.begun_at(), begun_at);

    let all: Vec<_> = repository.abandoned_transactions(Duration::ZERO).try_collect().await.unwrap();
    assert_eq!(
        all.iter().map(|found| found.branch().name()).collect::<Vec<_>>(),
        [old.name(), live.branch().name()]
    );
    let millisecond = Duration::from_millis(1);
    assert!(start - millisecond <= all[1].begun_at() && all[1].begun_at() <= end, "{all:?}");
    let none: Vec<_> = repository.abandoned_transactions(Duration::MAX).try_collect().await.unwrap();
    assert_eq!(none, []);

    found.delete().await.unwrap();
    let left: Vec<_> = repository.abandoned_transactions(hour).try_collect().await.unwrap();
    assert_eq!(left, []);
    live.rollback().await.unwrap();
    for name in &others {
        assert!(repository.branch(name).exists().await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn transaction_15_transaction_dropped_at_any_time_leaves_no_branch() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_15").await;
    let mut merged = 0;
    for millis in 0..60 {
        let path = format!("{millis:02}");
        let running = main.transaction(&*path).run(async |tx| tx.object(&*path).upload("1").await);
        match tokio::time::timeout(Duration::from_millis(millis), running).await {
            Ok(outcome) => merged += usize::from(outcome.unwrap().merge.is_some()),
            Err(_) => assert!(main.uncommitted().try_next().await.unwrap().is_none()),
        }
    }
    wait_until("all branches are deleted", async || branches(&main).await.len() == 1).await;
    // A transaction that was dropped during its merge may have been merged, and its changes are complete.
    let objects: Vec<_> = main.objects().try_collect().await.unwrap();
    assert!(objects.len() >= merged);
}

#[tokio::test]
async fn transaction_16_branch_of_an_ended_transaction_remains() {
    let fixture = Fixture::new().await;
    let main = fixture.main("transaction_16").await;
    let transaction = main.transaction("Kept").begin().await.unwrap();
    transaction.branch().object("a").upload("1").await.unwrap();
    let branch = transaction.into_branch();
    branch.commit("Kept").await.unwrap();
    branch.merge_into(&main).await.unwrap();
    assert_eq!(main.object("a").read().await.unwrap(), "1");
    branch.delete().await.unwrap();
    assert_eq!(branches(&main).await, ["main"]);
}
