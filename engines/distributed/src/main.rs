//! Runs a join on lakeFS with Ballista: a scheduler and two executors, each a process of its own.
//!
//! ```console
//! cargo run -p lakefs-distributed
//! ```
//!
//! This program is all three: `run`, the default, writes the tables, starts the processes on free ports of this machine,
//! and queries them. `scheduler` and `executor` serve; on several machines you start them yourself, and pass the address
//! of the scheduler to `run`. See `README.md`.
//!
//! All processes resolve `lakefs://` with the client that their environment describes. `run` starts an in-memory test
//! server if `LAKECTL_SERVER_ENDPOINT_URL` is not set.

mod args;
mod cluster;
mod executor;
mod parent;
mod run;
mod scheduler;
mod session;
mod tables;

use std::error::Error;
use std::process::ExitCode;

use self::args::Command;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    match execute().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With the line breaks of logs.
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn execute() -> Result<()> {
    match args::parse()? {
        Command::Run(options) => run::run(options).await,
        Command::Scheduler(options) => {
            log_to_stderr();
            scheduler::serve(options).await
        }
        Command::Executor(options) => {
            log_to_stderr();
            executor::serve(options).await
        }
    }
}

/// Writes the log of Ballista to standard error. Default of `RUST_LOG`: `info`.
fn log_to_stderr() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
}
