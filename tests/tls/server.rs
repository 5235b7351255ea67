//! A server with TLS that speaks HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::certificates::{Authority, Leaf};

/// The size of the object that the server has.
pub(crate) const OBJECT_SIZE: u64 = 64 * 1024 * 1024;

/// Responds to requests for a repository, a list of branches, and an object.
pub(crate) struct TlsServer {
    port: u16,
    /// The application protocols that were negotiated.
    protocols: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
    accepting: JoinHandle<()>,
}

impl TlsServer {
    /// Starts a server with a certificate of `authority`.
    pub(crate) async fn start(authority: &Authority) -> Self {
        Self::start_with(&authority.issue(), None).await
    }

    /// Starts a server with this certificate. It requires certificates of `client_authority` from clients.
    pub(crate) async fn start_with(leaf: &Leaf, client_authority: Option<&Authority>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match client_authority {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = config.with_single_cert(vec![leaf.der()], leaf.key_der()).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let protocols = Arc::default();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let accepting = tokio::spawn(accept(listener, acceptor, Arc::clone(&protocols)));
        Self { port, protocols, accepting }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the protocol of each connection so far.
    pub(crate) fn protocols(&self) -> Vec<Option<Vec<u8>>> {
        self.protocols.lock().unwrap().clone()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, protocols: Arc<Mutex<Vec<Option<Vec<u8>>>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&protocols)));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, protocols: Arc<Mutex<Vec<Option<Vec<u8>>>>>) {
    // The client need not trust the certificate.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let is_http2 = protocol.as_deref() == Some(b"h2");
    protocols.lock().unwrap().push(protocol);
    let (stream, service) = (TokioIo::new(stream), service_fn(respond));
    // The client closes the connection when it wants to.
    if is_http2 {
        _ = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
    } else {
        _ = http1::Builder::new().serve_connection(stream, service).await;
    }
}

async fn respond(request: Request<Incoming>) -> Result<Response<Content>, Infallible> {
    let (media_type, content) = match request.uri().path() {
        path if path.ends_with("/objects") => ("application/octet-stream", Content::zeros(OBJECT_SIZE)),
        path if path.ends_with("/branches") => (
            "application/json",
            Content::text(
                r#"{"pagination":{"has_more":false,"max_per_page":1000,"next_offset":"","results":1},
                "results":[{"id":"main","commit_id":"c0"}]}"#,
            ),
        ),
        _ => (
            "application/json",
            Content::text(
                r#"{"id":"example","creation_date":1,"default_branch":"main","storage_namespace":"mem://x"}"#,
            ),
        ),
    };
    let response = Response::builder()
        .header("X-Request-Id", "request-7")
        .header("Content-Type", media_type)
        .header("Content-Length", content.left);
    let content = if request.method() == Method::HEAD { Content::zeros(0) } else { content };
    Ok(response.body(content).unwrap())
}

/// The body of a response: a text, or zeros.
struct Content {
    text: Option<Bytes>,
    left: u64,
}

impl Content {
    fn text(text: &'static str) -> Self {
        Self { text: Some(Bytes::from_static(text.as_bytes())), left: text.len() as u64 }
    }

    fn zeros(size: u64) -> Self {
        Self { text: None, left: size }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let chunk = self.text.take().unwrap_or(Bytes::from_static(&ZEROS));
        self.left -= chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }
}
