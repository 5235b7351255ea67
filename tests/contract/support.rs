//! A lakeFS for a test, whichever it is.

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use lakefs::{Branch, Client, Error, ErrorKind, Repository};
use lakefs_testserver::Server;

/// A client of the lakeFS under test.
pub(crate) struct Lake {
    pub(crate) client: Client,
    /// The test server, when it is one; `None` for a real lakeFS.
    pub(crate) server: Option<Server>,
    namespace: String,
}

impl Lake {
    /// Connects to the server that the environment names, or starts one for this test alone.
    pub(crate) async fn new() -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let Some(endpoint) = variable("LAKEFS_TEST_ENDPOINT") else {
            announce("the test server");
            let server = Server::start().await.expect("the test server starts");
            let client = Client::builder()
                .endpoint(server.endpoint())
                .credentials(server.access_key_id(), server.secret_access_key())
                .build()
                .unwrap();
            return Self { client, server: Some(server), namespace: "mem://".to_owned() };
        };
        let id = variable("LAKECTL_CREDENTIALS_ACCESS_KEY_ID").expect("LAKECTL_CREDENTIALS_ACCESS_KEY_ID");
        let secret =
            variable("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY").expect("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY");
        let client = Client::builder().endpoint(&endpoint).credentials(id, secret).build().unwrap();
        let config = client.api().get_config().send().await.expect("the server answers").into_inner();
        let version = config.version_config.and_then(|version| version.version).unwrap_or_default();
        let storage = config.storage_config.expect("the server has a storage");
        announce(&format!("lakeFS {version} with {} storage at {endpoint}", storage.blockstore_type));
        let namespace = variable("LAKEFS_TEST_STORAGE_NAMESPACE")
            .unwrap_or_else(|| format!("{}://contract-tests", storage.blockstore_type));
        Self { client, server: None, namespace: format!("{}/", namespace.trim_end_matches('/')) }
    }

    /// A name that no other test has, in this run or in another one on the same server.
    pub(crate) fn name(&self, test: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static RUN: OnceLock<String> = OnceLock::new();
        let run = RUN.get_or_init(|| {
            let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            format!("{moment:x}{:x}", std::process::id())
        });
        format!("{}-{run}-{}", test.replace('_', "-"), COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// A storage namespace that is free.
    pub(crate) fn namespace(&self, name: &str) -> String {
        format!("{}{name}", self.namespace)
    }

    /// A new repository.
    pub(crate) async fn repository(&self, test: &str) -> Repository {
        let name = self.name(test);
        let repository = self.client.repository(&name);
        repository.create(self.namespace(&name)).await.expect("a new repository");
        repository
    }

    /// The default branch of a new repository.
    pub(crate) async fn main(&self, test: &str) -> Branch {
        self.repository(test).await.branch("main")
    }
}

fn announce(server: &str) {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| eprintln!("contract suite on {server}"));
}

/// Asserts that a call fails as the server says: status, kind and words.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(
    result: Result<T, Error>,
    status: u16,
    kind: ErrorKind,
    words: &str,
) -> Error {
    let error = result.expect_err("the call is refused");
    assert_eq!((error.status(), error.kind()), (Some(status), kind), "{error}");
    assert!(error.message().contains(words), "{words:?} is not in {:?}", error.message());
    error
}
