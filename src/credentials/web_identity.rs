//! Tokens for a login at an OIDC identity provider.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;

use crate::api;
use crate::credentials::login::token_credential;
use crate::http::credential::{Credential, CredentialError, CredentialProvider};
use crate::http::options::CallOptions;
use crate::http::retry::RetryPolicy;
use crate::models;
use crate::redact::Redacted;

/// A login at an OIDC identity provider, which the client exchanges for a token of lakeFS.
///
/// The identity provider redirects the browser of the user to `redirect_uri`, with the parameters `code` and `state`.
/// The client exchanges them before its first request. A code can be used once: the exchange is not retried, and when
/// the token expires, calls fail with [`Unauthenticated`](crate::ErrorKind::Unauthenticated). Needs a server with
/// single sign-on.
///
/// ```
/// # fn example(code: &str, state: &str) -> lakefs::Result<()> {
/// use std::time::Duration;
/// use lakefs::{Client, WebIdentity};
///
/// let identity = WebIdentity::new(code, state, "https://my-program.example.com/callback")
///     .token_ttl(Duration::from_secs(8 * 3600));
/// let client = Client::builder().endpoint("https://lakefs.example.com").credentials(identity).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebIdentity {
    code: String,
    state: String,
    redirect_uri: String,
    token_ttl: Option<Duration>,
}

impl WebIdentity {
    /// Creates the credentials from what the identity provider returned, and the URI that it redirected to.
    #[must_use]
    pub fn new(code: impl Into<String>, state: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        let (code, state, redirect_uri) = (code.into(), state.into(), redirect_uri.into());
        Self { code, state, redirect_uri, token_ttl: None }
    }

    /// Sets how long the token is valid, in whole seconds. Default: decided by the server.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = Some(ttl);
        self
    }

    /// Exchanges the code with `api`, a client without credentials.
    pub(super) fn provider(self, api: &api::Client) -> impl CredentialProvider + use<> {
        let api = api.with_options(CallOptions::default().retries(RetryPolicy::none()));
        Provider { unused: Mutex::new(Some(self)), api }
    }
}

impl fmt::Debug for WebIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentity")
            .field("code", &Redacted)
            .field("state", &Redacted)
            .field("redirect_uri", &self.redirect_uri)
            .field("token_ttl", &self.token_ttl)
            .finish()
    }
}

#[derive(Debug)]
struct Provider {
    /// `None` once the code was sent.
    unused: Mutex<Option<WebIdentity>>,
    api: api::Client,
}

impl Provider {
    fn take(&self) -> Option<WebIdentity> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl CredentialProvider for Provider {
    fn credential<'a>(
        &'a self,
        rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async move {
            let Some(identity) = self.take() else {
                let problem = match rejected {
                    Some(_) => "the server rejects the token of the web identity",
                    None => "the token of the web identity has expired, or its code was not accepted",
                };
                let remedy = "a code can be used once: log in at the identity provider again";
                return Err(format!("{problem}; {remedy}").into());
            };
            let WebIdentity { code, state, redirect_uri, token_ttl } = identity.clone();
            let mut request = models::StsAuthRequest::new(code, state, redirect_uri);
            if let Some(ttl) = token_ttl {
                request = request.ttl_seconds(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX));
            }
            match self.api.sts_login().body(request).send().await {
                Ok(response) => Ok(token_credential(response.into_inner())),
                Err(error) => {
                    if error.is_unreached() {
                        // The code was not sent.
                        *self.unused.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
                    }
                    Err(error.into())
                }
            }
        })
    }
}
