//! What a session reads again. The keys of `DataFusion`'s caches are paths without the repository.

use datafusion::error::Result;
use lakefs_engines::datafusion::session_context;

use crate::{Fixture, write};

async fn create_table(lake: &Fixture, table: &str, location: &str) -> Result<()> {
    lake.sql(&format!("CREATE EXTERNAL TABLE {table} STORED AS PARQUET LOCATION '{location}'")).await?;
    Ok(())
}

#[tokio::test]
async fn equal_paths_of_two_repositories_are_not_confused() {
    let lake = Fixture::start().await;
    for (name, value) in [("one", 1), ("two", 2)] {
        lake.repository(name).await;
        // Files of the same size, written within the same second.
        lake.write(&format!("lakefs://{name}/main/data/part.parquet"), value).await;
    }
    lake.write("lakefs://two/main/data/more.parquet", 10).await;

    assert_eq!(lake.read("lakefs://one/main/data/").await.unwrap(), 1);
    assert_eq!(lake.read("lakefs://two/main/data/").await.unwrap(), 12);
    assert_eq!(lake.read("lakefs://one/main/data/").await.unwrap(), 1);
}

#[tokio::test]
async fn table_on_a_branch_sees_what_others_write() {
    let lake = Fixture::start().await;
    let repository = lake.repository("shared").await;
    lake.write("lakefs://shared/main/data/part.parquet", 1).await;
    create_table(&lake, "shared", "lakefs://shared/main/data/").await.unwrap();
    assert_eq!(lake.read_table("shared").await.unwrap(), 1);

    // Another session overwrites the file within a second, and adds one.
    let other = session_context(lake.client.clone()).unwrap();
    write(&other, "lakefs://shared/main/data/part.parquet", 2).await;
    write(&other, "lakefs://shared/main/data/more.parquet", 20).await;
    assert_eq!(lake.read_table("shared").await.unwrap(), 22);

    repository.branch("main").object("data/more.parquet").delete().await.unwrap();
    assert_eq!(lake.read_table("shared").await.unwrap(), 2);
    let statistics = "SELECT MAX(value) AS max, COUNT(*) AS count FROM shared";
    let expected = "
+-----+-------+
| max | count |
+-----+-------+
| 2   | 1     |
+-----+-------+";
    assert_eq!(lake.sql(statistics).await.unwrap(), expected.trim_start());
}

#[tokio::test]
async fn list_and_footers_at_a_commit_are_read_once() {
    let lake = Fixture::start().await;
    let repository = lake.repository("pinned").await;
    lake.write("lakefs://pinned/main/data/part.parquet", 1).await;
    let commit = repository.branch("main").commit("data").await.unwrap();
    create_table(&lake, "pinned", &format!("lakefs://pinned/{}/data/", commit.id)).await.unwrap();
    assert_eq!(lake.read_table("pinned").await.unwrap(), 1);

    lake.server.clear_requests();
    assert_eq!(lake.read_table("pinned").await.unwrap(), 1);
    let requests: Vec<_> = lake.server.requests().iter().map(|request| request.operation).collect();
    // Not even the column: the cached statistics contain its only value.
    assert_eq!(requests, [""; 0]);

    // On the branch, nothing is cached.
    create_table(&lake, "branch", "lakefs://pinned/main/data/").await.unwrap();
    assert_eq!(lake.read_table("branch").await.unwrap(), 1);
    lake.server.clear_requests();
    assert_eq!(lake.read_table("branch").await.unwrap(), 1);
    assert!(!lake.server.requests_for("listObjects").is_empty());
}
