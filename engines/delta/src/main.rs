//! Writes and reads Delta Lake tables on lakeFS with delta-rs.
//!
//! ```console
//! cargo run -p lakefs-delta
//! ```
//!
//! It creates a table on a branch, changes it with all kinds of operations, lets two processes append at the same time,
//! compares time travel by version and by commit, and kills a writer. It fails if a result is not the expected one.
//!
//! Runs on an in-memory test server. To run it on your own server, set `LAKECTL_SERVER_ENDPOINT_URL`,
//! `LAKECTL_CREDENTIALS_ACCESS_KEY_ID`, `LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY` and, unless the server uses local
//! storage, `LAKEFS_STORAGE_NAMESPACE`.
//!
//! The processes that append and the one that is killed are this program, with the arguments `append` and `hang`.

mod checks;
mod crash;
mod operations;
mod requests;
mod tables;
mod writers;

use std::env;
use std::error::Error;

use lakefs::Repository;
use lakefs_examples::ExampleServer;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    lakefs_engines::delta::register_handlers(None);
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match &*arguments {
        [] => run().await,
        ["append", url, first, count] => writers::append(url, first.parse()?, count.parse()?).await,
        ["hang", url] => crash::hang(url).await,
        _ => Err("arguments: none, `append <table> <first row> <rows>` or `hang <table>`".into()),
    };
    lakefs_engines::delta::finish_rollbacks().await;
    result
}

async fn run() -> Result<()> {
    let server = ExampleServer::connect().await?;
    let (repository, storage_namespace) = server.new_repository("delta")?;
    repository.create(storage_namespace).default_branch("main").await?;
    // The repository is deleted after a failure too.
    let result = run_in(&server, &repository).await;
    repository.delete().await?;
    result
}

async fn run_in(server: &ExampleServer, repository: &Repository) -> Result<()> {
    let main = repository.branch("main");

    heading("Change a table with the operations of delta-rs");
    let url = format!("{}/tables/events", main.uri());
    operations::run(server, &main, &url).await?;

    heading("Append from two processes at the same time");
    let url = format!("{}/tables/appended", main.uri());
    writers::run(server, &main, &url).await?;

    heading("Kill a writer");
    crash::run(server, repository, &url).await?;

    if server.test_server().is_some() {
        heading("Count the requests of an append");
        requests::run().await?;
    }
    checks::no_hidden_branches(repository).await
}

fn heading(text: &str) {
    println!("\n## {text}");
}
