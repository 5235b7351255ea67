//! TLS by the library that the enabled features select, with a server that has a certificate of its own.

#![cfg(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::{Arc, Mutex};

use lakefs::{Client, Error, ErrorKind, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use support::{ScriptedResponse, ScriptedServer};

/// The endpoint of the server that a child process calls.
const ENDPOINT: &str = "LAKEFS_TEST_TLS_ENDPOINT";

/// Whether that process requests HTTP/2.
const HTTP2: &str = "LAKEFS_TEST_TLS_HTTP2";

/// A server with TLS, which responds to every request with a repository.
struct TlsServer {
    port: u16,
    certificate: String,
    /// The application protocols that were negotiated.
    protocols: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
    accepting: JoinHandle<()>,
}

impl TlsServer {
    async fn start() -> Self {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let protocols = Arc::default();
        let accepting = tokio::spawn(accept(listener, acceptor, Arc::clone(&protocols)));
        Self { port, certificate: own.cert.pem(), protocols, accepting }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, protocols: Arc<Mutex<Vec<Option<Vec<u8>>>>>) {
    const BODY: &str =
        r#"{"id":"example","creation_date":1,"default_branch":"main","storage_namespace":"mem://x"}"#;
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        // The client need not trust the certificate.
        let Ok(mut stream) = acceptor.accept(stream).await else { continue };
        protocols.lock().unwrap().push(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
        let mut request = [0; 4096];
        _ = stream.read(&mut request).await;
        let response = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        _ = stream.write_all(response.as_bytes()).await;
        _ = stream.shutdown().await;
    }
}

fn client(endpoint: &str) -> Client {
    Client::builder().endpoint(endpoint).anonymous().retries(RetryPolicy::none()).build().unwrap()
}

async fn failure(endpoint: &str) -> Error {
    client(endpoint).repository("example").get().await.unwrap_err()
}

#[tokio::test]
async fn unknown_certificate_authority_is_refused() {
    let server = TlsServer::start().await;
    let endpoint = format!("https://localhost:{}", server.port);
    let error = failure(&endpoint).await;
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    let expected = format!(r#"get repository "example": cannot connect to {endpoint}: the certificate"#);
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(error.message().contains("is not trusted: "), "{error}");
}

#[tokio::test]
async fn http_to_a_port_with_tls_says_so() {
    let server = TlsServer::start().await;
    let endpoint = format!("http://localhost:{}", server.port);
    let error = failure(&endpoint).await;
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert!(error.message().contains(&endpoint), "{error}");
    assert!(error.message().contains("use https:// in the endpoint"), "{error}");
}

#[tokio::test]
async fn https_to_a_port_without_tls_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 1024];
        _ = stream.read(&mut hello).await;
        _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
    });
    let error = failure(&endpoint).await;
    serving.await.unwrap();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert!(error.message().contains(&endpoint), "{error}");
    assert!(error.message().contains("use http:// in the endpoint"), "{error}");
}

#[tokio::test]
async fn http_needs_no_tls() {
    let script =
        ScriptedServer::start([ScriptedResponse::json(404, r#"{"message":"repository not found"}"#)]).await;
    assert_eq!(failure(script.endpoint()).await.kind(), ErrorKind::NotFound);
}

/// Runs `child` in a process that trusts the certificate of the server, and returns the protocol that was negotiated.
async fn negotiate(http2: &str) -> Option<Vec<u8>> {
    let server = TlsServer::start().await;
    let certificate = std::env::temp_dir().join(format!("lakefs-tls-{}-{http2}.pem", std::process::id()));
    std::fs::write(&certificate, &server.certificate).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--ignored", "--nocapture"]).env("SSL_CERT_FILE", &certificate);
    child.env(ENDPOINT, format!("https://localhost:{}", server.port)).env(HTTP2, http2);
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    std::fs::remove_file(&certificate).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let protocols = server.protocols.lock().unwrap();
    protocols.first().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_server_is_reached_with_http_1() {
    assert_eq!(negotiate("false").await.as_deref(), Some(&b"http/1.1"[..]));
}

#[cfg(feature = "http2")]
#[tokio::test(flavor = "multi_thread")]
async fn http2_is_negotiated_on_request() {
    assert_eq!(negotiate("true").await.as_deref(), Some(&b"h2"[..]));
}

/// Certificates of the platform are those that a variable of the environment names, which a process cannot change.
#[tokio::test]
#[ignore = "the other tests run it in a process of its own"]
async fn child() {
    let Ok(endpoint) = std::env::var(ENDPOINT) else { return };
    let http2 = std::env::var(HTTP2).unwrap() == "true";
    let builder = Client::builder().endpoint(endpoint).anonymous().retries(RetryPolicy::none());
    #[cfg(feature = "http2")]
    let builder = builder.http2(http2);
    let outcome = builder.build().unwrap().repository("example").get().await;
    // The server negotiates HTTP/2, and does not speak it.
    assert!(http2 || outcome.unwrap().id == "example");
}
