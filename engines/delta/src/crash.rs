//! A writer that is killed in the middle of a write.

use std::collections::HashMap;
use std::future;
use std::time::Duration;

use deltalake::logstore::object_store::{ObjectStoreExt as _, path::Path};
use lakefs::{Repository, TryStreamExt as _};
use lakefs_examples::ExampleServer;

use crate::Result;
use crate::checks::{equal, no_hidden_branches};
use crate::tables::{ids, load, options, rows};
use crate::writers::start;

/// The writer is ready in time.
const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) async fn run(server: &ExampleServer, repository: &Repository, url: &str) -> Result<()> {
    let before = load(url, options(server)).await?;
    let rows_before = ids(&before).await?;
    let mut writer = start(server, &["hang", url])?;
    tokio::time::timeout(DEADLINE, has_written(repository)).await??;
    writer.kill().await?;
    println!("killed a writer that had written a file");

    let next = before.write([rows([1000])?]).await?;
    let mut expected = rows_before;
    expected.push(1000);
    equal("rows after the next write", &ids(&next).await?, &expected)?;

    // A program that runs regularly passes a longer time than any write takes.
    let mut abandoned = repository.abandoned_transactions(Duration::ZERO);
    let mut deleted = 0;
    while let Some(transaction) = abandoned.try_next().await? {
        println!("delete {}", transaction.branch().name());
        transaction.delete().await?;
        deleted += 1;
    }
    equal("abandoned branches", &deleted, &1)?;
    no_hidden_branches(repository).await
}

/// Waits until the writer has a hidden branch with a file.
async fn has_written(repository: &Repository) -> Result<()> {
    loop {
        let mut branches = repository.branches().show_hidden(true);
        while let Some(branch) = branches.try_next().await? {
            let changes = repository.branch(&*branch.id).uncommitted().try_next().await?;
            if branch.id != "main" && changes.is_some() {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Writes a file as an operation of delta-rs does, and never commits.
pub(crate) async fn hang(url: &str) -> Result<()> {
    let table = load(url, HashMap::new()).await?;
    let store = table.log_store().object_store(Some(OPERATION.parse()?));
    store.put(&Path::from("part-00000-of-a-killed-writer.parquet"), "incomplete".into()).await?;
    future::pending().await
}

/// The id of an operation.
const OPERATION: &str = "9c2f6a52-0a8e-4a4c-8a58-7a3b1c1d2e3f";
