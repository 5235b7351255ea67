//! The tables of the example, and the query.

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use lakefs::{Branch, Reference};

use crate::Result;

/// The days of the table `orders`, each a partition.
pub(crate) const DAYS: usize = 8;
/// The rows of the table `orders`.
const ORDERS: usize = 8000;

/// Joins the orders of the last six days with their customers.
pub(crate) const QUERY: &str = "
    SELECT c.country, COUNT(*) AS orders, COUNT(DISTINCT o.day) AS days, SUM(o.amount) AS amount
    FROM orders o JOIN customers c ON o.customer = c.id
    WHERE o.day >= '2026-11-03'
    GROUP BY c.country ORDER BY c.country";

/// The result of [`QUERY`] at the commit.
pub(crate) const EXPECTED: &str = "
+---------+--------+------+--------+
| country | orders | days | amount |
+---------+--------+------+--------+
| DE      | 2000   | 6    | 11980  |
| FR      | 2000   | 6    | 11995  |
| PT      | 2000   | 6    | 12004  |
+---------+--------+------+--------+";

/// Writes the tables to a branch: `orders`, partitioned by day, and `customers`.
pub(crate) async fn write(session: &SessionContext, branch: &Branch) -> Result<()> {
    let orders = format!(
        "SELECT value AS id, value % 60 AS customer, value % 13 AS amount,
             '2026-11-0' || CAST(value % {DAYS} + 1 AS VARCHAR) AS day
         FROM generate_series(1, {ORDERS})"
    );
    let location = branch.object("orders/").uri();
    let copy = format!("COPY ({orders}) TO '{location}' STORED AS PARQUET PARTITIONED BY (day)");
    execute(session, &copy).await?;

    let customers = "
        SELECT value AS id, CASE value % 3 WHEN 0 THEN 'DE' WHEN 1 THEN 'FR' ELSE 'PT' END AS country
        FROM generate_series(0, 59)";
    let location = branch.object("customers/customers.parquet").uri();
    execute(session, &format!("COPY ({customers}) TO '{location}' STORED AS PARQUET")).await
}

/// Creates the tables of a session, which read at this reference.
pub(crate) async fn create(session: &SessionContext, reference: &Reference) -> Result<()> {
    let location = reference.object("orders/").uri();
    let orders = format!(
        "CREATE EXTERNAL TABLE orders (id BIGINT, customer BIGINT, amount BIGINT, day VARCHAR)
         STORED AS PARQUET PARTITIONED BY (day) LOCATION '{location}'"
    );
    execute(session, &orders).await?;
    let location = reference.object("customers/").uri();
    execute(session, &format!("CREATE EXTERNAL TABLE customers STORED AS PARQUET LOCATION '{location}'"))
        .await
}

/// Runs the query and returns its result as a table of text.
pub(crate) async fn query(session: &SessionContext) -> Result<String> {
    let batches = session.sql(QUERY).await?.collect().await?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

async fn execute(session: &SessionContext, statement: &str) -> Result<()> {
    session.sql(statement).await?.collect().await?;
    Ok(())
}
