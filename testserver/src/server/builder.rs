//! The settings of a server, and its start.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpListener;

use super::handle::Server;
use super::listener::{Service, serve_all};
use crate::api::{self, ApiState, Auth};
use crate::interceptor::Interceptor;
use crate::operation_ids::OperationIds;
use crate::storage::{self, Storage};

const DEFAULT_ACCESS_KEY_ID: &str = "testserver-access-key-id";
const DEFAULT_SECRET_ACCESS_KEY: &str = "testserver-secret-access-key";

impl Server {
    /// Starts a server with default settings on a free port of `127.0.0.1`, in the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// Fails if the port cannot be bound.
    ///
    /// # Panics
    ///
    /// Panics if there is no current Tokio runtime.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder to start a server with other settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }
}

/// The settings of a [`Server`] to start; see [`Server::builder`].
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use lakefs_testserver::Server;
///
/// let server = Server::builder().access_key("key-id", "secret").presigned_storage().start().await?;
/// assert_eq!(server.access_key_id(), "key-id");
/// # Ok(())
/// # }
/// ```
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
    /// Sets the socket address to listen on. Port 0 selects a free port. Default: `127.0.0.1:0`.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Sets the access key of the server's user. Default: `testserver-access-key-id` and
    /// `testserver-secret-access-key`.
    pub fn access_key(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.access_key_id = id.into();
        self.secret_access_key = secret.into();
        self
    }

    /// Sets the OpenAPI document to serve at `/openapi.json`. Default: no document.
    ///
    /// With the feature `validate`, responses are validated against it and
    /// `Server::contract_violations` reports the result. Validation needs the document in JSON.
    pub fn contract(mut self, document: impl Into<Bytes>) -> Self {
        self.contract = Some(document.into());
        self
    }

    /// Starts the server before its initial setup, as a newly installed lakeFS.
    ///
    /// It has no user. The access key works only after a client has passed it to the operation `setup`.
    /// Default: the server is set up, and its user is `admin`.
    pub fn without_setup(mut self) -> Self {
        self.set_up = false;
        self
    }

    /// Adds an object storage that clients access directly, as with a lakeFS over S3: the server pre-signs
    /// URLs and supports multipart uploads. Default: no such storage.
    ///
    /// The storage listens on a port of its own. If the server listens on `127.0.0.1`, the URLs of the
    /// storage have the host `localhost`, so that they differ in host and port from those of the server.
    pub fn presigned_storage(mut self) -> Self {
        self.presigned_storage = true;
        self
    }

    /// Starts the server in the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// Fails if the address cannot be bound.
    ///
    /// # Panics
    ///
    /// Panics if there is no current Tokio runtime.
    pub async fn start(self) -> io::Result<Server> {
        let listener = TcpListener::bind(self.listen).await?;
        let local_addr = listener.local_addr()?;
        let operations = OperationIds::new(api::operation_ids().chain(storage::OPERATIONS));
        let interceptor = Arc::new(Interceptor::new(operations));
        let (storage, storage_listener) =
            if self.presigned_storage { Some(bind_storage(local_addr.ip()).await?) } else { None }.unzip();
        let auth = if self.set_up {
            Auth::new(self.access_key_id.clone(), self.secret_access_key.clone())
        } else {
            Auth::without_user()
        };
        let state = Arc::new(ApiState::new(auth, storage.clone(), self.contract));
        let mut listeners = vec![(listener, Service::Api(Arc::clone(&state), Arc::clone(&interceptor)))];
        if let Some((storage, listener)) = storage.clone().zip(storage_listener) {
            listeners.push((listener, Service::Storage(storage, Arc::clone(&interceptor))));
        }
        Ok(Server {
            task: tokio::spawn(serve_all(listeners)),
            state,
            interceptor,
            storage,
            endpoint: format!("http://{local_addr}"),
            local_addr,
            access_key_id: self.access_key_id,
            secret_access_key: self.secret_access_key,
        })
    }
}

/// Creates a storage and the listener of its endpoint.
async fn bind_storage(ip: IpAddr) -> io::Result<(Arc<Storage>, TcpListener)> {
    let listener = TcpListener::bind((ip, 0)).await?;
    let address = listener.local_addr()?;
    // Some clients distinguish hosts but not ports, and would send their credentials to the storage.
    let host = match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let storage = Storage::new(format!("http://{host}:{}", address.port()));
    Ok((Arc::new(storage), listener))
}
