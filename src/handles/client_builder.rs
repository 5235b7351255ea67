//! The builder of clients.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::api;
use crate::client::endpoint::Endpoint;
use crate::client::settings::HttpSettings;
use crate::config::Config;
use crate::credentials::{Authorizer, Credentials};
use crate::error::{Error, Result};
use crate::handles::client::Client;
use crate::http::authorize::Authorize;
use crate::http::clients::HttpClients;
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

    /// Creates the client. This makes no requests.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): the endpoint is missing or not a URL of a server, the user agent cannot be
    /// sent in a header, or TLS cannot be configured.
    pub fn build(self) -> Result<Client> {
        let endpoint = self.endpoint.ok_or_else(|| {
            Error::config(
                "there is no endpoint: call ClientBuilder::endpoint, or with from_env, set \
                 LAKECTL_SERVER_ENDPOINT_URL or server.endpoint_url in ~/.lakectl.yaml",
            )
        })?;
        let endpoint = Endpoint::parse(&endpoint)?;
        let clients = match self.http_client {
            Some(client) => HttpClients::from_client(client),
            None => HttpClients::new(&self.http, endpoint.is_https())?,
        };
        let connect = |authorizer| {
            let transport = Transport::new(clients.clone(), authorizer, self.retries.clone());
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
        let Self { endpoint, credentials, retries, http, http_client } = self;
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
