//! Runs many tasks on one client through a proxy that injects faults, and checks what the server has afterwards.
//!
//! Every change that was acknowledged must be there, once. A change that failed with a certain error must not be there. A
//! change whose outcome is unknown is there as a whole, or not at all.

mod ledger;
mod proxy;
mod resources;
mod verify;
mod workload;

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lakefs::{Client, RetryPolicy};
use lakefs_testserver::Server;
use lexopt::{Arg, Parser, ValueExt as _};

use ledger::Ledger;
use proxy::Proxy;
use resources::Monitor;
use workload::Workload;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
cargo xtask soak [OPTIONS]

  Writes, commits, merges, tags, lists and runs transactions in many tasks, through a proxy that injects faults. Then
  checks without the proxy that nothing was lost, nothing was applied twice, and no error was wrong about its outcome.

  --seconds N      How long the tasks run. Default: 120.
  --tasks N        The number of tasks. Default: 64.
  --seed N         The seed of all random numbers. Default: a random one, which is printed.
  --storage URL    The storage namespace of the repository on a server from the environment. Default: local://soak.

  The server is that of LAKECTL_SERVER_ENDPOINT_URL with the credentials in LAKECTL_CREDENTIALS_ACCESS_KEY_ID and
  LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY. Without that variable, it is a test server in this process.
";

struct Options {
    duration: Duration,
    tasks: usize,
    seed: u64,
    storage: String,
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options {
        duration: Duration::from_secs(120),
        tasks: 64,
        seed: fastrand::u64(..),
        storage: "local://soak".to_owned(),
    };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("seconds") => options.duration = Duration::from_secs(arguments.value()?.parse()?),
            Arg::Long("tasks") => options.tasks = arguments.value()?.parse()?,
            Arg::Long("seed") => options.seed = arguments.value()?.parse()?,
            Arg::Long("storage") => options.storage = arguments.value()?.string()?,
            Arg::Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

/// The server, with its credentials.
struct Target {
    endpoint: String,
    key: (String, String),
    storage: String,
    /// The test server, which stops when this value is dropped.
    _server: Option<Server>,
}

impl Target {
    async fn connect(storage: String) -> Result<Self, BoxError> {
        if let Ok(endpoint) = env::var("LAKECTL_SERVER_ENDPOINT_URL") {
            let key = (
                env::var("LAKECTL_CREDENTIALS_ACCESS_KEY_ID")?,
                env::var("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY")?,
            );
            return Ok(Self { endpoint, key, storage, _server: None });
        }
        let server = Server::start().await?;
        Ok(Self {
            endpoint: server.endpoint().to_owned(),
            key: (server.access_key_id().to_owned(), server.secret_access_key().to_owned()),
            storage: "mem://soak".to_owned(),
            _server: Some(server),
        })
    }

    /// A client of the server at `endpoint`, which may be that of the proxy.
    fn client(&self, endpoint: &str) -> lakefs::Result<Client> {
        let retries = RetryPolicy::default()
            .max_attempts(6)
            .initial_backoff(Duration::from_millis(50))
            .max_backoff(Duration::from_secs(2));
        Client::builder().endpoint(endpoint).access_key(&self.key.0, &self.key.1).retries(retries).build()
    }
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(BoxError::from);
    match outcome.and_then(|runtime| runtime.block_on(run(options))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the tasks and the checks. Returns whether everything was as it must be.
async fn run(options: Options) -> Result<bool, BoxError> {
    let Options { duration, tasks, seed, storage } = options;
    let target = Target::connect(storage).await?;
    let proxy = Proxy::start(&target.endpoint, seed).await?;
    println!("{tasks} tasks for {} s on {}, seed {seed}", duration.as_secs(), target.endpoint);

    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let name = format!("soak-{now}");
    let direct = target.client(&target.endpoint)?;
    let namespace = format!("{}/{name}", target.storage);
    direct.repository(&name).create(namespace).await?;

    let ledger = Arc::new(Ledger::default());
    let through_proxy = target.client(proxy.endpoint())?;
    let workload = Workload::new(through_proxy.repository(&name), Arc::clone(&ledger));
    let monitor = Monitor::start(duration);
    let start = Instant::now();
    workload.run(tasks, start + duration, seed).await;
    let elapsed = start.elapsed();
    drop(through_proxy);
    let resources = monitor.finish();

    let violations = verify::check(&direct.repository(&name), &ledger).await?;
    println!("{}", ledger.report(elapsed));
    println!("{}", proxy.report());
    println!("{resources}");
    for violation in violations.iter().take(50) {
        println!("VIOLATION {violation}");
    }
    println!("{} violations", violations.len());
    Ok(violations.is_empty() && ledger.hung() == 0 && resources.is_flat())
}
