//! Operations of delta-rs, and what they leave on the branch.

use std::time::SystemTime;

use deltalake::datafusion::prelude::{SessionContext, col, lit};
use deltalake::protocol::SaveMode;
use deltalake::writer::{DeltaWriter as _, RecordBatchWriter};
use deltalake::{ObjectStore as _, TableProperty};
use futures::TryStreamExt as _;
use lakefs::ErrorKind;

use super::support::{Fixture, ids, rows};

#[tokio::test(flavor = "multi_thread")]
async fn version_is_one_commit_of_the_branch() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    let table = table.write([rows([1, 2])]).await.unwrap();
    let table = table.write([rows([3])]).await.unwrap();
    assert_eq!(table.version(), Some(2));
    assert_eq!(ids(&table).await, [1, 2, 3]);
    fixture.assert_clean().await;

    let log: Vec<_> = fixture.main.log().try_collect().await.unwrap();
    let versions: Vec<_> = log.iter().filter_map(|commit| commit.metadata.get("delta.version")).collect();
    assert_eq!(versions, ["2", "1", "0"]);
    let [append, ..] = &*log else { panic!("{log:?}") };
    assert_eq!(append.message, "WRITE: version 2 of the Delta table \"data/events\"");
    assert_eq!(append.metadata["delta.table"], "data/events");
    assert_eq!(append.metadata["delta.operation"], "WRITE");
    assert_eq!(append.parents, [&*log[1].id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_and_version_show_the_same_table() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    let table = table.write([rows([1, 2])]).await.unwrap();
    let first = fixture.main.get_commit().await.unwrap().id;
    let (table, _) = table.delete().with_predicate(col("id").eq(lit(1))).await.unwrap();
    assert_eq!(ids(&table).await, [2]);

    let mut at_version = fixture.load("main").await;
    at_version.load_version(1).await.unwrap();
    let at_commit = fixture.load(&first).await;
    assert_eq!(at_commit.version(), Some(1));
    assert_eq!(ids(&at_version).await, [1, 2]);
    assert_eq!(ids(&at_commit).await, [1, 2]);

    let refused = at_commit.write([rows([9])]).await.unwrap_err().to_string();
    assert!(refused.contains(&first), "{refused}");
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_are_changed_by_update_merge_and_overwrite() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await.write([rows([1, 2, 3])]).await.unwrap();
    let (table, updated) =
        table.update().with_predicate(col("id").eq(lit(3))).with_update("id", lit(30)).await.unwrap();
    assert_eq!(updated.num_updated_rows, 1);

    let source = SessionContext::new().read_batch(rows([2, 4])).unwrap();
    let (table, merged) = table
        .merge(source, col("target.id").eq(col("source.id")))
        .with_source_alias("source")
        .with_target_alias("target")
        .when_matched_delete(|delete| delete)
        .unwrap()
        .when_not_matched_insert(|insert| insert.set("id", col("source.id")).set("name", col("source.name")))
        .unwrap()
        .await
        .unwrap();
    assert_eq!((merged.num_target_rows_deleted, merged.num_target_rows_inserted), (1, 1));
    assert_eq!(ids(&table).await, [1, 4, 30]);

    let table = table.write([rows([5])]).await.unwrap();
    let table = table.write([rows([6])]).await.unwrap();
    let (table, optimized) = table.optimize().await.unwrap();
    assert_eq!(optimized.num_files_added, 1);
    assert_eq!(ids(&table).await, [1, 4, 5, 6, 30]);

    let table = table.write([rows([7])]).with_save_mode(SaveMode::Overwrite).await.unwrap();
    assert_eq!(ids(&table).await, [7]);
    assert_eq!(ids(&fixture.load("main").await).await, [7]);
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vacuum_deletes_on_the_branch_and_not_in_the_commits() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await.write([rows([1])]).await.unwrap();
    let before = fixture.main.get_commit().await.unwrap().id;
    let table = table.write([rows([2])]).with_save_mode(SaveMode::Overwrite).await.unwrap();
    let retention = lakefs::reexports::chrono::Duration::zero();
    let vacuum = table.vacuum().with_retention_period(retention).with_enforce_retention_duration(false);
    let (table, metrics) = vacuum.await.unwrap();
    assert_eq!(metrics.files_deleted.len(), 1, "{metrics:?}");
    let deleted = fixture.main.object(format!("data/events/{}", metrics.files_deleted[0]));
    assert_eq!(deleted.stat().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(ids(&table).await, [2]);
    assert_eq!(ids(&fixture.load(&before).await).await, [1]);
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoint_is_merged_when_it_is_complete() {
    let fixture = Fixture::new().await;
    let mut table = fixture.create([(TableProperty::CheckpointInterval, "3")]).await;
    for id in 1..=4 {
        table = table.write([rows([id])]).await.unwrap();
    }
    fixture.assert_clean().await;
    let log = fixture.log_files().await;
    assert!(log.contains(&"_last_checkpoint".to_owned()), "{log:?}");
    assert!(log.contains(&"00000000000000000002.checkpoint.parquet".to_owned()), "{log:?}");
    assert_eq!(ids(&fixture.load("main").await).await, [1, 2, 3, 4]);

    // Without the id of an operation.
    deltalake::checkpoints::create_checkpoint(&table, None).await.unwrap();
    fixture.assert_clean().await;
    let log = fixture.log_files().await;
    assert!(log.contains(&"00000000000000000004.checkpoint.parquet".to_owned()), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_log_entries_are_deleted_in_one_commit() {
    let fixture = Fixture::new().await;
    let mut table = fixture.create([(TableProperty::CheckpointInterval, "3")]).await;
    for id in 1..=3 {
        table = table.write([rows([id])]).await.unwrap();
    }
    let before = fixture.main.log().try_collect::<Vec<_>>().await.unwrap().len();
    let later = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() + 60_000;
    let later = i64::try_from(later).unwrap();
    let log_store = table.log_store();
    let deleted = deltalake::checkpoints::cleanup_expired_logs_for(3, &log_store, later, None).await.unwrap();
    assert_eq!(deleted, 2);
    fixture.assert_clean().await;
    assert_eq!(fixture.main.log().try_collect::<Vec<_>>().await.unwrap().len(), before + 1);
    assert_eq!(ids(&fixture.load("main").await).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_without_an_operation_take_effect_with_a_commit() {
    let fixture = Fixture::new().await;
    let mut table = fixture.create([]).await;
    let mut writer = RecordBatchWriter::for_table(&table).unwrap();
    writer.write(rows([1])).await.unwrap();
    writer.flush_and_commit(&mut table).await.unwrap();
    drop(writer);

    // A writer with a log store of its own.
    let url = "lakefs://tables/main/data/events";
    let schema = rows([1]).schema();
    let mut writer = RecordBatchWriter::try_new(url, schema, None, Some(fixture.options())).unwrap();
    writer.write(rows([2])).await.unwrap();
    writer.flush_and_commit(&mut table).await.unwrap();
    assert_eq!(ids(&fixture.load("main").await).await, [1, 2]);
    fixture.assert_clean().await;

    writer.write(rows([3])).await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(fixture.branches().await.len(), 2);
    drop((writer, table));
    fixture.wait_until_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_of_the_repository_reads_other_refs() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    let head = fixture.main.get_commit().await.unwrap().id;
    let store = table.log_store().root_object_store(None);
    let location = format!("{head}/data/events/_delta_log/00000000000000000000.json").into();
    let got = store.get_opts(&location, object_store::GetOptions::default()).await.unwrap();
    assert_eq!(got.meta.location, location);
}
