//! A reverse proxy that injects faults before and after the server handles a request.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::BoxError;

type Body = BoxBody<Bytes, io::Error>;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    None,
    /// The server gets the request late.
    Delay,
    /// The connection is closed, and the server gets nothing.
    DropBefore,
    /// The proxy answers, and the server gets nothing.
    StatusBefore(u16),
    /// The server handles the request, and the connection is closed.
    DropAfter,
    /// The server handles the request, and the proxy answers in its own words.
    StatusAfter(u16),
    /// The server handles the request, and the connection is closed in the body of the response.
    CutBody,
}

impl Fault {
    /// One request of eight has a fault.
    fn draw(random: &mut fastrand::Rng) -> Self {
        match random.u32(0..800) {
            0..10 => Self::DropBefore,
            10..20 => Self::StatusBefore(503),
            20..28 => Self::StatusBefore(502),
            28..36 => Self::StatusBefore(429),
            36..46 => Self::DropAfter,
            46..54 => Self::StatusAfter(503),
            54..60 => Self::StatusAfter(502),
            60..66 => Self::StatusAfter(504),
            66..72 => Self::CutBody,
            72..100 => Self::Delay,
            _ => Self::None,
        }
    }
}

struct Shared {
    upstream: String,
    http: Client<HttpConnector, Full<Bytes>>,
    random: Mutex<fastrand::Rng>,
    counts: Mutex<BTreeMap<Fault, usize>>,
}

/// A running proxy, which stops when this value is dropped.
pub(crate) struct Proxy {
    endpoint: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy of the server at `upstream`.
    pub(crate) async fn start(upstream: &str, seed: u64) -> Result<Self, BoxError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let upstream = upstream.trim_end_matches('/').trim_end_matches("/api/v1").to_owned();
        let http = Client::builder(TokioExecutor::new()).build_http();
        let shared = Arc::new(Shared {
            upstream,
            http,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            counts: Mutex::default(),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { endpoint, shared, serving })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The number of requests with each fault.
    pub(crate) fn report(&self) -> String {
        let counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = format!("{} requests through the proxy:", counts.values().sum::<usize>());
        for (fault, count) in &*counts {
            _ = write!(text, " {fault:?} {count},");
        }
        text.trim_end_matches(',').to_owned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| handle(Arc::clone(&shared), request));
            // An error of the service closes the connection, which is what some faults do.
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
    let fault = Fault::draw(&mut shared.random.lock().unwrap_or_else(PoisonError::into_inner));
    *shared.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(fault).or_default() += 1;
    match fault {
        Fault::DropBefore => return Err("dropped".into()),
        Fault::StatusBefore(status) => {
            // A proxy that refuses a request reads its body.
            request.into_body().collect().await?;
            return own_response(status);
        }
        Fault::Delay => {
            let pause = shared.random.lock().unwrap_or_else(PoisonError::into_inner).u64(0..400);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        _ => {}
    }
    let forwarded = forward(&shared, request).await?;
    match fault {
        Fault::DropAfter => Err("dropped".into()),
        Fault::StatusAfter(status) => own_response(status),
        Fault::CutBody => Ok(forwarded.map(|body| cut(&body))),
        _ => Ok(forwarded.map(whole)),
    }
}

/// A response in the words of the proxy.
fn own_response(status: u16) -> Result<Response<Body>, BoxError> {
    let text = "upstream connect error or disconnect/reset before headers";
    let mut response = Response::new(whole(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = StatusCode::from_u16(status)?;
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
    if status == 429 {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("0"));
    }
    Ok(response)
}

/// Sends a request to the server, and reads the response.
async fn forward(shared: &Shared, request: Request<Incoming>) -> Result<Response<Bytes>, BoxError> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = body.collect().await?.to_bytes();
    let uri = format!("{}{path}", shared.upstream);
    let mut forwarded = Request::builder().method(head.method).uri(uri).body(Full::new(body))?;
    for (name, value) in &head.headers {
        if ![HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
            forwarded.headers_mut().append(name, value.clone());
        }
    }
    let (head, body) = shared.http.request(forwarded).await?.into_parts();
    let mut answer = Response::new(body.collect().await?.to_bytes());
    *answer.status_mut() = head.status;
    for (name, value) in &head.headers {
        if ![CONNECTION, TRANSFER_ENCODING].contains(name) {
            answer.headers_mut().append(name, value.clone());
        }
    }
    Ok(answer)
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed()
}

/// The first half of a body, then a failure.
fn cut(body: &Bytes) -> Body {
    let half = body.slice(..body.len() / 2);
    let failure = io::Error::other("the body is cut");
    let frames = [Ok(Frame::data(half)), Err(failure)];
    StreamBody::new(futures::stream::iter(frames)).boxed()
}
