//! Queries Parquet files on lakeFS with `DataFusion`, compares two commits with SQL, and writes the result back in a
//! transaction.
//!
//! A table is named by a URL such as `lakefs://repository/ref/path`. The session resolves it by the registry of
//! `lakefs-engines`, so that nothing is registered by hand. The data are not copied.
//!
//! ```console
//! cargo run -p lakefs-query
//! ```
//!
//! Runs on an in-memory test server. To run it on your own server, set `LAKECTL_SERVER_ENDPOINT_URL`,
//! `LAKECTL_CREDENTIALS_ACCESS_KEY_ID`, `LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY` and, unless the server uses local
//! storage, `LAKEFS_STORAGE_NAMESPACE`. It creates its own data, and fails if a result is not the expected one.
//!
//! Two practices are recommended for every program. Queries read at a **commit**, which does not change while they run.
//! Results are written in a **transaction**: either all files of a result are on the branch, or none.

use std::error::Error;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use lakefs::Repository;
use lakefs_engines::datafusion::session_context;
use lakefs_examples::ExampleServer;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The changes of the rows of `sales` between the tables `before` and `after`.
const CHANGED_ROWS: &str = "
    SELECT
        COALESCE(after.id, before.id) AS id,
        CASE WHEN before.id IS NULL THEN 'added' WHEN after.id IS NULL THEN 'removed' ELSE 'changed' END AS change,
        COALESCE(after.region, before.region) AS region,
        before.amount AS before,
        after.amount AS after
    FROM before FULL JOIN after ON before.id = after.id
    WHERE before.id IS NULL OR after.id IS NULL OR before.amount <> after.amount OR before.region <> after.region
    ORDER BY id";

#[tokio::main]
async fn main() -> Result<()> {
    let server = ExampleServer::connect().await?;
    let (repository, storage_namespace) = server.new_repository("query")?;
    repository.create(storage_namespace).default_branch("main").await?;
    // The repository is deleted after a failure too.
    let result = run(&session_context(server.client.clone())?, &repository).await;
    repository.delete().await?;
    result
}

async fn run(session: &SessionContext, repository: &Repository) -> Result<()> {
    let main = repository.branch("main");

    heading("Write the sales of January and February with SQL, and commit");
    let january = "VALUES (1, 'north', 120), (2, 'north', 80), (3, 'south', 50)";
    let february = "VALUES (4, 'south', 90), (5, 'west', 10)";
    write(session, &sales(january), &main.object("sales/january.parquet").uri().to_string()).await?;
    write(session, &sales(february), &main.object("sales/february.parquet").uri().to_string()).await?;
    let before = main.commit("Sales of January and February").await?;
    println!("commit {:.12}", before.id);

    heading("Correct January, remove a sale of February, and add March");
    let january = "VALUES (1, 'north', 120), (2, 'north', 70), (3, 'south', 50)";
    let february = "VALUES (5, 'west', 10)";
    let march = "VALUES (6, 'north', 40)";
    write(session, &sales(january), &main.object("sales/january.parquet").uri().to_string()).await?;
    write(session, &sales(february), &main.object("sales/february.parquet").uri().to_string()).await?;
    write(session, &sales(march), &main.object("sales/march.parquet").uri().to_string()).await?;
    let after = main.commit("Sales of March, with corrections").await?;
    println!("commit {:.12}", after.id);

    heading("Compare the rows of the two commits");
    for (table, commit) in [("before", &before), ("after", &after)] {
        let location = repository.reference(&commit.id).object("sales/").uri();
        create_table(session, table, &location.to_string()).await?;
    }
    let changed_rows = "
+----+---------+--------+--------+-------+
| id | change  | region | before | after |
+----+---------+--------+--------+-------+
| 2  | changed | north  | 80     | 70    |
| 4  | removed | south  | 90     |       |
| 6  | added   | north  |        | 40    |
+----+---------+--------+--------+-------+";
    check(session, CHANGED_ROWS, changed_rows).await?;

    heading("Write the changes and the new totals back in a transaction");
    let totals = "SELECT region, SUM(amount) AS total FROM after GROUP BY region ORDER BY region";
    let tx = main.transaction("Report on the sales").metadata("of", &after.id).begin().await?;
    let reports = [("changes", CHANGED_ROWS), ("totals", totals)];
    for (name, report) in reports {
        let object = tx.branch().object(format!("reports/{name}.parquet"));
        write(session, report, &object.uri().to_string()).await?;
    }
    // Nothing is on the branch yet.
    if main.object("reports/totals.parquet").exists().await? {
        return Err("the branch has the report before the transaction is committed".into());
    }
    let outcome = tx.commit().await?;
    let merged = outcome.merge.ok_or("the transaction has no changes")?;
    println!("merge commit {merged:.12}");

    heading("Read the reports at the merge commit");
    for (name, _) in reports {
        let object = repository.reference(&merged).object(format!("reports/{name}.parquet"));
        create_table(session, name, &object.uri().to_string()).await?;
    }
    check(session, "SELECT * FROM changes ORDER BY id", changed_rows).await?;
    let expected = "
+--------+-------+
| region | total |
+--------+-------+
| north  | 230   |
| south  | 50    |
| west   | 10    |
+--------+-------+";
    check(session, "SELECT * FROM totals ORDER BY region", expected).await
}

/// Returns a query that yields these rows of sales.
fn sales(rows: &str) -> String {
    format!("SELECT column1 AS id, column2 AS region, column3 AS amount FROM ({rows})")
}

/// Creates a table of the Parquet files at this URL.
async fn create_table(session: &SessionContext, name: &str, url: &str) -> Result<()> {
    let create = format!("CREATE EXTERNAL TABLE {name} STORED AS PARQUET LOCATION '{url}'");
    session.sql(&create).await?.collect().await?;
    Ok(())
}

/// Writes the result of a query to a Parquet file at this URL.
async fn write(session: &SessionContext, query: &str, url: &str) -> Result<()> {
    session.sql(&format!("COPY ({query}) TO '{url}' STORED AS PARQUET")).await?.collect().await?;
    println!("wrote {url}");
    Ok(())
}

/// Prints the result of a query, and verifies it.
async fn check(session: &SessionContext, query: &str, expected: &str) -> Result<()> {
    let result = session.sql(query).await?.collect().await?;
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
