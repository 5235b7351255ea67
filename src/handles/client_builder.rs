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
use crate::credentials::{Authorizer, Credentials};
use crate::error::{Error, Result};
use crate::handles::client::Client;
use crate::http::authorize::Authorize;
use crate::http::http_client::HttpClient;
use crate::http::retry::RetryPolicy;
use crate::http::send::Transport;
use crate::scope::ClientScope;

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
}

impl ClientBuilder {
    /// Returns a builder with the settings that [`Client::from_env`] reads. Later calls of setters replace them.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): a value is invalid; the message names the variable or the file.
    pub fn from_env() -> Result<Self> {
        let Config { endpoint, credentials, retries } = Config::load()?;
        Ok(Self { endpoint, credentials, retries, ..Self::default() })
    }

    /// Sets the URL of the server, such as `https://lakefs.example.com`. Required.
    ///
    /// A URL without a path gets the path `/api/v1`. Trailing slashes are ignored.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets an access key: the same as `credentials(Credentials::access_key(…))`. Default: no credentials.
    pub fn access_key(self, access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
        self.credentials(Credentials::access_key(access_key_id, secret_access_key))
    }

    /// Sets the credentials. Default: none. Few operations work without credentials.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
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

    /// Configures the HTTP client with a function, for settings that this builder does not have: a resolver, a local
    /// address, the size of the connection pool, and so on. Default: none.
    ///
    /// ```
    /// # fn main() -> lakefs::Result<()> {
    /// use lakefs::Client;
    ///
    /// let client = Client::builder()
    ///     .endpoint("https://lakefs.example.com")
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

    /// Creates the client. This makes no requests and reads no files; the certificates of the platform are loaded for the
    /// first connection with TLS.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): the endpoint is missing or not a URL of a server; a header, the user agent,
    /// the proxy or a certificate is invalid; or TLS cannot be configured.
    pub fn build(self) -> Result<Client> {
        let endpoint = self.endpoint.ok_or_else(|| {
            Error::config(
                "there is no endpoint: call ClientBuilder::endpoint, or with from_env, set \
                 LAKECTL_SERVER_ENDPOINT_URL or server.endpoint_url in ~/.lakectl.yaml",
            )
        })?;
        let endpoint = Endpoint::parse(&endpoint)?;
        let http = HttpClient::new(&self.http, endpoint.is_https())?;
        let connect = |authorizer| {
            let transport = Transport::new(http.clone(), authorizer, self.retries.clone());
            api::Client::new(endpoint.as_str().to_owned(), transport)
        };
        let authorizer = self.credentials.map(|credentials| -> Arc<dyn Authorize> {
            // The client that logs in has no credentials.
            Arc::new(Authorizer::new(credentials, connect(None)))
        });
        Ok(Client::from_scope(ClientScope::new(connect(authorizer))))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, credentials, retries, http } = self;
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
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_in_the_endpoint_is_not_printed() {
        let builder = Client::builder().endpoint("https://id:hush@h");
        assert!(!format!("{builder:?}").contains("hush"));
    }
}
