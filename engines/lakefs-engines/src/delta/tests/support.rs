//! A repository on a test server, and tables in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deltalake::arrow::array::{Int64Array, RecordBatch, StringArray};
use deltalake::arrow::datatypes::{DataType, Field, Schema};
use deltalake::arrow::util::pretty::pretty_format_batches;
use deltalake::datafusion::prelude::SessionContext;
use deltalake::kernel::{DataType as DeltaType, PrimitiveType, StructField};
use deltalake::{DeltaTable, DeltaTableBuilder, TableProperty};
use futures::TryStreamExt as _;
use lakefs::{Branch, Client, Repository};
use lakefs_testserver::Server;

use crate::delta::{finish_rollbacks, register_handlers};

/// No test takes as long.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

pub(super) struct Fixture {
    pub(super) server: Server,
    pub(super) repository: Repository,
    pub(super) main: Branch,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        register_handlers(None);
        let server = Server::start().await.unwrap();
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()
            .unwrap();
        let repository = client.repository("tables");
        repository.create("mem://tables").default_branch("main").await.unwrap();
        let main = repository.branch("main");
        Self { server, repository, main }
    }

    pub(super) fn options(&self) -> HashMap<String, String> {
        HashMap::from([
            ("endpoint".to_owned(), self.server.endpoint().to_owned()),
            ("access_key_id".to_owned(), self.server.access_key_id().to_owned()),
            ("secret_access_key".to_owned(), self.server.secret_access_key().to_owned()),
        ])
    }

    /// The table of all tests, at a ref. It is not loaded.
    pub(super) fn table_at(&self, reference: &str) -> DeltaTable {
        let url = format!("lakefs://tables/{reference}/data/events").parse().unwrap();
        let builder = DeltaTableBuilder::from_url(url).unwrap();
        builder.with_storage_options(self.options()).build().unwrap()
    }

    pub(super) async fn load(&self, reference: &str) -> DeltaTable {
        let mut table = self.table_at(reference);
        table.load().await.unwrap();
        table
    }

    pub(super) async fn create(
        &self,
        properties: impl IntoIterator<Item = (TableProperty, &str)>,
    ) -> DeltaTable {
        let columns = [
            StructField::nullable("id", DeltaType::Primitive(PrimitiveType::Long)),
            StructField::nullable("name", DeltaType::Primitive(PrimitiveType::String)),
        ];
        let mut create = self.table_at("main").create().with_columns(columns);
        for (property, value) in properties {
            create = create.with_configuration_property(property, Some(value));
        }
        create.await.unwrap()
    }

    /// The names of all branches, hidden ones as well.
    pub(super) async fn branches(&self) -> Vec<String> {
        let branches = self.repository.branches().show_hidden(true);
        branches.map_ok(|branch| branch.id).try_collect().await.unwrap()
    }

    /// Asserts that the repository has no hidden branch, and that its branch has no uncommitted changes.
    pub(super) async fn assert_clean(&self) {
        assert_eq!(self.branches().await, ["main"]);
        let changes: Vec<_> = self.main.uncommitted().try_collect().await.unwrap();
        assert!(changes.is_empty(), "{changes:?}");
    }

    /// Waits until there is no hidden branch. Tasks of a dropped operation end some time after it.
    pub(super) async fn wait_until_clean(&self) {
        let clean = async {
            loop {
                finish_rollbacks().await;
                if self.branches().await == ["main"] {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, clean).await.expect("a hidden branch remains");
        self.assert_clean().await;
    }

    /// The paths in the log of the table on the branch.
    pub(super) async fn log_files(&self) -> Vec<String> {
        let objects = self.main.objects().prefix("data/events/_delta_log/");
        let names = objects.map_ok(|object| object.path().rsplit('/').next().unwrap().to_owned());
        names.try_collect().await.unwrap()
    }
}

/// Rows with these ids.
pub(super) fn rows(ids: impl IntoIterator<Item = i64>) -> RecordBatch {
    let ids: Vec<i64> = ids.into_iter().collect();
    let names: Vec<String> = ids.iter().map(|id| format!("name {id}")).collect();
    let schema =
        Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("name", DataType::Utf8, true)]);
    let columns = [Arc::new(Int64Array::from(ids)) as _, Arc::new(StringArray::from(names)) as _];
    RecordBatch::try_new(Arc::new(schema), columns.into()).unwrap()
}

/// The sorted ids in a table.
pub(super) async fn ids(table: &DeltaTable) -> Vec<i64> {
    let session = SessionContext::new();
    session.register_table("t", table.table_provider().await.unwrap()).unwrap();
    let batches = session.sql("SELECT id FROM t ORDER BY id").await.unwrap().collect().await.unwrap();
    let mut ids = Vec::new();
    for batch in &batches {
        let column = batch.column(0).as_any().downcast_ref::<Int64Array>();
        ids.extend(column.unwrap_or_else(|| panic!("{}", pretty_format_batches(&batches).unwrap())).values());
    }
    ids
}
