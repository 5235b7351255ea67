//! Operations that fail or are dropped.

use std::sync::Arc;
use std::time::Duration;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::datafusion::catalog::streaming::StreamingTable;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::{SendableRecordBatchStream, TaskContext};
use deltalake::datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake::datafusion::physical_plan::streaming::PartitionStream;
use deltalake::datafusion::prelude::SessionContext;
use deltalake::delta_datafusion::create_session;
use deltalake::logstore::ObjectStoreRef;
use deltalake::operations::write::WriteBuilder;
use deltalake::protocol::SaveMode;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use lakefs::object_store_0_13::LakeFsStore;
use object_store::{MultipartUpload as _, ObjectStoreExt as _};

use super::support::{DEADLINE, Fixture, ids, rows};
use crate::delta::commit::Entry;
use crate::delta::finish_rollbacks;
use crate::delta::operation::Operation;
use crate::delta::store::OperationStore;

/// A source of rows that ends in some way after the first batches.
#[derive(Debug)]
struct Source {
    schema: SchemaRef,
    /// Whether it fails. Else it never ends.
    fails: bool,
}

impl PartitionStream for Source {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let failure = || Err(DataFusionError::Execution("the source fails".to_owned()));
        let end = if self.fails { stream::iter([failure()]).boxed() } else { stream::pending().boxed() };
        // Enough for a file to be begun.
        let batches = stream::iter((0..40).map(|number| Ok(large_batch(number))));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches.chain(end)))
    }
}

/// Rows that do not compress well.
fn large_batch(number: i64) -> RecordBatch {
    rows((0..8192).map(|row: i64| (number * 8192 + row).wrapping_mul(0x1E37_79B9_7F4A_7C15)))
}

/// A write of a source, with small files, so that some are complete before the source ends.
fn write_of(table: &deltalake::DeltaTable, fails: bool) -> WriteBuilder {
    let source = Source { schema: large_batch(0).schema(), fails };
    let source = StreamingTable::try_new(Arc::clone(&source.schema), vec![Arc::new(source)]).unwrap();
    let session = SessionContext::new();
    let plan = session.read_table(Arc::new(source)).unwrap().into_unoptimized_plan();
    let snapshot = table.snapshot().unwrap().snapshot().clone();
    WriteBuilder::new(table.log_store(), Some(snapshot))
        .with_input_plan(plan)
        .with_save_mode(SaveMode::Append)
        .with_target_file_size(std::num::NonZeroU64::new(64 * 1024))
        .with_write_batch_size(8192)
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_write_deletes_its_branch() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    let head = fixture.main.get_commit().await.unwrap().id;
    let failed = write_of(&table, true).await.unwrap_err().to_string();
    assert!(failed.contains("the source fails"), "{failed}");
    assert!(!fixture.server.requests_for("createBranch").is_empty(), "nothing was written");
    tokio::time::timeout(DEADLINE, finish_rollbacks()).await.unwrap();
    fixture.assert_clean().await;
    assert_eq!(fixture.main.get_commit().await.unwrap().id, head);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_write_deletes_its_branch() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    let write = tokio::spawn(write_of(&table, false).into_future());
    let uploaded = async {
        while fixture.branches().await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, uploaded).await.unwrap();
    write.abort();
    assert!(write.await.unwrap_err().is_cancelled());
    fixture.wait_until_clean().await;
    assert!(ids(&fixture.load("main").await).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_commit_deletes_its_branch() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    fixture.server.faults().on("commit").always().respond(403, r#"{"message":"not allowed"}"#);
    let error = table.write([rows([1])]).await.unwrap_err().to_string();
    assert!(error.contains("not allowed"), "{error}");
    finish_rollbacks().await;
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uncommitted_changes_of_the_branch_are_reported() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    fixture.main.object("other").upload("uncommitted").await.unwrap();
    let error = table.write([rows([1])]).await.unwrap_err().to_string();
    assert!(error.contains("uncommitted changes"), "{error}");
    assert_eq!(fixture.branches().await, ["main"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn operation_with_the_session_of_the_caller_commits() {
    let fixture = Fixture::new().await;
    let session = Arc::new(create_session().state());
    let mut table = fixture.create([]).await;
    for id in 1..=3 {
        table = table.write([rows([id])]).with_session_state(Arc::clone(&session) as _).await.unwrap();
    }
    assert_eq!(ids(&table).await, [1, 2, 3]);
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn branch_of_a_crashed_writer_is_found_and_deleted() {
    let fixture = Fixture::new().await;
    let table = fixture.create([]).await;
    // What a writer that is killed leaves.
    let crashed = fixture.main.transaction("Write a Delta table on main").begin().await.unwrap();
    let crashed = crashed.into_branch();
    crashed.object("data/events/part-00000.parquet").upload("incomplete").await.unwrap();

    let table = table.write([rows([1])]).await.unwrap();
    assert_eq!(ids(&table).await, [1]);
    let abandoned = fixture.repository.abandoned_transactions(Duration::ZERO);
    let abandoned: Vec<_> = abandoned.try_collect().await.unwrap();
    assert_eq!(abandoned.iter().map(|found| found.branch().name()).collect::<Vec<_>>(), [crashed.name()]);
    for transaction in abandoned {
        transaction.delete().await.unwrap();
    }
    fixture.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_operation_of_a_kept_session_is_rolled_back_and_cannot_commit() {
    let fixture = Fixture::new().await;
    let operation = Operation::new(fixture.main.clone(), false).with_max_pause(Duration::from_millis(50));
    let operation = Arc::new(operation);
    let root: ObjectStoreRef = Arc::new(LakeFsStore::new(&fixture.repository));
    // The session of the caller keeps the store of the root.
    let _session = OperationStore::new(Arc::clone(&root), Arc::clone(&operation), true);
    let store = OperationStore::new(root, Arc::clone(&operation), false);
    store.put(&"main/data/events/part-0.parquet".into(), "rows".into()).await.unwrap();
    assert_eq!(fixture.branches().await.len(), 2);
    drop(store);
    fixture.wait_until_clean().await;

    let entry = Entry {
        version: 1,
        path: "data/events/_delta_log/00000000000000000001.json".to_owned(),
        content: "{}".into(),
        table: "data/events".to_owned(),
        operation_id: "paused".to_owned(),
    };
    let error = operation.commit_entry(entry).await.unwrap_err().to_string();
    assert!(error.contains("failed or paused too long"), "{error}");
    fixture.assert_clean().await;
    assert!(!fixture.main.object("data/events/_delta_log/00000000000000000001.json").exists().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_keeps_the_branch_of_a_write_that_has_not_ended() {
    let fixture = Fixture::new().await;
    let operation = Arc::new(Operation::new(fixture.main.clone(), false));
    let root: ObjectStoreRef = Arc::new(LakeFsStore::new(&fixture.repository));
    let store = OperationStore::new(root, Arc::clone(&operation), false);
    let mut upload = store.put_multipart(&"main/data/events/part-1.parquet".into()).await.unwrap();
    upload.put_part("rows".into()).await.unwrap();
    let entry = |version: u64| Entry {
        version,
        path: format!("data/events/_delta_log/{version:020}.json"),
        content: format!("{{\"version\":{version}}}").into(),
        table: "data/events".to_owned(),
        operation_id: "slow".to_owned(),
    };
    operation.commit_entry(entry(0)).await.unwrap();
    assert_eq!(fixture.branches().await.len(), 2);
    upload.complete().await.unwrap();
    drop(upload);
    operation.commit_entry(entry(1)).await.unwrap();
    assert!(fixture.main.object("data/events/part-1.parquet").exists().await.unwrap());
    fixture.assert_clean().await;
}
