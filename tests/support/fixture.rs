//! The lakeFS under test, and clients for it.

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lakefs::{Branch, Client, ClientBuilder, Repository, RetryPolicy, models};
use lakefs_testserver::{Server, ServerBuilder};

/// The lakeFS under test: the one that the environment names, or a test server of this test alone.
pub(crate) struct Fixture {
    /// A client of a user who may do everything.
    pub(crate) client: Client,
    /// The test server, or `None` for a real lakeFS.
    pub(crate) server: Option<Server>,
    endpoint: String,
    access_key: [String; 2],
    namespace: String,
}

impl Fixture {
    /// Connects to the lakeFS of `LAKEFS_TEST_ENDPOINT`. Without that variable, starts a test server.
    pub(crate) async fn new() -> Self {
        let Some(endpoint) = variable("LAKEFS_TEST_ENDPOINT") else {
            announce(if presigned() { "the test server with presigned storage" } else { "the test server" });
            return Self::in_memory().await;
        };
        let required = |name: &str| variable(name).unwrap_or_else(|| panic!("{name} is not set"));
        let access_key =
            ["LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY"].map(required);
        let client = builder(&endpoint, &access_key).build().unwrap();
        let config = client.api().get_config().send().await.expect("the server responds").into_inner();
        let version = config.version_config.and_then(|version| version.version).unwrap_or_default();
        let storage = config.storage_config.expect("the server has a storage");
        announce(&format!("lakeFS {version} with {} storage at {endpoint}", storage.blockstore_type));
        let namespace = variable("LAKEFS_TEST_STORAGE_NAMESPACE")
            .unwrap_or_else(|| format!("{}://contract-tests", storage.blockstore_type));
        let namespace = format!("{}/", namespace.trim_end_matches('/'));
        Self { client, server: None, endpoint, access_key, namespace }
    }

    /// Starts a test server, whose storage is the one that `LAKEFS_TEST_STORAGE` names.
    pub(crate) async fn in_memory() -> Self {
        let server = Server::builder();
        Self::start(if presigned() { server.presigned_storage() } else { server }).await
    }

    /// Starts a test server with these settings. It validates its responses against the contract.
    pub(crate) async fn start(server: ServerBuilder) -> Self {
        let contract = include_str!("../../openapi/lakefs.json");
        let server = server.contract(contract).start().await.expect("the test server starts");
        let endpoint = server.endpoint().to_owned();
        let access_key = [server.access_key_id(), server.secret_access_key()].map(str::to_owned);
        // The test server processes a request at once, so there is no reason to check for long whether it took effect.
        let retries = RetryPolicy::default().reconcile_timeout(Duration::from_millis(500));
        let client = builder(&endpoint, &access_key).retries(retries).build().unwrap();
        Self { client, server: Some(server), endpoint, access_key, namespace: "mem://".to_owned() }
    }

    /// A lakeFS that is not set up: the one of `LAKEFS_TEST_FRESH_ENDPOINT`, which serves one run, or a test server.
    pub(crate) async fn not_set_up() -> Self {
        let Some(endpoint) = variable("LAKEFS_TEST_FRESH_ENDPOINT") else {
            return Self::start(Server::builder().without_setup()).await;
        };
        let access_key = ["AKIAFRESH".to_owned(), "fresh-secret".to_owned()];
        let client = builder(&endpoint, &access_key).build().unwrap();
        Self { client, server: None, endpoint, access_key, namespace: String::new() }
    }

    /// Returns the test server, for tests that run on nothing else.
    #[track_caller]
    pub(crate) fn test_server(&self) -> &Server {
        self.server.as_ref().expect("a test server")
    }

    /// Returns the URL of the server.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the builder of a client of the same server, without credentials.
    pub(crate) fn anonymous(&self) -> ClientBuilder {
        Client::builder().endpoint(&self.endpoint).anonymous()
    }

    /// Returns the builder of another client of the same server and user.
    pub(crate) fn builder(&self) -> ClientBuilder {
        builder(&self.endpoint, &self.access_key)
    }

    /// Returns the access key id and the secret access key of the user.
    pub(crate) fn access_key(&self) -> [String; 2] {
        self.access_key.clone()
    }

    /// Returns a name that no other test uses, in this run or in another run on the same server.
    #[expect(clippy::unused_self, reason = "the name is unique on this server")]
    pub(crate) fn unique_name(&self, test: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static RUN: OnceLock<String> = OnceLock::new();
        let run = RUN.get_or_init(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            format!("{now:x}{:x}", std::process::id())
        });
        format!("{}-{run}-{}", test.replace('_', "-"), COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns an unused storage namespace.
    pub(crate) fn namespace(&self, name: &str) -> String {
        format!("{}{name}", self.namespace)
    }

    /// Creates a repository.
    pub(crate) async fn repository(&self, test: &str) -> Repository {
        let name = self.unique_name(test);
        let repository = self.client.repository(&name);
        repository.create(self.namespace(&name)).await.expect("the repository is created");
        repository
    }

    /// Creates a repository and returns its default branch.
    pub(crate) async fn main(&self, test: &str) -> Branch {
        self.repository(test).await.branch("main")
    }

    /// Creates a read-only repository.
    pub(crate) async fn read_only_repository(&self, test: &str) -> Repository {
        let name = self.unique_name(test);
        let repository = self.client.repository(&name);
        let create = repository.create(self.namespace(&name)).read_only(true);
        create.await.expect("the repository is created");
        repository
    }

    /// Returns what the server reports about its storage.
    pub(crate) async fn storage_config(&self) -> models::StorageConfig {
        let config = self.client.api().get_config().send().await.unwrap().into_inner();
        config.storage_config.expect("the server has a storage")
    }

    /// Returns true if the storage supports pre-signed URLs.
    pub(crate) async fn presigns(&self) -> bool {
        self.storage_config().await.pre_sign_support
    }

    /// Returns true if the storage supports multipart uploads with pre-signed URLs.
    pub(crate) async fn presigns_parts(&self) -> bool {
        self.storage_config().await.pre_sign_multipart_upload == Some(true)
    }

    /// Returns true if the server rejects a physical address that it gave out for another path. lakeFS 1.84 does not on
    /// a local disk.
    pub(crate) async fn verifies_addresses(&self) -> bool {
        self.storage_config().await.blockstore_type != "local"
    }
}

/// Fails the test if a response of the test server violates the contract.
impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(server) = self.server.as_ref().filter(|_| !std::thread::panicking()) {
            assert_eq!(server.contract_violations(), Vec::<String>::new());
        }
    }
}

/// Returns the value of an environment variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns true if test servers get a storage with pre-signed URLs.
fn presigned() -> bool {
    env::var("LAKEFS_TEST_STORAGE").is_ok_and(|storage| storage == "presigned")
}

fn builder(endpoint: &str, [id, secret]: &[String; 2]) -> ClientBuilder {
    Client::builder().endpoint(endpoint).access_key(id, secret)
}

/// Prints once which server the tests run on.
fn announce(server: &str) {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| eprintln!("the tests run on {server}"));
}
