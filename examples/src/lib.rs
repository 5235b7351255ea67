//! The server that the examples run on.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, process};

use lakefs::{Client, Repository};
pub use lakefs_testserver::RecordedRequest;
use lakefs_testserver::Server;

/// A client of the server that the environment names, or else of a test server in this process.
#[derive(Debug)]
pub struct ExampleServer {
    /// The client.
    pub client: Client,
    /// Where the server stores the data of new repositories.
    storage: String,
    /// The test server, which stops when this value is dropped.
    test_server: Option<Server>,
}

impl ExampleServer {
    /// Connects to the server in `LAKECTL_SERVER_ENDPOINT_URL`, or starts a test server if the variable is not set.
    ///
    /// On a server from the environment, new repositories are stored in `LAKEFS_STORAGE_NAMESPACE`. Default:
    /// `local://examples`.
    ///
    /// # Errors
    /// The client cannot be configured from the environment, or the test server cannot be started.
    pub async fn connect() -> Result<Self, Box<dyn Error + Send + Sync>> {
        if let Some(url) = env::var_os("LAKECTL_SERVER_ENDPOINT_URL").filter(|url| !url.is_empty()) {
            println!("Using the lakeFS server {}.", url.display());
            let storage = env::var("LAKEFS_STORAGE_NAMESPACE");
            let storage = storage.unwrap_or_else(|_| "local://examples".to_owned());
            return Ok(Self { client: Client::from_env()?, storage, test_server: None });
        }
        println!("Using an in-memory test server. Set LAKECTL_SERVER_ENDPOINT_URL to use another one.");
        let server = Server::start().await?;
        let client = Client::builder()
            .endpoint(server.endpoint())
            .access_key(server.access_key_id(), server.secret_access_key())
            .build()?;
        Ok(Self { client, storage: "mem://examples".to_owned(), test_server: Some(server) })
    }

    /// Returns the test server, unless the environment names another one.
    #[must_use]
    pub fn test_server(&self) -> Option<&Server> {
        self.test_server.as_ref()
    }

    /// Returns a repository with a unique name, and its storage namespace. The repository does not exist yet.
    ///
    /// # Errors
    /// The system clock is set to a time before 1970.
    pub fn new_repository(&self, prefix: &str) -> Result<(Repository, String), Box<dyn Error + Send + Sync>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        let name = format!("{prefix}-{now}-{}", process::id());
        let storage_namespace = format!("{}/{name}", self.storage);
        Ok((self.client.repository(name), storage_namespace))
    }
}
