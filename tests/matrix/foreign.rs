//! Responses that are not lakeFS's, or not those of the operation: no operation believes them, and nothing follows a
//! redirect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lakefs::ErrorKind::{Decode, UnexpectedResponse};
use lakefs::{Client, Credentials, RetryPolicy};
use lakefs_testserver::FaultBuilder;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::case::{Case, Effect};
use crate::cases;
use crate::contract::{Contract, Success};
use crate::lab::{Lab, builder, is_of};
use crate::tls_front::TlsFront;

/// How many cases run at the same time.
const WORKERS: usize = 4;
const PAGE: &str = "<!doctype html><title>Log in</title>";

/// Another origin, which nothing may reach.
struct Elsewhere {
    url: String,
    connections: Arc<AtomicUsize>,
    _accepting: JoinSet<()>,
}

impl Elsewhere {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/login", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let mut accepting = JoinSet::new();
        let count = Arc::clone(&connections);
        accepting.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                _ = stream.read(&mut [0; 1024]).await;
            }
        });
        Self { url, connections, _accepting: accepting }
    }
}

/// A response that is not that of the operation.
struct Foreign {
    name: &'static str,
    status: u16,
    media_type: &'static str,
    location: Option<String>,
    body: &'static str,
    /// lakeFS wrote it, by its header.
    is_from_lakefs: bool,
}

impl Foreign {
    fn plan(&self, mut fault: FaultBuilder<'_>) {
        if !self.media_type.is_empty() {
            fault = fault.header("content-type", self.media_type);
        }
        if let Some(location) = &self.location {
            fault = fault.header("location", location);
        }
        if self.is_from_lakefs {
            fault = fault.header("x-request-id", "c0ffee");
        }
        fault.respond(self.status, self.body);
    }
}

/// The responses that no operation may believe.
fn responses(elsewhere: &str) -> Vec<Foreign> {
    let page = |name, status, location: Option<&str>| Foreign {
        name,
        status,
        media_type: "text/html; charset=utf-8",
        location: location.map(str::to_owned),
        body: PAGE,
        is_from_lakefs: false,
    };
    vec![
        page("a page", 200, None),
        page("a page with 201", 201, None),
        page("a page with 202", 202, None),
        Foreign { media_type: "", body: "", ..page("200 and nothing else", 200, None) },
        Foreign { media_type: "", body: "", ..page("204 of another server", 204, None) },
        page("301", 301, Some(elsewhere)),
        page("302", 302, Some(elsewhere)),
        page("303", 303, Some(elsewhere)),
        page("307", 307, Some(elsewhere)),
        page("308", 308, Some(elsewhere)),
        page("302 without Location", 302, None),
    ]
}

/// The responses in JSON that only operations with another schema may believe.
fn documents() -> Vec<Foreign> {
    let json = |name, body| Foreign {
        name,
        status: 0,
        media_type: "application/json",
        location: None,
        body,
        is_from_lakefs: true,
    };
    vec![
        json("another document", r#"{"foo":"bar"}"#),
        json("an empty object", "{}"),
        json("an empty array", "[]"),
        json("null", "null"),
        json("a text", r#""text""#),
        json("nothing", ""),
    ]
}

/// Whether the response is that of a success as the contract declares it. lakeFS sends no media type with these, and
/// only its request id is missing, so that nothing tells it from another server.
fn is_believed(case: &Case, foreign: &Foreign, success: &Success) -> bool {
    match (case.operation(), foreign.status) {
        (_, 204) => success.has_status(204),
        (_, 200) if foreign.body.is_empty() => success.has_status(200) && success.is_empty(),
        _ => false,
    }
}

/// The operations of a transaction that cannot fail it.
fn cannot_fail(case: &Case) -> bool {
    case.name == "delete_branch (transaction)"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_believes_a_response_that_is_not_of_lakefs_or_follows_a_redirect() {
    let elsewhere = Elsewhere::start().await;
    let url = elsewhere.url.clone();
    let check = move |lab: Arc<Lab>, case: Arc<Case>, contract: Arc<Contract>| {
        let url = url.clone();
        async move {
            let success = contract.success(case.operation());
            let mut failures = Vec::new();
            for foreign in responses(&url) {
                if !is_believed(&case, &foreign, success) {
                    let client = lab.client().clone();
                    failures.extend(refused(&lab, &case, client, &foreign, foreign.status).await.err());
                }
            }
            failures
        }
    };
    for_all_cases(check).await;
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0, "something followed a redirect");
}

/// The redirect leads from https to http, where everything could be read by others.
#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_follows_a_redirect_to_a_connection_without_tls() {
    let elsewhere = Elsewhere::start().await;
    let url = elsewhere.url.clone();
    let check = move |lab: Arc<Lab>, case: Arc<Case>, _: Arc<Contract>| {
        let url = url.clone();
        async move {
            let front = TlsFront::start(lab.server().local_addr()).await;
            let client = builder(lab.server(), &front.url).root_certificate(&*front.certificate);
            let client = client.build().unwrap();
            let mut failures = Vec::new();
            for foreign in responses(&url).into_iter().filter(|foreign| foreign.location.is_some()) {
                failures.extend(refused(&lab, &case, client.clone(), &foreign, foreign.status).await.err());
            }
            failures
        }
    };
    for_all_cases(check).await;
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0, "something followed a redirect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_believes_a_document_of_another_shape() {
    for_all_cases(|lab: Arc<Lab>, case: Arc<Case>, contract: Arc<Contract>| async move {
        let success = contract.success(case.operation());
        let mut failures = Vec::new();
        for foreign in documents() {
            if success.is_json() && !success.accepts(foreign.body) {
                let client = lab.client().clone();
                failures.extend(refused(&lab, &case, client, &foreign, success.status()).await.err());
            }
        }
        failures
    })
    .await;
}

/// Runs a check for every case, and fails with what all of them found.
async fn for_all_cases<F>(
    check: impl Fn(Arc<Lab>, Arc<Case>, Arc<Contract>) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = Vec<String>> + Send,
{
    let contract = Arc::new(Contract::new());
    let cases: Arc<Vec<_>> = Arc::new(cases::all().into_iter().map(Arc::new).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (contract, cases, next, check) =
            (Arc::clone(&contract), Arc::clone(&cases), Arc::clone(&next), check.clone());
        workers.spawn(async move {
            let lab = Arc::new(Lab::new().await);
            let mut failures = Vec::new();
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                failures.extend(check(Arc::clone(&lab), Arc::clone(case), Arc::clone(&contract)).await);
            }
            failures
        });
    }
    let mut failures: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    failures.sort_unstable();
    assert!(failures.is_empty(), "{} wrong outcomes\n{}", failures.len(), failures.join("\n"));
}

/// Checks that a call fails with `UnexpectedResponse` or `Decode` and changes nothing.
async fn refused(
    lab: &Lab,
    case: &Case,
    client: Client,
    foreign: &Foreign,
    status: u16,
) -> Result<(), String> {
    let prepared = lab.prepare(case).await?;
    let server = &prepared.world.server;
    server.clear_requests();
    let repository = prepared.world.repository.clone();
    let plan = server.faults().on(case.operation()).when(move |path| is_of(path, &repository)).always();
    let foreign = Foreign { location: foreign.location.clone(), status, ..*foreign };
    foreign.plan(plan);
    let outcome = prepared.call_with(case, client).await;
    server.faults().clear();
    let state = prepared.world.state();
    Lab::clean_up(case, &prepared);
    let failure = |seen: String| Err(format!("{} | {} | {seen}", case.name, foreign.name));
    match outcome {
        None => failure("no end".to_owned()),
        Some(Ok(_)) if cannot_fail(case) => Ok(()),
        Some(Ok(value)) => failure(format!("Ok({})", value.chars().take(80).collect::<String>())),
        Some(Err(error)) if !is_expected(&error, foreign.is_from_lakefs) => {
            failure(format!("{:?}: {error}", error.kind()))
        }
        Some(Err(_)) if case.effect != Effect::Read && state != prepared.before => {
            failure("the state has changed".to_owned())
        }
        Some(Err(_)) => Ok(()),
    }
}

fn is_expected(error: &lakefs::Error, is_from_lakefs: bool) -> bool {
    // A document of lakeFS that cannot be decoded is of a version that this crate does not know.
    error.kind() == UnexpectedResponse || is_from_lakefs && error.kind() == Decode
}

/// A login has the secret in its body, which a redirect with 307 or 308 would carry along.
#[tokio::test]
async fn login_with_a_redirect_sends_its_secret_nowhere() {
    let elsewhere = Elsewhere::start().await;
    let lab = Lab::new().await;
    let server = lab.server();
    for status in [301, 302, 303, 307, 308] {
        server.faults().on("login").header("location", &elsewhere.url).always().respond(status, "");
        let client = Client::builder()
            .endpoint(server.endpoint())
            .credentials(Credentials::login(server.access_key_id(), server.secret_access_key()))
            .retries(RetryPolicy::none())
            .build()
            .unwrap();
        let error = client.repository("example").get().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (UnexpectedResponse, Some("login")),
            "{status}: {error}"
        );
        server.faults().clear();
    }
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

/// An object may be a page, because its media type is the writer's.
#[tokio::test]
async fn object_that_is_a_page_is_read() {
    let lab = Lab::new().await;
    let repository = lab.client().repository("pages");
    repository.create("mem://pages").await.unwrap();
    let object = repository.branch("main").object("index.html");
    for content in ["", PAGE] {
        object.upload(content).content_type("text/html; charset=utf-8").await.unwrap();
        assert_eq!(object.read().await.unwrap(), content);
        assert_eq!(object.head().await.unwrap().content_type.as_deref(), Some("text/html; charset=utf-8"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("index.html");
        object.reader().download_to(&file).await.unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
    }
}
