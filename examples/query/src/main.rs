//! SQL over a lakeFS: Parquet on a branch, the same query at two commits, and its result written back in a transaction.
//!
//! [DataFusion](https://datafusion.apache.org) reads and writes through [`LakeFsStore`]. With the store of a repository
//! registered as `lakefs://repository`, lakeFS's own addresses are what the engine takes:
//! `lakefs://repository/reference/path`. There is nothing else to set up, and no copy of the data.
//!
//! ```console
//! cargo run --package lakefs-query-example
//! ```
//!
//! Without any set-up it runs on a lakeFS in memory. With `LAKECTL_SERVER_ENDPOINT_URL` and credentials in the environment
//! it runs on that server, under `LAKEFS_STORAGE_NAMESPACE` (`local://query` unless said otherwise). It makes its own
//! data, and fails if a result is not what it must be.
//!
//! Two habits are worth copying. Queries read at a **commit**, which stays as it is while they run, whoever commits
//! meanwhile. And results are written in a **transaction**: all files of a result are on the branch, or none is.
//!
//! It is a package of its own because DataFusion is large, and no user of the client should build it.

use std::error::Error;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, process};

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use lakefs::object_store::LakeFsStore;
use lakefs::{Client, Repository};
use lakefs_testserver::Server;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let endpoint = env::var("LAKECTL_SERVER_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
    // The server in memory lives as long as this value.
    let (client, _server, storage) = if let Some(url) = endpoint {
        println!("Running on the lakeFS at {url}.");
        let storage = env::var("LAKEFS_STORAGE_NAMESPACE").unwrap_or_else(|_| "local://query".to_owned());
        (Client::from_env()?, None, storage)
    } else {
        let server = Server::start().await?;
        println!(
            "Running on a lakeFS in memory, started for this example; LAKECTL_SERVER_ENDPOINT_URL names a real one."
        );
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()?;
        (client, Some(server), "mem://query".to_owned())
    };

    let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let repository = client.repository(format!("query-{moment}-{}", process::id()));
    repository.create(format!("{storage}/{}", repository.name())).default_branch("main").await?;
    // What was begun is cleaned up, whether the story went well or not.
    let story = story(&repository).await;
    repository.delete().await?;
    story
}

async fn story(repository: &Repository) -> Result<()> {
    let engine = SessionContext::new();
    let root = repository.uri().to_string();
    engine.register_object_store(
        ObjectStoreUrl::parse(&root)?.as_ref(),
        Arc::new(LakeFsStore::new(repository)),
    );
    let main = repository.branch("main");

    heading("Sales of January, written by SQL and committed");
    let january = "VALUES ('north', 120), ('north', 80), ('south', 50)";
    write(&engine, &sales(january), &main.object("sales/january.parquet").uri().to_string()).await?;
    let before = main.commit("Sales of January").await?;
    println!("commit {:.12}", before.id);

    heading("Sales of February, and a correction of January");
    let january = "VALUES ('north', 120), ('north', 70), ('south', 50)";
    let february = "VALUES ('north', 40), ('south', 90), ('west', 10)";
    write(&engine, &sales(january), &main.object("sales/january.parquet").uri().to_string()).await?;
    write(&engine, &sales(february), &main.object("sales/february.parquet").uri().to_string()).await?;
    let after = main.commit("Sales of February, January corrected").await?;
    println!("commit {:.12}", after.id);

    heading("Totals before and after");
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

    heading("The result, written back in a transaction");
    let work = async |hidden: &lakefs::Branch| {
        let report = hidden.object("reports/totals.parquet").uri().to_string();
        write(&engine, &compared, &report).await
    };
    let transacted = main.transaction("Totals by region").metadata("of", &after.id).run(work).await?;
    let merged = transacted.merge.ok_or("the transaction has changed something")?;
    println!("merge commit {merged:.12}");
    let report = repository.reference(merged).object("reports/totals.parquet").uri().to_string();
    engine.register_parquet("report", report, ParquetReadOptions::default()).await?;
    check(&engine, "SELECT region, before, after FROM report ORDER BY region", expected).await
}

/// A query of rows of sales.
fn sales(rows: &str) -> String {
    format!("SELECT column1 AS region, column2 AS amount FROM ({rows})")
}

/// Writes what a query answers to a Parquet file at an address.
async fn write(engine: &SessionContext, query: &str, address: &str) -> Result<()> {
    engine.sql(&format!("COPY ({query}) TO '{address}' STORED AS PARQUET")).await?.collect().await?;
    println!("wrote {address}");
    Ok(())
}

/// Prints what a query answers, and looks whether it is what it must be.
async fn check(engine: &SessionContext, query: &str, expected: &str) -> Result<()> {
    let answer = engine.sql(query).await?.collect().await?;
    let answer = pretty_format_batches(&answer)?.to_string();
    println!("{answer}");
    if answer == expected.trim_start() { Ok(()) } else { Err(format!("the answer must be{expected}").into()) }
}

fn heading(text: &str) {
    println!("\n== {text}");
}
