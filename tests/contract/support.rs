//! A lakeFS for a test, whichever it is.

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use futures::Stream;
use lakefs::requests::ReadRequest;
use lakefs::{
    Branch, BranchObject, Client, ClientBuilder, Error, ErrorKind, Object, Repository, Tag,
    TryStreamExt as _, models,
};
use lakefs_testserver::Server;

/// A client of the lakeFS under test.
pub(crate) struct Lake {
    pub(crate) client: Client,
    /// The test server, when it is one; `None` for a real lakeFS.
    pub(crate) server: Option<Server>,
    endpoint: String,
    key_pair: [String; 2],
    namespace: String,
}

impl Lake {
    /// Connects to the server that the environment names, or starts one for this test alone.
    pub(crate) async fn new() -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let Some(endpoint) = variable("LAKEFS_TEST_ENDPOINT") else {
            announce(if presigned() { "the test server with presigned storage" } else { "the test server" });
            return Self::start().await;
        };
        let id = variable("LAKECTL_CREDENTIALS_ACCESS_KEY_ID").expect("LAKECTL_CREDENTIALS_ACCESS_KEY_ID");
        let secret =
            variable("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY").expect("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY");
        let key_pair = [id, secret];
        let client = connect(&endpoint, &key_pair).build().unwrap();
        let config = client.api().get_config().send().await.expect("the server answers").into_inner();
        let version = config.version_config.and_then(|version| version.version).unwrap_or_default();
        let storage = config.storage_config.expect("the server has a storage");
        announce(&format!("lakeFS {version} with {} storage at {endpoint}", storage.blockstore_type));
        let namespace = variable("LAKEFS_TEST_STORAGE_NAMESPACE")
            .unwrap_or_else(|| format!("{}://contract-tests", storage.blockstore_type));
        let namespace = format!("{}/", namespace.trim_end_matches('/'));
        Self { client, server: None, endpoint, key_pair, namespace }
    }

    /// Starts a test server for this test alone.
    pub(crate) async fn start() -> Self {
        let contract = include_str!("../../openapi/lakefs.json");
        let mut server = Server::builder().contract(contract);
        if presigned() {
            server = server.presigned_storage();
        }
        let server = server.start().await.expect("the test server starts");
        let endpoint = server.endpoint().to_owned();
        let key_pair = [server.access_key_id(), server.secret_access_key()].map(str::to_owned);
        let client = connect(&endpoint, &key_pair).build().unwrap();
        Self { client, server: Some(server), endpoint, key_pair, namespace: "mem://".to_owned() }
    }

    /// A server that nobody has set up: the one that the environment names as such, which serves one run, or a test server.
    pub(crate) async fn fresh() -> Self {
        let variable = env::var("LAKEFS_TEST_FRESH_ENDPOINT").ok().filter(|value| !value.is_empty());
        let Some(endpoint) = variable else {
            let mut lake = Self::start().await;
            let contract = include_str!("../../openapi/lakefs.json");
            let server = Server::builder().contract(contract).without_setup().start().await;
            let server = server.expect("the test server starts");
            server.endpoint().clone_into(&mut lake.endpoint);
            lake.server = Some(server);
            return lake;
        };
        let key_pair = ["AKIAFRESH".to_owned(), "fresh-secret".to_owned()];
        let client = connect(&endpoint, &key_pair).build().unwrap();
        Self { client, server: None, endpoint, key_pair, namespace: String::new() }
    }

    /// A client of the same server that knows no credentials, to be configured otherwise.
    pub(crate) fn stranger(&self) -> ClientBuilder {
        Client::builder().endpoint(&self.endpoint)
    }

    /// Another client of the same server and user, to be configured otherwise.
    pub(crate) fn builder(&self) -> ClientBuilder {
        connect(&self.endpoint, &self.key_pair)
    }

    /// Access key id and secret access key.
    pub(crate) fn key_pair(&self) -> [String; 2] {
        self.key_pair.clone()
    }

    /// A name that no other test has, in this run or in another one on the same server.
    #[expect(clippy::unused_self, reason = "it is a name on this server")]
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

/// What the test server answered, it answered by the contract.
impl Drop for Lake {
    fn drop(&mut self) {
        if let Some(server) = self.server.as_ref().filter(|_| !std::thread::panicking()) {
            assert_eq!(server.contract_violations(), Vec::<String>::new());
        }
    }
}

/// Whether test servers are to have a storage that clients use by themselves.
fn presigned() -> bool {
    env::var("LAKEFS_TEST_STORAGE").is_ok_and(|storage| storage == "presigned")
}

fn connect(endpoint: &str, [id, secret]: &[String; 2]) -> ClientBuilder {
    Client::builder().endpoint(endpoint).access_key(id, secret)
}

fn announce(server: &str) {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| eprintln!("contract suite on {server}"));
}

/// Puts objects on a branch and commits them.
pub(crate) async fn commit(
    branch: &Branch,
    message: &str,
    objects: &[(&str, &'static str)],
) -> models::Commit {
    stage(branch, objects).await;
    branch.commit(message).await.expect("a commit")
}

/// Puts objects on a branch.
pub(crate) async fn stage(branch: &Branch, objects: &[(&str, &'static str)]) {
    for (path, data) in objects {
        branch.object(*path).upload(*data).await.expect("an upload");
    }
}

/// Makes a tag.
pub(crate) async fn tag(repository: &Repository, name: &str, reference: &str) -> Tag {
    let tag = repository.tag(name);
    tag.create(reference).await.expect("a tag");
    tag
}

/// The paths of a diff, in its order.
pub(crate) async fn paths(diff: impl Stream<Item = lakefs::Result<models::Diff>>) -> Vec<String> {
    diff.map_ok(|entry| entry.path).try_collect().await.expect("the diff")
}

/// The types and paths of a diff, in its order: `added a/b`.
pub(crate) async fn entries(diff: impl Stream<Item = lakefs::Result<models::Diff>>) -> Vec<String> {
    diff.map_ok(|entry| format!("{} {}", entry.type_, entry.path)).try_collect().await.expect("the diff")
}

/// The text of an object.
pub(crate) async fn text(object: impl Readable) -> String {
    String::from_utf8(object.read().await.expect("the object").to_vec()).unwrap()
}

/// An object that can be read.
pub(crate) trait Readable {
    fn read(&self) -> ReadRequest;
}

impl Readable for &Object {
    fn read(&self) -> ReadRequest {
        Object::read(self)
    }
}

impl Readable for &BranchObject {
    fn read(&self) -> ReadRequest {
        BranchObject::read(self)
    }
}

/// Whether it looks like the identifier of a commit or a metarange.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Asserts that a call fails as the server says, or unsent as the client says: operation, status, kind and words.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(
    result: Result<T, Error>,
    operation: &str,
    status: impl Into<Option<u16>>,
    kind: ErrorKind,
    words: &str,
) -> Error {
    let error = result.expect_err("the call is refused");
    let expected = (Some(operation), status.into(), kind);
    assert_eq!((error.operation(), error.status(), error.kind()), expected, "{error}");
    assert!(error.message().contains(words), "{words:?} is not in {:?}", error.message());
    error
}
