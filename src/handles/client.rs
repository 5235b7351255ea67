//! The client: where everything starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::credentials::{Authorizer, Credentials};
use crate::handles::object::Object;
use crate::handles::repository::Repository;
use crate::http::send::{Authorize, Http, Transport};
use crate::requests::repository::ListRepositories;
use crate::scope::ClientScope;
use crate::{Error, Result, RetryPolicy, Uri, api, models};
use reqwest::Url;
use reqwest::redirect::Policy;

/// A client of one lakeFS server.
///
/// It is cheap to clone; clones share their connections. It does nothing by itself: it gives handles, and handles
/// have the calls.
///
/// ```
/// # fn main() -> lakefs::Result<()> {
/// use lakefs::Client;
///
/// let client = Client::builder()
///     .endpoint("http://localhost:8000")
///     .access_key("access-key-id", "secret-access-key")
///     .build()?;
/// let main = client.repository("example").branch("main");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(ClientScope);

impl Client {
    /// Starts a client that is configured in code alone.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client that is configured as `lakectl` is: by `LAKECTL_*` in the environment, and by `~/.lakectl.yaml` (or
    /// the file that `LAKECTL_CONFIG_FILE` names) for what the environment does not say.
    ///
    /// Read are `LAKECTL_SERVER_ENDPOINT_URL`, `LAKECTL_CREDENTIALS_ACCESS_KEY_ID`,
    /// `LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY`, `LAKECTL_SERVER_RETRIES_ENABLED`, `…_MAX_ATTEMPTS`,
    /// `…_MIN_WAIT_INTERVAL` and `…_MAX_WAIT_INTERVAL`, with their keys in the file; and, as the Python client does,
    /// `LAKECTL_CREDENTIALS_SESSION_TOKEN`.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): no endpoint, or something that cannot be read. It names the place.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    /// A repository by its name, whether it exists or not.
    #[must_use]
    pub fn repository(&self, name: impl Into<String>) -> Repository {
        Repository::from_scope(&self.0.repository(name))
    }

    /// The repositories of the server, in the order of their names.
    pub fn repositories(&self) -> ListRepositories {
        ListRepositories::new(self.0.clone())
    }

    /// An object by its address, which should name all three parts.
    #[must_use]
    pub fn object(&self, uri: &Uri) -> Object {
        let reference = self.repository(uri.repository()).reference(uri.reference().unwrap_or_default());
        reference.object(uri.path().unwrap_or_default())
    }

    /// Every operation of the API, one to one.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        self.0.api()
    }

    pub(crate) fn from_scope(scope: ClientScope) -> Self {
        Self(scope)
    }

    pub(crate) fn scope(&self) -> &ClientScope {
        &self.0
    }

    /// What the server says of itself: its version, and what its storages can do.
    ///
    /// It is asked once; later calls, of clones as well, answer the same. For the storage of one repository see
    /// [`Repository::storage_config`].
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let config = client.server_config().await?;
    /// let version = config.version_config.as_ref().and_then(|version| version.version.as_deref());
    /// println!("lakeFS {}", version.unwrap_or("of an unknown version"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated).
    pub async fn server_config(&self) -> Result<&models::Config> {
        self.0.server_config().await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.api().base()).finish_non_exhaustive()
    }
}

/// Configures a [`Client`]. Setters never fail; [`build`](Self::build) tells what is wrong.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    endpoint: Option<String>,
    credentials: Option<Credentials>,
    retries: RetryPolicy,
    connect_timeout: Duration,
    read_timeout: Duration,
    user_agent: Option<String>,
    http: Option<reqwest::Client>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            endpoint: None,
            credentials: None,
            retries: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            // A commit or a merge of millions of objects answers after minutes of silence.
            read_timeout: Duration::from_secs(300),
            user_agent: None,
            http: None,
        }
    }
}

impl ClientBuilder {
    /// A builder that knows what [`Client::from_env`] reads, for what is to be said on top of it.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): something that cannot be read. It names the place.
    pub fn from_env() -> Result<Self> {
        let Config { endpoint, credentials, retries } = Config::load()?;
        Ok(Self { endpoint, credentials, retries, ..Self::default() })
    }

    /// The address of the server, such as `https://lakefs.example.com`. Without a path, `/api/v1` is added.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// An access key id and its secret.
    pub fn access_key(self, access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
        self.credentials(Credentials::access_key(access_key_id, secret_access_key))
    }

    /// Credentials of any kind.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// How often and how long to repeat what failed.
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.retries = retries;
        self
    }

    /// How long a connection may take to be made: 10 seconds by default.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// How long the server may be silent: 5 minutes by default. The whole of a transfer may take any time, in both
    /// directions.
    pub fn read_timeout(mut self, time: Duration) -> Self {
        self.read_timeout = time;
        self
    }

    /// What the client calls itself, in front of the name of this crate.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// The HTTP client to use, for proxies, certificates and the like. Timeouts and user agent are then its own.
    ///
    /// It must not follow redirects with the `Authorization` header to other hosts, which reqwest does not.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Makes the client. This does no I/O.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): no endpoint, one that is no address of a server, or a user agent that
    /// cannot be sent.
    pub fn build(self) -> Result<Client> {
        let endpoint = self.endpoint.ok_or_else(|| {
            Error::config(
                "no endpoint: set LAKECTL_SERVER_ENDPOINT_URL, or server.endpoint_url in ~/.lakectl.yaml",
            )
        })?;
        let base = base(&endpoint)?;
        let agent = user_agent(self.user_agent.as_deref());
        let own =
            || reqwest::Client::builder().connect_timeout(self.connect_timeout).user_agent(agent.as_str());
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| {
                Error::config("the HTTP client cannot be made").with_source(error.without_url())
            })
        };
        let http = if let Some(client) = self.http {
            Http { patient: client.clone(), client, silence: None }
        } else {
            let client = build(own().read_timeout(self.read_timeout))?;
            let patient = build(own().redirect(Policy::none()))?;
            Http { client, patient, silence: Some(self.read_timeout) }
        };
        let connect = |authorizer| {
            let transport = Transport::new(http.clone(), authorizer, self.retries.clone());
            api::Client::new(base.clone(), transport)
        };
        let authorizer = self.credentials.map(|credentials| -> Arc<dyn Authorize> {
            Arc::new(Authorizer::new(credentials, connect(None)))
        });
        Ok(Client(ClientScope::new(connect(authorizer))))
    }
}

fn user_agent(name: Option<&str>) -> String {
    let own = concat!("lakefs-rust/", env!("CARGO_PKG_VERSION"));
    name.map_or_else(|| own.to_owned(), |name| format!("{name} {own}"))
}

/// The address that the paths of the contract are appended to.
fn base(endpoint: &str) -> Result<String> {
    let wrong = |why: &str| Error::config(format!("the endpoint {why}"));
    let url = Url::parse(endpoint.trim()).map_err(|error| wrong("is not a URL").with_source(error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("does not begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or a password: give them as credentials"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or a fragment"));
    }
    let text = url.as_str().trim_end_matches('/');
    Ok(if url.path() == "/" { format!("{text}/api/v1") } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn an_endpoint_without_a_path_gets_the_path_of_the_api() {
        for (endpoint, expected) in [
            ("http://localhost:8000", "http://localhost:8000/api/v1"),
            ("https://h/", "https://h/api/v1"),
            ("https://h/api/v1/", "https://h/api/v1"),
            ("https://h/behind/a/proxy", "https://h/behind/a/proxy"),
        ] {
            assert_eq!(base(endpoint).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_without_showing_it() {
        for endpoint in
            ["", "localhost:8000", "ftp://h", "http://", "https://id:hush@h", "https://h?token=hush"]
        {
            let error = base(endpoint).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{endpoint}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn public_types_are_send_and_sync() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Client>();
        check::<ClientBuilder>();
        check::<Error>();
        check::<Repository>();
        check::<Object>();
        check::<Uri>();
    }
}
