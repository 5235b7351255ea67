//! Two processes that append to one table.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use lakefs::Branch;
use lakefs_examples::ExampleServer;
use tokio::process::{Child, Command};

use crate::Result;
use crate::checks::{committed_versions, equal, no_hidden_branches};
use crate::tables::{create, environment, ids, load, options, rows, this_program};

/// The rows, and versions, that each process appends.
const APPENDS: i64 = 20;

/// Both processes are ready in time.
const DEADLINE: Duration = Duration::from_mins(4);

pub(crate) async fn run(server: &ExampleServer, main: &Branch, url: &str) -> Result<()> {
    create(url, options(server)).await?;
    let started = Instant::now();
    let first = start(server, &["append", url, "0", &APPENDS.to_string()])?;
    let second = start(server, &["append", url, &APPENDS.to_string(), &APPENDS.to_string()])?;
    let both = async { tokio::try_join!(succeed(first), succeed(second)) };
    tokio::time::timeout(DEADLINE, both).await??;
    println!("{} appends in {:.1?}", 2 * APPENDS, started.elapsed());

    let table = load(url, options(server)).await?;
    equal("rows", &ids(&table).await?, &(0..2 * APPENDS).collect())?;
    let versions = committed_versions(main, "tables/appended").await?;
    let numbers: Vec<u64> = versions.iter().rev().map(|(version, _)| *version).collect();
    equal("versions", &numbers, &(0..=u64::try_from(2 * APPENDS)?).collect())?;
    no_hidden_branches(&main.repository()).await
}

/// Appends rows one by one, each as a version. The server is the one of the environment.
pub(crate) async fn append(url: &str, first: i64, count: i64) -> Result<()> {
    let mut table = load(url, HashMap::new()).await?;
    for id in first..first + count {
        table = table.write([rows([id])?]).await?;
    }
    Ok(())
}

/// Starts this program again. The process ends with this one.
pub(crate) fn start(server: &ExampleServer, arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new(this_program()?);
    command.args(arguments).envs(environment(server)).stdin(Stdio::null()).kill_on_drop(true);
    Ok(command.spawn()?)
}

async fn succeed(mut child: Child) -> Result<()> {
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(format!("a writer failed: {status}").into()) }
}
