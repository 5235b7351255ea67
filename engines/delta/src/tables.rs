//! The tables of this program.

use std::collections::HashMap;
use std::env;
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use deltalake::datafusion::prelude::SessionContext;
use deltalake::kernel::{DataType, PrimitiveType, StructField};
use deltalake::{DeltaTable, DeltaTableBuilder};
use lakefs_examples::ExampleServer;

use crate::Result;

/// The environment of lakectl and of this crate, for the test server in this process. Empty if the server is one of the
/// environment.
pub(crate) fn environment(server: &ExampleServer) -> Vec<(String, String)> {
    let variables = server.test_server().map(|server| server.lakectl_env());
    variables.into_iter().flatten().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The storage options, as users of delta-rs write them. Empty for a server of the environment, which is used then.
pub(crate) fn options(server: &ExampleServer) -> HashMap<String, String> {
    let Some(server) = server.test_server() else { return HashMap::new() };
    HashMap::from([
        ("endpoint".to_owned(), server.endpoint().to_owned()),
        ("access_key_id".to_owned(), server.access_key_id().to_owned()),
        ("secret_access_key".to_owned(), server.secret_access_key().to_owned()),
    ])
}

/// A table that is not loaded.
pub(crate) fn table(url: &str, options: HashMap<String, String>) -> Result<DeltaTable> {
    Ok(DeltaTableBuilder::from_url(url.parse()?)?.with_storage_options(options).build()?)
}

/// The table at its newest version, with the server that the environment names.
pub(crate) async fn load(url: &str, options: HashMap<String, String>) -> Result<DeltaTable> {
    let mut table = table(url, options)?;
    table.load().await?;
    Ok(table)
}

pub(crate) async fn create(url: &str, options: HashMap<String, String>) -> Result<DeltaTable> {
    let columns = [
        StructField::nullable("id", DataType::Primitive(PrimitiveType::Long)),
        StructField::nullable("name", DataType::Primitive(PrimitiveType::String)),
    ];
    Ok(table(url, options)?.create().with_columns(columns).await?)
}

pub(crate) fn rows(ids: impl IntoIterator<Item = i64>) -> Result<RecordBatch> {
    let ids: Vec<i64> = ids.into_iter().collect();
    let names: Vec<String> = ids.iter().map(|id| format!("name {id}")).collect();
    let columns: [(&str, ArrayRef, bool); 2] =
        [("id", Arc::new(Int64Array::from(ids)), true), ("name", Arc::new(StringArray::from(names)), true)];
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

/// The sorted ids in a table.
pub(crate) async fn ids(table: &DeltaTable) -> Result<Vec<i64>> {
    let session = SessionContext::new();
    session.register_table("t", table.table_provider().await?)?;
    let mut ids = Vec::new();
    for batch in session.sql("SELECT id FROM t ORDER BY id").await?.collect().await? {
        let column = batch.column(0).as_any().downcast_ref::<Int64Array>().ok_or("ids are no numbers")?;
        ids.extend(column.values());
    }
    Ok(ids)
}

/// The path of this program, to start it again.
pub(crate) fn this_program() -> Result<std::path::PathBuf> {
    Ok(env::current_exe()?)
}
