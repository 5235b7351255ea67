//! Tokens that a client gets for an access key.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;

use crate::api;
use crate::http::credential::{Credential, CredentialError, CredentialProvider};
use crate::models;
use crate::redact::Redacted;

/// An access key to log in with.
#[derive(Clone)]
pub(super) struct Login {
    access_key_id: String,
    secret_access_key: String,
}

impl Login {
    pub(super) fn new(access_key_id: String, secret_access_key: String) -> Self {
        Self { access_key_id, secret_access_key }
    }

    /// Logs in with `api`, a client without credentials.
    pub(super) fn provider(self, api: api::Client) -> impl CredentialProvider + 'static {
        LoginProvider { login: self, api }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &Redacted)
            .finish()
    }
}

#[derive(Debug)]
struct LoginProvider {
    login: Login,
    api: api::Client,
}

impl CredentialProvider for LoginProvider {
    fn credential<'a>(
        &'a self,
        _rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async move {
            let Login { access_key_id, secret_access_key } = self.login.clone();
            let login = models::LoginInformation { access_key_id, secret_access_key };
            Ok(token_credential(self.api.login().body(login).send().await?.into_inner()))
        })
    }
}

/// The credential of a token that lakeFS returned.
pub(super) fn token_credential(token: models::AuthenticationToken) -> Credential {
    let credential = Credential::bearer(token.token);
    match token.token_expiration.and_then(unix_time) {
        Some(expiry) => credential.expires_at(expiry),
        None => credential,
    }
}

/// A time in seconds since 1970. `None` if it is 0, negative or too large.
pub(super) fn unix_time(seconds: i64) -> Option<SystemTime> {
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
