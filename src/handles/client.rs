//! The client and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::api;
use crate::client::endpoint::Endpoint;
use crate::client::settings::HttpSettings;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::handles::client_config;
use crate::handles::object::Object;
use crate::handles::repository::Repository;
use crate::http::clients::HttpClients;
use crate::http::retry::RetryPolicy;
use crate::http::send::Transport;
use crate::models;
use crate::requests::repository::ListRepositories;
use crate::scope::ClientScope;
use crate::uri::Uri;

/// A client of one lakeFS server.
///
/// The client itself makes no requests; use it to obtain handles such as [`Repository`], and call their methods. It is
/// cheap to clone, and clones share their connections. Two clients are equal if they have the same endpoint.
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
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client(ClientScope);

impl Client {
    /// Returns a builder with the default settings. It reads neither the environment nor files.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Creates a client with the configuration of `lakectl`: the environment variables `LAKECTL_*`, and for settings
    /// without a variable, lakectl's configuration file. [`ClientBuilder::from_env`] lists the settings.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): there is no endpoint, or a value is invalid; the message names the variable,
    /// or the file and its key.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    /// Returns a handle to a repository, which may not exist yet.
    #[must_use]
    pub fn repository(&self, name: impl Into<String>) -> Repository {
        Repository::from_scope(&self.0.repository(name))
    }

    /// Lists the repositories of the server, ordered by name.
    pub fn repositories(&self) -> ListRepositories {
        ListRepositories::new(self.0.clone())
    }

    /// Returns a handle to the object that a URI names, which may not exist.
    ///
    /// ```
    /// # fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let object = client.object(&"lakefs://example/main/data.csv".parse()?)?;
    /// assert_eq!(object.path(), "data.csv");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the URI names a repository or a ref, not an object.
    pub fn object(&self, uri: &Uri) -> Result<Object> {
        match (uri.reference(), uri.path()) {
            (Some(reference), Some(path)) if !path.is_empty() => {
                Ok(self.repository(uri.repository()).reference(reference).object(path))
            }
            _ => Err(Error::invalid(
                format!("open {uri}"),
                "the URI names no object: it needs a repository, a ref and a path",
            )),
        }
    }

    /// Returns the URL that the paths of the API are appended to, such as `http://localhost:8000/api/v1`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.api().base()
    }

    /// Returns the generated client, which has a method for every operation of the API.
    #[must_use]
    pub fn api(&self) -> &api::Client {
        self.0.api()
    }

    /// Returns the configuration of the server: its version, and the features of its storages.
    ///
    /// It is requested once; later calls, also those of clones, return the same value. For the storage of one
    /// repository, see [`Repository::storage_config`].
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
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated): the credentials are missing, wrong or expired.
    pub async fn server_config(&self) -> Result<&models::Config> {
        self.0.server_config().await
    }

    pub(crate) fn from_scope(scope: ClientScope) -> Self {
        Self(scope)
    }

    pub(crate) fn scope(&self) -> &ClientScope {
        &self.0
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

/// Writes the endpoint.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.endpoint())
    }
}

/// Configures a [`Client`].
///
/// Setters never fail; [`build`](Self::build) reports invalid settings.
///
/// ```
/// # fn main() -> lakefs::Result<()> {
/// use std::time::Duration;
/// use lakefs::{Client, RetryPolicy};
///
/// let client = Client::builder()
///     .endpoint("https://lakefs.example.com")
///     .access_key("access-key-id", "secret-access-key")
///     .retries(RetryPolicy::default().max_attempts(8))
///     .read_timeout(Duration::from_secs(60))
///     .user_agent("my-program/1.0")
///     .build()?;
/// assert_eq!(client.endpoint(), "https://lakefs.example.com/api/v1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    endpoint: Option<String>,
    credentials: Option<Credentials>,
    retries: RetryPolicy,
    http: HttpSettings,
    http_client: Option<reqwest::Client>,
    /// How many files directory transfers transfer at once, if a request does not set it.
    dir_concurrency: Option<usize>,
    /// Where the configuration was searched, for the message of a missing endpoint.
    searched: Vec<String>,
}

impl ClientBuilder {
    /// Returns a builder with the configuration of `lakectl`. Later calls of setters replace its settings.
    ///
    /// A setting is taken from its environment variable, or else from the file, or else it has the default of this
    /// builder. An empty variable counts as missing.
    ///
    /// | variable | key in the file | setting |
    /// |---|---|---|
    /// | `LAKECTL_SERVER_ENDPOINT_URL` | `server.endpoint_url` | [`endpoint`](Self::endpoint) |
    /// | `LAKECTL_CREDENTIALS_ACCESS_KEY_ID` | `credentials.access_key_id` | [`access_key`](Self::access_key) |
    /// | `LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY` | `credentials.secret_access_key` | the same |
    /// | `LAKECTL_CREDENTIALS_PROVIDER_TYPE` | `credentials.provider.type` | `aws_iam`, the only provider of lakectl |
    /// | `LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_TOKEN_TTL_SECONDS` | `credentials.provider.aws_iam.token_ttl_seconds` | how long its token is valid |
    /// | `LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_URL_PRESIGN_TTL_SECONDS` | `credentials.provider.aws_iam.url_presign_ttl_seconds` | how long its signature is valid |
    /// | `LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_REFRESH_INTERVAL` | `credentials.provider.aws_iam.refresh_interval` | how long before its expiry the token is renewed |
    /// | `LAKECTL_CREDENTIALS_PROVIDER_AWS_IAM_TOKEN_REQUEST_HEADERS` | `credentials.provider.aws_iam.token_request_headers` | the headers that are signed |
    /// | `LAKECTL_CREDENTIALS_SESSION_TOKEN` | | [`Credentials::token`], as in the Python client |
    /// | `LAKECTL_SERVER_RETRIES_ENABLED` | `server.retries.enabled` | `false`: [`RetryPolicy::none`] |
    /// | `LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS` | `server.retries.max_attempts` | [`RetryPolicy::max_attempts`], which also counts the first attempt |
    /// | `LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL` | `server.retries.min_wait_interval` | [`RetryPolicy::initial_backoff`] |
    /// | `LAKECTL_SERVER_RETRIES_MAX_WAIT_INTERVAL` | `server.retries.max_wait_interval` | [`RetryPolicy::max_backoff`] |
    /// | `LAKECTL_NETWORK_HTTP2_ENABLED` | `network.http2.enabled` | whether HTTP/2 is used, with the feature `http2` |
    /// | `LAKECTL_OPTIONS_PARALLELISM` | `options.parallelism` | [`dir_concurrency`](Self::dir_concurrency), with the feature `fs` |
    ///
    /// The credentials are the first of: the session token, the access key, the provider, and the token that
    /// `lakectl login` has saved in `~/.lakectl/cache/lakectl_token_cache.json`.
    ///
    /// # The file
    ///
    /// The file is the one that `LAKECTL_CONFIG_FILE` names, or else `~/.lakectl.yaml`, or a file in the home directory
    /// with another extension that lakectl knows. It is YAML or JSON. It is read only with the feature `config`, which is
    /// enabled by default.
    ///
    /// A file that is missing, cannot be read or is not valid YAML is ignored, as lakectl does, because the environment
    /// may have all settings. The error of a missing setting mentions it.
    ///
    /// Keys may be in any case, and joined by dots (`server.endpoint_url: …`). Values have the types of lakectl: numbers
    /// and booleans may be quoted, and durations have the format of Go, such as `1m30s`. A duration that is a number
    /// counts nanoseconds. Text must be text: quote an access key id that consists of digits.
    ///
    /// # Differences from lakectl
    ///
    /// * Unknown keys are logged and ignored. lakectl rejects them.
    /// * Half an access key is an error. lakectl sends it.
    /// * HTTP/2 is off unless it is enabled explicitly. The default of lakectl is on.
    /// * Only requests that are safe to retry are retried; see [`RetryPolicy`]. lakectl retries every request.
    /// * `refresh_interval` is what its name says. lakectl uses it instead of `url_presign_ttl_seconds`.
    /// * A `token_ttl_seconds` without a unit is an error. lakectl counts nanoseconds.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): a value is invalid; the message names the variable, or the file and its key.
    pub fn from_env() -> Result<Self> {
        Ok(client_config::builder(Config::load()?))
    }

    /// Sets the URL of the server, such as `https://lakefs.example.com`. Required.
    ///
    /// A URL without a path gets the path `/api/v1`. Trailing slashes are ignored.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets an access key: the same as `credentials(Credentials::access_key(…))`. Default: none.
    pub fn access_key(self, access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
        self.credentials(Credentials::access_key(access_key_id, secret_access_key))
    }

    /// Sets the credentials: [`Credentials`], or a [`CredentialProvider`](crate::CredentialProvider) of your own.
    /// Default: none. Either these or [`anonymous`](Self::anonymous) are required.
    pub fn credentials(mut self, credentials: impl Into<Credentials>) -> Self {
        self.credentials = Some(credentials.into());
        self
    }

    /// Sends no credentials, and replaces the ones that were set before.
    ///
    /// Few operations work without credentials: the health check, the login, and the setup of a new server.
    pub fn anonymous(mut self) -> Self {
        self.credentials = Some(Credentials::anonymous());
        self
    }

    /// Sets how often, how fast and for how long failed requests are retried. Default: [`RetryPolicy::default`].
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long establishing a connection may take, the TLS handshake included. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http.connect_timeout = timeout;
        self
    }

    /// Sets how long the client waits for the next bytes of a response. Default: 5 minutes.
    ///
    /// It does not limit the duration of a transfer. The time that it takes to send the body of an upload does not
    /// count. Merges and commits of millions of objects take the server minutes, in which it sends nothing.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.http.read_timeout = timeout;
        self
    }

    /// Sets the name of the program for the `User-Agent` header, in front of the name of this crate. Default: none.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.http.user_agent = Some(name.into());
        self
    }

    /// Sets whether HTTP/2 is used where the server offers it with TLS. Default: `false`, because many connections
    /// transfer large amounts of data faster than one.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, yes: bool) -> Self {
        self.http.http2 = yes;
        self
    }

    /// Sets the HTTP client, for settings that this builder does not have. Default: one with the settings of this
    /// builder.
    ///
    /// Timeouts, user agent, TLS and the HTTP version are then those of `client`. It must not send the `Authorization`
    /// header to the target of a redirect to another host. reqwest does not send it by default.
    ///
    /// The features `rustls` and `rustls-aws-lc` build reqwest without a default cryptography provider, so
    /// `reqwest::Client::new()` panics in a program that has no other TLS. Enable a TLS feature of reqwest in the
    /// program, or build `client` with `tls_backend_preconfigured`.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sets how many files a transfer of a directory transfers at once, unless its request sets it. 0 means 1.
    /// Default: 25.
    #[cfg(feature = "fs")]
    pub fn dir_concurrency(mut self, files: usize) -> Self {
        self.dir_concurrency = Some(files.max(1));
        self
    }

    /// Sets where the configuration was searched, for the message of a missing setting.
    pub(super) fn searched(mut self, places: Vec<String>) -> Self {
        self.searched = places;
        self
    }

    /// Creates the client. This makes no requests.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): the endpoint is missing or not a URL of a server, there are no credentials
    /// (the message lists where they were searched), the credentials or the user agent cannot be sent in a header, or TLS
    /// cannot be configured.
    pub fn build(self) -> Result<Client> {
        let endpoint = self.endpoint.ok_or_else(|| {
            let searched = match &*self.searched {
                [] => String::new(),
                places => format!("; searched: {}", places.join(", ")),
            };
            Error::config(format!(
                "there is no endpoint: call ClientBuilder::endpoint, or with from_env, set \
                 LAKECTL_SERVER_ENDPOINT_URL or server.endpoint_url in ~/.lakectl.yaml{searched}"
            ))
        })?;
        let endpoint = Endpoint::parse(&endpoint)?;
        let credentials = self.credentials.ok_or_else(|| no_credentials(&self.searched))?;
        let clients = match self.http_client {
            Some(client) => HttpClients::from_client(client),
            None => HttpClients::new(&self.http, endpoint.is_https())?,
        };
        let connect = |authorizer, retries: &RetryPolicy| {
            let transport = Transport::new(clients.clone(), authorizer, retries.clone());
            api::Client::new(endpoint.as_str().to_owned(), transport)
        };
        // The clients that log in have no credentials.
        let login = connect(None, &self.retries);
        let login_once = connect(None, &RetryPolicy::none());
        let authorizer = credentials.authorizer(login, login_once)?.map(Arc::new);
        let scope = ClientScope::new(connect(authorizer, &self.retries), self.dir_concurrency);
        Ok(Client(scope))
    }
}

fn no_credentials(searched: &[String]) -> Error {
    let searched = match searched {
        [] => String::new(),
        searched => format!("there are none in {}; ", searched.join(", ")),
    };
    Error::config(format!(
        "there are no credentials: {searched}call ClientBuilder::access_key or ClientBuilder::credentials, or \
         ClientBuilder::anonymous to send none"
    ))
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, credentials, retries, http, http_client, dir_concurrency, searched: _ } = self;
        // An invalid endpoint may contain a password.
        let endpoint = endpoint.as_deref().map(|endpoint| match Endpoint::parse(endpoint) {
            Ok(endpoint) => endpoint.as_str().to_owned(),
            Err(_) => "<invalid>".to_owned(),
        });
        f.debug_struct("ClientBuilder")
            .field("endpoint", &endpoint)
            .field("credentials", credentials)
            .field("retries", retries)
            .field("http", http)
            .field("http_client", http_client)
            .field("dir_concurrency", dir_concurrency)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

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

    #[test]
    fn uri_without_an_object_is_rejected() {
        let client = Client::builder().endpoint("http://localhost:8000//").anonymous().build().unwrap();
        assert_eq!(client.to_string(), "http://localhost:8000/api/v1");
        let object = client.object(&"lakefs://example/main/a/b".parse().unwrap()).unwrap();
        assert_eq!(object.path(), "a/b");
        for uri in ["lakefs://example", "lakefs://example/main", "lakefs://example/main/"] {
            let error = client.object(&uri.parse().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{uri}");
            assert!(error.to_string().contains(uri), "{error}");
        }
    }

    #[test]
    fn password_in_the_endpoint_is_not_printed() {
        let builder = Client::builder().endpoint("https://id:hush@h");
        assert!(!format!("{builder:?}").contains("hush"));
    }
}
