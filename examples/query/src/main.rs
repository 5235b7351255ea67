//! Queries Parquet files on lakeFS with DataFusion, at two commits, and writes the result back in a transaction.
//!
//! DataFusion reads and writes through the `object_store` crate. [`LakeFsStore`] implements its trait for a repository, so
//! a table is named by a URL such as `lakefs://repository/reference/path`. The data are not copied.
//!
//! ```console
//! cargo run -p lakefs-query-example
//! ```
//!
//! Runs on an in-memory test server. To run it on your own server, set `LAKECTL_SERVER_ENDPOINT_URL`,
//! `LAKECTL_CREDENTIALS_ACCESS_KEY_ID`, `LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY` and, unless the server uses local
//! storage, `LAKEFS_STORAGE_NAMESPACE`. It creates its own data, and fails if a result is not the expected one.
//!
//! Two practices are recommended for every program. Queries read at a **commit**, which does not change while they run.
//! Results are written in a **transaction**: either all files of a result are on the branch, or none.
//!
//! It is a package of its own because DataFusion takes long to build.

use std::error::Error;
use std::sync::Arc;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use lakefs::Repository;
use lakefs::object_store_0_13::LakeFsStore;
use lakefs_examples::ExampleServer;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let server = ExampleServer::connect().await?;
    let (repository, storage_namespace) = server.new_repository("query")?;
    repository.create(storage_namespace).default_branch("main").await?;
    // The repository is deleted after a failure too.
    let result = run(&repository).await;
    repository.delete().await?;
    result
}

async fn run(repository: &Repository) -> Result<()> {
    let engine = SessionContext::new();
    let root = repository.uri().to_string();
    engine.register_object_store(
        ObjectStoreUrl::parse(&root)?.as_ref(),
        Arc::new(LakeFsStore::new(repository)),
    );
    let main = repository.branch("main");

    heading("Write the sales of January with SQL, and commit");
    let january = "VALUES ('north', 120), ('north', 80), ('south', 50)";
    write(&engine, &sales(january), &main.object("sales/january.parquet").uri().to_string()).await?;
    let before = main.commit("Sales of January").await?;
    println!("commit {:.12}", before.id);

    heading("Add the sales of February, and correct January");
    let january = "VALUES ('north', 120), ('north', 70), ('south', 50)";
    let february = "VALUES ('north', 40), ('south', 90), ('west', 10)";
    write(&engine, &sales(january), &main.object("sales/january.parquet").uri().to_string()).await?;
    write(&engine, &sales(february), &main.object("sales/february.parquet").uri().to_string()).await?;
    let after = main.commit("Sales of February, January corrected").await?;
    println!("commit {:.12}", after.id);

    heading("Compare the totals of the two commits");
    for (table, commit) in [("before", &before), ("after", &after)] {
        let sales = format!("{}/sales/", repository.reference(&commit.id).uri());
        engine.register_parquet(table, sales, ParquetReadOptions::default()).await?;
    }
    let totals = |table| format!("SELECT region, SUM(amount) AS total FROM {table} GROUP BY region");
    let compared = format!(
        "SELECT after.region, before.total AS before, after.total AS after \
         FROM ({}) AS after LEFT JOIN ({}) AS before ON before.region = after.region ORDER BY after.region",
        totals("after"),
        totals("before"),
    );
    let expected = "
+--------+--------+-------+
| region | before | after |
+--------+--------+-------+
| north  | 200    | 230   |
| south  | 50     | 140   |
| west   |        | 10    |
+--------+--------+-------+";
    check(&engine, &compared, expected).await?;

    heading("Write the result back in a transaction");
    let work = async |tx: &lakefs::Branch| {
        let report = tx.object("reports/totals.parquet").uri().to_string();
        write(&engine, &compared, &report).await
    };
    let outcome = main.transaction("Totals by region").metadata("of", &after.id).run(work).await?;
    let merged = outcome.merge.ok_or("the transaction has no changes")?;
    println!("merge commit {merged:.12}");
    let report = repository.reference(merged).object("reports/totals.parquet").uri().to_string();
    engine.register_parquet("report", report, ParquetReadOptions::default()).await?;
    check(&engine, "SELECT region, before, after FROM report ORDER BY region", expected).await
}

/// Returns a query that yields these rows of sales.
fn sales(rows: &str) -> String {
    format!("SELECT column1 AS region, column2 AS amount FROM ({rows})")
}

/// Writes the result of a query to a Parquet file at this URL.
async fn write(engine: &SessionContext, query: &str, url: &str) -> Result<()> {
    engine.sql(&format!("COPY ({query}) TO '{url}' STORED AS PARQUET")).await?.collect().await?;
    println!("wrote {url}");
    Ok(())
}

/// Prints the result of a query, and verifies it.
async fn check(engine: &SessionContext, query: &str, expected: &str) -> Result<()> {
    let result = engine.sql(query).await?.collect().await?;
    let result = pretty_format_batches(&result)?.to_string();
    println!("{result}");
    if result == expected.trim_start() {
        Ok(())
    } else {
        Err(format!("expected this result:{expected}").into())
    }
}

fn heading(text: &str) {
    println!("\n== {text}");
}
