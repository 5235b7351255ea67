//! Several writers of one table.

use std::collections::BTreeMap;

use deltalake::datafusion::prelude::{col, lit};
use deltalake::{DeltaTableError, kernel::transaction::TransactionError};
use futures::TryStreamExt as _;

use super::support::{DEADLINE, Fixture, ids, rows};
use crate::delta::finish_rollbacks;

#[tokio::test(flavor = "multi_thread")]
async fn appends_to_one_version_both_take_effect() {
    let fixture = Fixture::new().await;
    fixture.create([]).await;
    let (one, two) = (fixture.load("main").await, fixture.load("main").await);
    let one = one.write([rows([1])]).await.unwrap();
    let two = two.write([rows([2])]).await.unwrap();
    assert_eq!((one.version(), two.version()), (Some(1), Some(2)));
    assert_eq!(ids(&two).await, [1, 2]);
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_appends_have_a_version_each() {
    const WRITERS: i64 = 4;
    const APPENDS: i64 = 5;
    let fixture = Fixture::new().await;
    fixture.create([]).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let mut table = fixture.load("main").await;
        writers.spawn(async move {
            for append in 0..APPENDS {
                table = table.write([rows([writer * APPENDS + append])]).await.unwrap();
            }
        });
    }
    tokio::time::timeout(DEADLINE, writers.join_all()).await.unwrap();
    let table = fixture.load("main").await;
    assert_eq!(table.version(), Some(u64::try_from(WRITERS * APPENDS).unwrap()));
    assert_eq!(ids(&table).await, (0..WRITERS * APPENDS).collect::<Vec<_>>());
    fixture.assert_clean().await;

    let log: Vec<_> = fixture.main.log().try_collect().await.unwrap();
    let mut commits = BTreeMap::<u64, usize>::new();
    for version in log.iter().filter_map(|commit| commit.metadata.get("delta.version")) {
        *commits.entry(version.parse().unwrap()).or_default() += 1;
    }
    let each_once = (0..=u64::try_from(WRITERS * APPENDS).unwrap()).map(|version| (version, 1)).collect();
    assert_eq!(commits, each_once);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creations_make_one_table() {
    let fixture = Fixture::new().await;
    let mut writers = tokio::task::JoinSet::new();
    for id in 0..3 {
        let table = fixture.table_at("main");
        writers.spawn(async move { table.write([rows([id])]).await.map(|table| table.version()) });
    }
    let results = tokio::time::timeout(DEADLINE, writers.join_all()).await.unwrap();
    finish_rollbacks().await;
    fixture.assert_clean().await;
    // Losers see another table: delta-rs decides whether they fit.
    let written = results.iter().filter(|result| result.is_ok()).count();
    assert!(written >= 1, "{results:?}");
    assert_eq!(ids(&fixture.load("main").await).await.len(), written, "{results:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn incompatible_change_is_refused_by_delta() {
    let fixture = Fixture::new().await;
    fixture.create([]).await.write([rows([1, 2])]).await.unwrap();
    let (one, two) = (fixture.load("main").await, fixture.load("main").await);
    one.delete().with_predicate(col("id").eq(lit(1))).await.unwrap();
    let error = two.delete().with_predicate(col("id").eq(lit(2))).await.unwrap_err();
    assert!(
        matches!(error, DeltaTableError::Transaction { source: TransactionError::CommitConflict(_) }),
        "{error:?}"
    );
    finish_rollbacks().await;
    fixture.assert_clean().await;
    assert_eq!(ids(&fixture.load("main").await).await, [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_response_to_the_merge_is_no_second_version() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    fixture.server.faults().on("mergeIntoBranch").drop_response();
    let table = table.write([rows([1])]).await.unwrap();
    assert_eq!(table.version(), Some(1));
    assert_eq!(ids(&fixture.load("main").await).await, [1]);
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_outcome_of_the_merge_is_found_in_the_log_of_the_table() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    fixture.server.faults().on("mergeIntoBranch").drop_response();
    // The client cannot search the log for its merge.
    fixture.server.faults().on("logCommits").always().respond(403, r#"{"message":"not allowed"}"#);
    let table = tokio::time::timeout(DEADLINE, table.write([rows([1])])).await.unwrap().unwrap();
    fixture.server.faults().clear();
    assert_eq!(table.version(), Some(1));
    assert_eq!(ids(&fixture.load("main").await).await, [1]);
    fixture.assert_clean().await;
}
