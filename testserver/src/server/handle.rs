//! The handle to a running server.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::faults::Faults;
use crate::interceptor::Interceptor;
use crate::recorder::RecordedRequest;
use crate::storage::Storage;

/// A running lakeFS server whose data are in memory.
///
/// Dropping the server stops it, drops its connections and discards its data. Use
/// [`shutdown`](Self::shutdown) to wait until it has stopped.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use lakefs_testserver::Server;
///
/// let server = Server::start().await?;
/// assert!(server.endpoint().starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
pub struct Server {
    pub(super) state: Arc<crate::api::ApiState>,
    pub(super) interceptor: Arc<Interceptor>,
    pub(super) storage: Option<Arc<Storage>>,
    pub(super) endpoint: String,
    pub(super) local_addr: SocketAddr,
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) task: JoinHandle<()>,
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
    /// Returns the URL of the server without a path, such as `http://127.0.0.1:41234`. The lakeFS API is at
    /// `/api/v1`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the socket address that the server listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Returns the access key ID of the server's user.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns the secret access key of the server's user.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// Returns the environment variables that configure `lakectl`, and clients that follow it, for this
    /// server.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = lakefs_testserver::Server::start().await?;
    /// let mut command = std::process::Command::new("lakectl");
    /// command.args(["repo", "list"]).envs(server.lakectl_env());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lakectl_env(&self) -> [(&'static str, &str); 3] {
        [
            ("LAKECTL_SERVER_ENDPOINT_URL", &self.endpoint),
            ("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", &self.access_key_id),
            ("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", &self.secret_access_key),
        ]
    }

    /// Returns the faults of the server, to plan new ones.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.interceptor.faults
    }

    /// Returns the requests that the server and its storage have received, in order of arrival.
    ///
    /// Requests that are not an operation of the lakeFS API or of the storage are not recorded.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.interceptor.requests.all()
    }

    /// Returns the requests for one operation, in order of arrival.
    ///
    /// Operations are named as in [`Faults`].
    ///
    /// # Panics
    ///
    /// Panics if there is no operation of this name, as [`Faults::on`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = lakefs_testserver::Server::start().await?;
    /// // … run the client under test …
    /// assert_eq!(server.requests_for("createBranch").len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn requests_for(&self, operation: &str) -> Vec<RecordedRequest> {
        self.interceptor.requests_for(operation)
    }

    /// Removes all recorded requests.
    pub fn clear_requests(&self) {
        self.interceptor.requests.clear();
    }

    /// Returns the URL of the [storage](crate::ServerBuilder::presigned_storage), such as
    /// `http://localhost:41235`. Returns `None` if the server was started without one.
    #[must_use]
    pub fn storage_endpoint(&self) -> Option<&str> {
        self.storage.as_deref().map(Storage::endpoint)
    }

    /// Sets how long the URLs that are pre-signed from now on are valid. Default: 15 minutes.
    ///
    /// Lifetimes are in whole seconds. With [`Duration::ZERO`] URLs have expired when they are issued. Does
    /// nothing if the server has no [storage](crate::ServerBuilder::presigned_storage).
    pub fn set_presigned_url_lifetime(&self, lifetime: Duration) {
        if let Some(storage) = &self.storage {
            storage.set_url_lifetime(lifetime);
        }
    }

    /// Returns what a repository contains, as text with a line for each branch, uncommitted change, tag, pull
    /// request and setting. Returns `None` if there is no such repository.
    ///
    /// The text is equal for equal contents: it has no times, no generated ids and not the name of the
    /// repository. Compare it to check that a request took effect exactly once. Its format can change in any
    /// release.
    #[must_use]
    pub fn repository_summary(&self, name: &str) -> Option<String> {
        let catalog = self.state.catalog.read().unwrap_or_else(PoisonError::into_inner);
        catalog.find_repository(name).ok().map(crate::model::summary)
    }

    /// Returns the number of multipart uploads that are neither completed nor aborted.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        self.storage.as_deref().map_or(0, Storage::open_uploads)
    }

    /// Returns the violations of the [contract](crate::ServerBuilder::contract) in the responses so far, one
    /// message each. Known deviations of lakeFS from its contract are not reported.
    #[cfg(feature = "validate")]
    #[must_use]
    pub fn contract_violations(&self) -> Vec<String> {
        self.state.validator.as_ref().map(crate::validate::ContractValidator::violations).unwrap_or_default()
    }

    /// Stops the server and drops its connections. Returns when its ports are closed.
    pub async fn shutdown(mut self) {
        self.task.abort();
        // The task only ends by cancellation.
        let _cancelled = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
