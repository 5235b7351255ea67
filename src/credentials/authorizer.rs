//! The `Authorization` header of requests, and the renewal of tokens.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

use crate::api;
use crate::credentials::kinds::{Credentials, Kind, sensitive};
use crate::error::{Error, ErrorKind, Result};
use crate::http::authorize::Authorize;
use crate::models;

/// Adds credentials to requests, and renews tokens that expire.
#[derive(Debug)]
pub(crate) struct Authorizer {
    credentials: Credentials,
    /// A client without credentials, to log in with.
    api: api::Client,
    /// Locked while the token is renewed, so that concurrent calls renew it once.
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    authorization: HeaderValue,
    expires: Option<SystemTime>,
}

impl Token {
    /// How long before its expiry a token is renewed, so that it does not expire on the way to the server.
    const MARGIN: Duration = Duration::from_secs(60);

    fn is_valid(&self) -> bool {
        self.expires.is_none_or(|expires| SystemTime::now() + Self::MARGIN < expires)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Authorizer {
    pub(crate) fn new(credentials: Credentials, api: api::Client) -> Self {
        Self { credentials, api, token: Mutex::new(None) }
    }

    /// Returns the current token, or logs in to get one.
    async fn token(
        &self,
        access_key_id: &str,
        secret_access_key: &str,
        rejected: Option<&HeaderValue>,
    ) -> Result<HeaderValue> {
        let mut token = self.token.lock().await;
        if let Some(token) = &*token
            && token.is_valid()
            && rejected != Some(&token.authorization)
        {
            return Ok(token.authorization.clone());
        }
        let login = models::LoginInformation {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
        };
        let response = self.api.login().body(login).send().await?.into_inner();
        let authorization = sensitive(&format!("Bearer {}", response.token)).map_err(|_| {
            let message = "the token contains characters that cannot be sent in a header";
            Error::new(ErrorKind::Decode, "log in", message)
        })?;
        let expires = response.token_expiration.and_then(|seconds| u64::try_from(seconds).ok());
        let expires = expires.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        *token = Some(Token { authorization: authorization.clone(), expires });
        Ok(authorization)
    }
}

impl Authorize for Authorizer {
    fn authorization<'a>(&'a self, rejected: Option<&'a HeaderValue>) -> BoxFuture<'a, Result<HeaderValue>> {
        match &self.credentials.0 {
            Kind::AccessKey { authorization, .. } | Kind::Token { authorization } => {
                Box::pin(std::future::ready(Ok(authorization.clone())))
            }
            Kind::Login { access_key_id, secret_access_key } => {
                Box::pin(self.token(access_key_id, secret_access_key, rejected))
            }
        }
    }

    fn renews(&self) -> bool {
        matches!(self.credentials.0, Kind::Login { .. })
    }
}
