//! All kinds of operations on one table, and time travel.

use deltalake::datafusion::prelude::{SessionContext, col, lit};
use deltalake::protocol::SaveMode;
use lakefs::reexports::chrono::Duration;
use lakefs::{Branch, ErrorKind};
use lakefs_examples::ExampleServer;

use crate::Result;
use crate::checks::{committed_versions, equal, no_hidden_branches};
use crate::tables::{create, ids, load, options, rows};

pub(crate) async fn run(server: &ExampleServer, main: &Branch, url: &str) -> Result<()> {
    let options = || options(server);
    let table = create(url, options()).await?;
    let table = table.write([rows(1..=3)?]).await?;
    equal("appended", &ids(&table).await?, &vec![1, 2, 3])?;

    let (table, _) = table.delete().with_predicate(col("id").eq(lit(2))).await?;
    equal("deleted", &ids(&table).await?, &vec![1, 3])?;

    let (table, _) = table.update().with_predicate(col("id").eq(lit(3))).with_update("id", lit(30)).await?;
    equal("updated", &ids(&table).await?, &vec![1, 30])?;

    let source = SessionContext::new().read_batch(rows([1, 5])?)?;
    let (table, _) = table
        .merge(source, col("target.id").eq(col("source.id")))
        .with_source_alias("source")
        .with_target_alias("target")
        .when_matched_delete(|delete| delete)?
        .when_not_matched_insert(|insert| insert.set("id", col("source.id")).set("name", col("source.name")))?
        .await?;
    equal("merged", &ids(&table).await?, &vec![5, 30])?;

    let table = table.write([rows([6])?]).await?;
    let (table, optimized) = table.optimize().await?;
    equal("files after optimize", &optimized.num_files_added, &1)?;
    equal("optimized", &ids(&table).await?, &vec![5, 6, 30])?;
    let table = table.write([rows([7])?]).with_save_mode(SaveMode::Overwrite).await?;
    equal("overwritten", &ids(&table).await?, &vec![7])?;

    let versions = committed_versions(main, "tables/events").await?;
    println!("{} versions, each a commit of the branch", versions.len());
    let numbers: Vec<u64> = versions.iter().rev().map(|(version, _)| *version).collect();
    equal("versions", &numbers, &(0..=table.version().ok_or("no version")?).collect())?;
    no_hidden_branches(&main.repository()).await?;

    for (version, commit) in &versions {
        let mut by_version = load(url, options()).await?;
        by_version.load_version(*version).await?;
        let at_commit = format!("{}/tables/events", main.repository().reference(commit).uri());
        let by_commit = load(&at_commit, options()).await?;
        equal("version at the commit", &by_commit.version(), &Some(*version))?;
        equal("rows by version and by commit", &ids(&by_version).await?, &ids(&by_commit).await?)?;
    }

    let vacuum = table.vacuum().with_retention_period(Duration::zero());
    let (table, vacuumed) = vacuum.with_enforce_retention_duration(false).await?;
    println!("vacuum deleted {} files", vacuumed.files_deleted.len());
    let file = vacuumed.files_deleted.first().ok_or("vacuum deleted nothing")?;
    let gone = main.object(format!("tables/events/{file}")).stat().await;
    let gone = gone.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    equal("file is deleted on the branch", &gone, &true)?;
    equal("rows after vacuum", &ids(&table).await?, &vec![7])?;
    let (_, first) = versions.iter().find(|(version, _)| *version == 1).ok_or("no version 1")?;
    let at_commit = format!("{}/tables/events", main.repository().reference(first).uri());
    equal("rows at a commit after vacuum", &ids(&load(&at_commit, options()).await?).await?, &vec![1, 2, 3])?;
    no_hidden_branches(&main.repository()).await
}
