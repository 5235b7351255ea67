//! Writes the tables, starts the cluster, and compares its result with that of one process.

use std::time::Duration;

use lakefs::{Reference, Repository, TryStreamExt as _};
use lakefs_engines::datafusion::session_context;
use lakefs_examples::ExampleServer;
use tokio::time::timeout;

use crate::args::{Endpoint, RunOptions};
use crate::cluster::Cluster;
use crate::{Result, session, tables};

/// How many executors are started.
const EXECUTORS: usize = 2;
/// How long the query may take on the cluster.
const QUERY_TIMEOUT: Duration = Duration::from_mins(2);

pub(crate) async fn run(options: RunOptions) -> Result<()> {
    let server = ExampleServer::connect().await?;
    let (repository, storage_namespace) = server.new_repository("distributed")?;
    repository.create(storage_namespace).default_branch("main").await?;
    // The repository is deleted after a failure too.
    let result = run_in(&server, &repository, options).await;
    repository.delete().await?;
    result
}

async fn run_in(server: &ExampleServer, repository: &Repository, options: RunOptions) -> Result<()> {
    let main = repository.branch("main");
    let local = session_context(server.client.clone())?;

    heading("Write a partitioned table and a table of customers, and commit");
    tables::write(&local, &main).await?;
    let commit = main.commit("Orders and customers").await?;
    let orders: Vec<_> = main.objects().prefix("orders/").try_collect().await?;
    println!("commit {:.12} with {} files of orders", commit.id, orders.len());
    if orders.len() < tables::DAYS {
        return Err("the table has fewer files than partitions".into());
    }
    // Queries at the commit do not see this.
    for file in orders {
        main.object(file.path()).delete().await?;
    }

    heading("Query the commit in one process");
    let at_commit = repository.reference(&commit.id);
    tables::create(&local, &at_commit).await?;
    let expected = tables::query(&local).await?;
    println!("{expected}");
    if expected != tables::EXPECTED.trim_start() {
        return Err(format!("expected this result:{}", tables::EXPECTED).into());
    }

    if let Some(scheduler) = options.scheduler {
        heading("Query the commit on the given cluster");
        return query_cluster(server, &scheduler, &at_commit, &expected).await;
    }
    heading("Start a scheduler and two executors");
    let variables = server.test_server().map(|server| server.lakectl_env());
    let variables = variables.as_ref().map(|variables| &variables[..]).unwrap_or_default();
    let presign = repository.storage_config().await?.pre_sign_support;
    if presign {
        println!("the executors read the data from the storage, at pre-signed URLs");
    }
    let mut cluster = Cluster::start(EXECUTORS, presign, variables).await?;
    println!("the scheduler listens at {}:{}", cluster.scheduler.host, cluster.scheduler.port);

    heading("Query the commit on the cluster");
    if let Some(server) = server.test_server() {
        server.clear_requests();
    }
    let scheduler = cluster.scheduler.clone();
    let result = query_cluster(server, &scheduler, &at_commit, &expected).await;
    let result =
        result.and_then(|()| cluster.check_running()).and_then(|()| check_work(server, &cluster, &commit.id));
    if let Err(error) = result {
        return Err(format!("{error}\n{}", cluster.logs()).into());
    }
    cluster.stop().await
}

/// Runs the query on a cluster, and verifies that the result is the expected one.
async fn query_cluster(
    server: &ExampleServer,
    scheduler: &Endpoint,
    at_commit: &Reference,
    expected: &str,
) -> Result<()> {
    let session = session::connect(&server.client, scheduler, tables::DAYS).await?;
    let query = async {
        tables::create(&session, at_commit).await?;
        tables::query(&session).await
    };
    let result = timeout(QUERY_TIMEOUT, query)
        .await
        .map_err(|_| format!("the cluster has no result after {QUERY_TIMEOUT:?}"))??;
    println!("{result}");
    if result != expected {
        return Err("the cluster has another result than one process".into());
    }
    Ok(())
}

/// Verifies that every executor has worked: it has written intermediate results, and, which only the test server reports,
/// has read the table at the commit.
fn check_work(server: &ExampleServer, cluster: &Cluster, commit: &str) -> Result<()> {
    for executor in &cluster.executors {
        let id = &executor.id;
        let files = executor.shuffle_files()?;
        println!("{id} has written {files} files of intermediate results");
        if files == 0 {
            return Err(format!("{id} has done nothing").into());
        }
        let Some(server) = server.test_server() else { continue };
        let requests = server.requests_for("getObject");
        let by_executor = |request: &&lakefs_examples::RecordedRequest| {
            request.header("user-agent").is_some_and(|agent| agent.starts_with(id.as_str()))
        };
        let reads: Vec<_> = requests.iter().filter(by_executor).collect();
        println!("{id} has sent {} reads to lakeFS", reads.len());
        if reads.is_empty() {
            return Err(format!("{id} has read nothing from lakeFS").into());
        }
        if let Some(other) = reads.iter().find(|request| !request.path.contains(commit)) {
            return Err(format!("{id} has read {}, which is not at the commit", other.path).into());
        }
    }
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}");
}
