//! The server: a listener, its connections, and what a test may ask of it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::fault::Faults;
use crate::http::{self, App, Auth, BLOCKSTORE};
use crate::model::Lake;
use crate::record::{RecordedRequest, RequestLog};
use crate::storage::{self, Storage};

/// As much as a real server takes in headers.
const MAX_HEADERS_SIZE: usize = 1 << 20;
const MAX_HEADERS: usize = 1000;
const DEFAULT_ACCESS_KEY_ID: &str = "testserver-access-key-id";
const DEFAULT_SECRET_ACCESS_KEY: &str = "testserver-secret-access-key";

/// A running lakeFS that lives in memory. It stops when it is dropped.
pub struct Server {
    app: Arc<App>,
    endpoint: String,
    address: SocketAddr,
    access_key_id: String,
    secret_access_key: String,
    listening: JoinHandle<()>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("endpoint", &self.endpoint)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Starts a server on a free port of this machine, in the current Tokio runtime.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts a server that is not like every other.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Where it listens, such as `http://127.0.0.1:41234`. The interface is at `/api/v1` below.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The id of the access key of its user.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret of the access key of its user.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The faults that requests suffer.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.app.faults
    }

    /// The requests that it has seen, in the order in which they came. What the contract does not know is not
    /// among them.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.app.requests.all()
    }

    /// The requests that it has seen for one operation.
    #[must_use]
    pub fn requests_for(&self, operation: &str) -> Vec<RecordedRequest> {
        let mut requests = self.requests();
        requests.retain(|request| http::is_same_operation(request.operation, operation));
        requests
    }

    /// Forgets the requests that it has seen.
    pub fn forget_requests(&self) {
        self.app.requests.clear();
    }

    /// Where its [storage](ServerBuilder::presigned_storage) listens, if it has one that clients may use by themselves.
    #[must_use]
    pub fn storage_endpoint(&self) -> Option<&str> {
        self.app.storage.as_ref().map(Storage::endpoint)
    }

    /// Says how long addresses are good for that are signed from now on: 15 minutes if nothing is said, and with no time
    /// at all they have expired already.
    pub fn sign_for(&self, lifetime: Duration) {
        if let Some(storage) = &self.app.storage {
            storage.set_lifetime(lifetime);
        }
    }

    /// How many uploads in parts were begun and neither completed nor aborted.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        self.app.storage.as_ref().map_or(0, Storage::open_uploads)
    }

    /// What replies so far did not keep to the [contract](ServerBuilder::contract), and how. Known deviations of
    /// lakeFS from its contract are not among them.
    #[cfg(feature = "validate")]
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.app.check.as_ref().map(crate::validate::ReplyCheck::violations).unwrap_or_default()
    }

    /// Stops it and drops its connections. Returns when nothing listens any more.
    pub async fn shutdown(mut self) {
        self.listening.abort();
        // It ends only by being aborted.
        let _aborted = (&mut self.listening).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// How to start a [`Server`].
#[derive(Clone)]
#[must_use]
pub struct ServerBuilder {
    listen: SocketAddr,
    access_key_id: String,
    secret_access_key: String,
    contract: Option<Bytes>,
    set_up: bool,
    presigned_storage: bool,
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("listen", &self.listen)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            access_key_id: DEFAULT_ACCESS_KEY_ID.to_owned(),
            secret_access_key: DEFAULT_SECRET_ACCESS_KEY.to_owned(),
            contract: None,
            set_up: true,
            presigned_storage: false,
        }
    }
}

impl ServerBuilder {
    /// Where to listen. Port 0 is any that is free.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The access key of its user.
    pub fn credentials(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.access_key_id = id.into();
        self.secret_access_key = secret.into();
        self
    }

    /// The OpenAPI document to serve at `/openapi.json`. Without one there is nothing.
    pub fn contract(mut self, document: impl Into<Bytes>) -> Self {
        self.contract = Some(document.into());
        self
    }

    /// Starts it as a lakeFS that nobody has set up. It has no user, so that the credentials are good for nothing until
    /// somebody sets it up with them.
    pub fn without_setup(mut self) -> Self {
        self.set_up = false;
        self
    }

    /// Gives it a storage that clients read and write by themselves, as a lakeFS over S3 has: it signs addresses, and
    /// takes uploads in parts. The storage listens on a port of its own and goes by another name, which makes it another
    /// origin and another host.
    pub fn presigned_storage(mut self) -> Self {
        self.presigned_storage = true;
        self
    }

    /// Starts it in the current Tokio runtime.
    pub async fn start(self) -> io::Result<Server> {
        let listener = TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        let mut listeners = vec![(listener, Door::Lakefs)];
        let mut storage = None;
        if self.presigned_storage {
            let listener = TcpListener::bind((address.ip(), 0)).await?;
            let storage_address = listener.local_addr()?;
            // Some clients tell hosts apart and not ports, and would send their credentials along.
            let host = match storage_address.ip() {
                IpAddr::V4(Ipv4Addr::LOCALHOST) => "localhost".to_owned(),
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            };
            storage = Some(Storage::new(format!("http://{host}:{}", storage_address.port())));
            listeners.push((listener, Door::Storage));
        }
        let app = Arc::new(App {
            lake: RwLock::new(Lake::new(BLOCKSTORE.to_owned())),
            auth: if self.set_up {
                Auth::new(self.access_key_id.clone(), self.secret_access_key.clone())
            } else {
                Auth::without_user()
            },
            faults: Faults::default(),
            requests: RequestLog::default(),
            storage,
            #[cfg(feature = "validate")]
            check: self.contract.as_deref().and_then(crate::validate::ReplyCheck::new),
            contract: self.contract,
            preferences: AtomicBool::new(false),
            instance: uuid::Uuid::new_v4(),
        });
        Ok(Server {
            listening: tokio::spawn(listen_all(listeners, Arc::clone(&app))),
            app,
            endpoint: format!("http://{address}"),
            address,
            access_key_id: self.access_key_id,
            secret_access_key: self.secret_access_key,
        })
    }
}

/// What is behind a listener.
#[derive(Debug, Clone, Copy)]
enum Door {
    Lakefs,
    Storage,
}

/// Serves connections until it is aborted, which aborts them too.
async fn listen_all(listeners: Vec<(TcpListener, Door)>, app: Arc<App>) {
    let listening = listeners.into_iter().map(|(listener, door)| listen(listener, door, Arc::clone(&app)));
    futures_util::future::join_all(listening).await;
}

async fn listen(listener: TcpListener, door: Door, app: Arc<App>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, door, Arc::clone(&app)));
                }
                // Too many open files, or a client that is gone already; neither is for ever.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, door: Door, app: Arc<App>) {
    // Replies are small and often wait for one another.
    let _nodelay = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (app, request) = (Arc::clone(&app), hyper::Request::map(request, Body::new));
        async move {
            match door {
                Door::Lakefs => http::respond(app, request).await,
                Door::Storage => storage::respond(app, request).await,
            }
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(MAX_HEADERS_SIZE)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that fails was dropped, by the client or on purpose.
    let _dropped = connection.await;
}
