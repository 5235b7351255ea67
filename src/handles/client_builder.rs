//! The builder of clients.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::api;
use crate::client::endpoint::Endpoint;
use crate::client::proxy::ProxySetting;
use crate::client::settings::HttpSettings;
use crate::client::tls::ClientCertificate;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::handles::client::Client;
use crate::handles::client_config;
use crate::http::http_client::HttpClient;
use crate::http::retry::RetryPolicy;
use crate::http::send::Transport;
use crate::scope::{ClientScope, Defaults};
use crate::verify::Verify;

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
///     .response_timeout(Duration::from_secs(120))
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
    defaults: Defaults,
    /// Where the configuration was searched, for the message of a missing setting.
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

    /// Sets how many retries all requests of the client together may make without successes in between. `None` is no
    /// limit. Default: 100.
    ///
    /// Each successful retry returns one retry to the budget, and five requests that succeed with their first attempt
    /// return one as well. A retry after a timeout costs two. When the server is down, the budget is exhausted soon, and
    /// requests fail after one attempt until some succeed. So many clients do not overload a server that is about to
    /// recover.
    pub fn retry_budget(mut self, retries: impl Into<Option<u32>>) -> Self {
        self.http.retry_budget = retries.into();
        self
    }

    /// Sets how long establishing a connection may take: name resolution, TCP and the TLS handshake together.
    /// [`Duration::MAX`] is no limit. Default: 10 seconds.
    ///
    /// Connections to a storage, for pre-signed URLs, may take 5 seconds at most.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http.connect_timeout = timeout;
        self
    }

    /// Sets how long the client waits for the server: until it takes the next bytes of a request, until it responds, and
    /// until it sends the next bytes of a response. [`Duration::MAX`] is no limit. Default: 60 seconds for operations that
    /// only read, and 5 minutes for all others.
    ///
    /// It does not limit the duration of a transfer. Time in which a body that is uploaded has no data ready, or in which
    /// nobody reads a body that is downloaded, does not count. The value applies to all operations: the commit or merge of
    /// millions of objects takes the server minutes, in which it sends nothing.
    ///
    /// A timeout has the kind [`Timeout`](crate::ErrorKind::Timeout).
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.http.response_timeout = Some(timeout);
        self
    }

    /// Sets how long an unused connection stays open. [`Duration::MAX`] is no limit. Default: 50 seconds.
    ///
    /// Use less than the load balancers in front of the server do, because a request on a connection that they close at
    /// the same time fails.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.http.pool_idle_timeout = timeout;
        self
    }

    /// Sets the size in bytes of the largest response that is read into memory: JSON documents and texts, not objects.
    /// Default: 64 MiB.
    ///
    /// A larger response is an [`UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse). A page of a list of 1000
    /// objects, each with a long path, a pre-signed URL and 2 KiB of metadata, has about 8 MiB.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.http.max_response_size = bytes;
        self
    }

    /// Sets the name of the program for the `User-Agent` header, in front of the name of this crate. Default: none.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.http.user_agent = Some(name.into());
        self
    }

    /// Adds a header to all requests to lakeFS, for example for a gateway in front of it. Requests to the storage do not
    /// get it. Default: none.
    ///
    /// Headers that the client sends itself, such as `Authorization`, `Host` and `Content-Length`, cannot be set: then,
    /// [`build`](Self::build) fails.
    pub fn default_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.http.default_headers.push((name.into(), value.into()));
        self
    }

    /// Sends all requests through the proxy with this URL, those to the storage included. The URL may contain a user name
    /// and a password. Default: the proxy of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) or of
    /// the operating system.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.http.proxy = ProxySetting::Url(url.into());
        self
    }

    /// Uses no proxy, also if the environment has one.
    pub fn no_proxy(mut self) -> Self {
        self.http.proxy = ProxySetting::None;
        self
    }

    /// Trusts these certificates in addition to those of the platform. `pem` is one certificate in PEM, or a bundle.
    /// Default: none.
    ///
    /// Repeated calls add certificates.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.http.tls.root_certificates.push(pem.into());
        self
    }

    /// Authenticates the client with a certificate (mutual TLS). `certificate_pem` is the certificate, followed by its
    /// chain if it has one, and `key_pem` is its private key. Default: none.
    ///
    /// A storage that requests a certificate gets it as well. With `native-tls`, the key must be in PKCS #8.
    pub fn client_certificate(
        mut self,
        certificate_pem: impl Into<Vec<u8>>,
        key_pem: impl Into<Vec<u8>>,
    ) -> Self {
        let certificate = ClientCertificate { chain: certificate_pem.into(), key: key_pem.into() };
        self.http.tls.client_certificate = Some(certificate);
        self
    }

    /// Sets whether every certificate of a server is accepted, for tests only. Default: `false`.
    ///
    /// Everyone who can intercept the connections can then read the credentials and the data. To trust a server with a
    /// certificate of its own, use [`root_certificate`](Self::root_certificate) instead.
    pub fn danger_accept_invalid_certificates(mut self, yes: bool) -> Self {
        self.http.tls.accept_invalid_certificates = yes;
        self
    }

    /// Sets whether HTTP/2 is used where the server offers it with TLS. Default: `false`, because many connections
    /// transfer large amounts of data faster than one.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, yes: bool) -> Self {
        self.http.http2 = yes;
        self
    }

    /// Sets a function that returns the W3C trace context for a request, which is sent to lakeFS as `traceparent`, and never
    /// to the storage. Default: none.
    ///
    /// The function is called for each attempt, inside the span of the call, so that the current context is that of the
    /// call. If it returns `None`, or a value that cannot be a header, the request has no such header.
    ///
    /// ```
    /// # fn main() -> lakefs::Result<()> {
    /// # fn context_of_the_current_span() -> Option<String> { None }
    /// use lakefs::Client;
    ///
    /// let client = Client::builder()
    ///     .endpoint("http://localhost:8000")
    ///     .access_key("access-key-id", "secret-access-key")
    ///     .traceparent(context_of_the_current_span)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn traceparent(mut self, context: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.http.traceparent = Some(Arc::new(context));
        self
    }

    /// Configures the HTTP client with a function, for settings that this builder does not have: a resolver, a local
    /// address, the size of the connection pool, and so on. Default: none.
    ///
    /// ```
    /// # fn main() -> lakefs::Result<()> {
    /// use lakefs::Client;
    ///
    /// let client = Client::builder()
    ///     .endpoint("https://lakefs.example.com")
    ///     .access_key("access-key-id", "secret-access-key")
    ///     .configure_http(|http| http.pool_max_idle_per_host(4))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`build`](Self::build) calls the function, possibly more than once. The settings that the guarantees of this crate
    /// depend on are applied after it: no redirects, no decompression, HTTP/1.1 unless `http2(true)`, all timeouts, the
    /// user agent, and the proxy of this builder. Headers that it sets are also sent to the storage; use
    /// [`default_header`](Self::default_header) for secrets.
    ///
    /// # TLS settings
    ///
    /// The TLS settings of the function, such as `tls_certs_only`, `identity` and `tls_version_min`, have an effect:
    ///
    /// * with the feature `rustls-aws-lc`, or with `native-tls` alone: always;
    /// * with the feature `rustls` alone: if the program has installed a provider of cryptography for rustls with
    ///   `CryptoProvider::install_default`. reqwest uses that provider, and none of its own; without one, **reqwest's TLS
    ///   settings in the function are ignored**.
    ///
    /// In all cases, the function can pass its own configuration to `tls_backend_preconfigured`. It then replaces
    /// [`root_certificate`](Self::root_certificate), [`client_certificate`](Self::client_certificate) and
    /// [`danger_accept_invalid_certificates`](Self::danger_accept_invalid_certificates), which otherwise work with and
    /// without a function. For HTTP/1.1, such a configuration must not offer `h2`.
    ///
    /// Without a function, `build` reads no certificates. With a function whose TLS settings have an effect, it does,
    /// because reqwest does.
    pub fn configure_http(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.http.configure = Some(Arc::new(configure));
        self
    }

    /// Sets how many files a transfer of a directory transfers at once, unless its request sets it. 0 means 1.
    /// Default: 25.
    #[cfg(feature = "fs")]
    pub fn dir_concurrency(mut self, files: usize) -> Self {
        self.defaults.dir_concurrency = Some(files.max(1));
        self
    }

    /// Sets how reads, downloads and stores verify the bytes of objects against their checksums, unless a request sets it.
    /// `true` means [`Verify::Auto`], and `false` [`Verify::Off`]. Default: [`Verify::Auto`].
    pub fn verify(mut self, verify: impl Into<Verify>) -> Self {
        self.defaults.verify = verify.into();
        self
    }

    /// Sets how many bytes of an upload from a stream, a reader or a writer are kept at most, unless its request sets it.
    /// Default: 1 GiB.
    ///
    /// Such data can be read only once. They are copied to a temporary file while they are sent to the server, and sent
    /// again from there if the connection breaks. Up to 1 MiB is kept in memory, without a file. Data beyond the limit are
    /// sent once, and an error says so. 0 keeps nothing.
    ///
    /// Data that are sent to the storage in parts need no file, because the parts are in memory.
    #[cfg(feature = "fs")]
    pub fn spool_limit(mut self, bytes: u64) -> Self {
        self.defaults.spool.limit = bytes;
        self
    }

    /// Sets the directory of the temporary files of [`spool_limit`](Self::spool_limit), unless a request sets it. The files
    /// have no names, and disappear when the upload or the program ends. Default: the directory for temporary files of the
    /// system, which is in memory on some systems.
    #[cfg(feature = "fs")]
    pub fn spool_dir(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
        self.defaults.spool.directory = Some(directory.into());
        self
    }

    /// Sets where the configuration was searched, for the message of a missing setting.
    pub(super) fn searched(mut self, places: Vec<String>) -> Self {
        self.searched = places;
        self
    }

    /// Creates the client. This makes no requests and reads no files; the certificates of the platform are loaded for the
    /// first connection with TLS.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): the endpoint is missing or not a URL of a server; there are no credentials
    /// (the message lists where they were searched), or they contain characters that cannot be sent; a header, the user agent,
    /// the proxy or a certificate is invalid; or TLS cannot be configured.
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
        let http = HttpClient::new(&self.http, endpoint.is_https())?;
        let connect = |authorizer| {
            let transport = Transport::new(http.clone(), authorizer, self.retries.clone());
            api::Client::new(endpoint.as_str().to_owned(), transport)
        };
        // The client that logs in has no credentials.
        let authorizer = credentials.authorizer(connect(None))?.map(Arc::new);
        Ok(Client::from_scope(ClientScope::new(connect(authorizer), self.defaults)))
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
        let Self { endpoint, credentials, retries, http, defaults, searched: _ } = self;
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
            .field("defaults", defaults)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_in_the_endpoint_is_not_printed() {
        let builder = Client::builder().endpoint("https://id:hush@h").anonymous();
        assert!(!format!("{builder:?}").contains("hush"));
    }
}
