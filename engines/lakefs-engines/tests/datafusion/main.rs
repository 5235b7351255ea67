//! The registry for `DataFusion`, and the caches of its sessions.

#![allow(clippy::unwrap_used, reason = "tests")]

mod caches;
mod registry;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use lakefs::{Client, Repository};
use lakefs_engines::datafusion::session_context;
use lakefs_testserver::Server;

/// A test server, and a session that reads and writes on it.
struct Fixture {
    server: Server,
    client: Client,
    session: SessionContext,
}

impl Fixture {
    async fn start() -> Self {
        Self::on(Server::start().await.unwrap())
    }

    fn on(server: Server) -> Self {
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()
            .unwrap();
        let session = session_context(client.clone()).unwrap();
        Self { server, client, session }
    }

    /// Creates a repository with the branch `main`.
    async fn repository(&self, name: &str) -> Repository {
        let repository = self.client.repository(name);
        repository.create(format!("mem://{name}")).default_branch("main").await.unwrap();
        repository
    }

    /// Runs a statement and returns the result as a table of text.
    async fn sql(&self, statement: &str) -> Result<String> {
        let batches = self.session.sql(statement).await?.collect().await?;
        Ok(pretty_format_batches(&batches)?.to_string())
    }

    /// Writes one row to a Parquet file.
    async fn write(&self, url: &str, value: i64) {
        write(&self.session, url, value).await;
    }

    /// Returns the sum of the column `value` of the Parquet files below a URL, without a table.
    async fn read(&self, url: &str) -> Result<i64> {
        read(&self.session, url).await
    }

    /// Returns the sum of the column `value` of a table.
    async fn read_table(&self, table: &str) -> Result<i64> {
        sum(self.session.table(table).await?).await
    }
}

/// Returns the sum of the column `value` of the Parquet files below a URL.
async fn read(session: &SessionContext, url: &str) -> Result<i64> {
    sum(session.read_parquet(url, ParquetReadOptions::default()).await?).await
}

async fn sum(rows: DataFrame) -> Result<i64> {
    let batches = rows.select_columns(&["value"])?.collect().await?;
    Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).sum())
}

/// Writes one row to a Parquet file.
async fn write(session: &SessionContext, url: &str, value: i64) {
    let copy = format!("COPY (SELECT {value} AS value) TO '{url}' STORED AS PARQUET");
    session.sql(&copy).await.unwrap().collect().await.unwrap();
}
