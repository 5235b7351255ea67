//! Transactions: changes on a temporary branch that are merged together.

use lakefs::models::DiffType;
use lakefs::{Branch, Error, ErrorKind, MergeStrategy, TryStreamExt as _};

use crate::support::{Fixture, wait_for, wait_until};

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
