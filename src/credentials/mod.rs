//! How a client tells the server who it is.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::future::BoxFuture;
use reqwest::header::HeaderValue;

use tokio::sync::Mutex;

use crate::http::send::Authorize;
use crate::redact::Redacted;
use crate::{Error, ErrorKind, Result, api, models};

/// Who the client is.
///
/// `Debug` shows the access key id and never a secret.
#[derive(Clone)]
pub struct Credentials(Kind);

#[derive(Clone)]
enum Kind {
    KeyPair { access_key_id: String, authorization: HeaderValue },
    Token { authorization: HeaderValue },
    Login { access_key_id: String, secret_access_key: String },
}

impl Credentials {
    /// A pair of access key id and secret access key.
    #[must_use]
    pub fn access_key(access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
        let access_key_id = access_key_id.into();
        let pair = BASE64_STANDARD.encode(format!("{access_key_id}:{}", secret_access_key.as_ref()));
        // Base64 holds nothing that a header cannot hold.
        let authorization = secret(&format!("Basic {pair}")).unwrap_or_else(|_| HeaderValue::from_static(""));
        Self(Kind::KeyPair { access_key_id, authorization })
    }

    /// A token that is sent as it is, and not renewed.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): a token with characters that no header can hold.
    pub fn token(token: impl AsRef<str>) -> Result<Self> {
        let authorization = secret(&format!("Bearer {}", token.as_ref()))
            .map_err(|_| Error::config("the token holds characters that cannot be sent"))?;
        Ok(Self(Kind::Token { authorization }))
    }

    /// A key pair that is not sent with every request: the client logs in with it, and sends the token that it gets.
    ///
    /// The token is renewed before it expires, and once when the server does not accept it.
    #[must_use]
    pub fn login(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self(Kind::Login { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() })
    }
}

/// Puts the credentials on requests, and renews what expires.
#[derive(Debug)]
pub(crate) struct Authorizer {
    credentials: Credentials,
    /// A client without credentials, to log in with.
    api: api::Client,
    /// Held while a token is renewed, so that many calls renew it once.
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    authorization: HeaderValue,
    expires: Option<SystemTime>,
}

impl Token {
    /// A token that is about to expire may do so on its way.
    const MARGIN: Duration = Duration::from_secs(60);

    fn is_good(&self) -> bool {
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

    /// The token that there is, or a new one.
    async fn token(
        &self,
        access_key_id: &str,
        secret_access_key: &str,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue> {
        let mut token = self.token.lock().await;
        if let Some(token) = &*token
            && token.is_good()
            && refused != Some(&token.authorization)
        {
            return Ok(token.authorization.clone());
        }
        let pair = models::LoginInformation {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
        };
        let answer = self.api.login().body(pair).send().await?.into_inner();
        let authorization = secret(&format!("Bearer {}", answer.token)).map_err(|_| {
            Error::new(ErrorKind::Decode, "log in", "the token holds characters that cannot be sent")
        })?;
        let expires = answer.token_expiration.and_then(|seconds| u64::try_from(seconds).ok());
        let expires = expires.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        *token = Some(Token { authorization: authorization.clone(), expires });
        Ok(authorization)
    }
}

impl Authorize for Authorizer {
    fn authorization<'a>(&'a self, refused: Option<&'a HeaderValue>) -> BoxFuture<'a, Result<HeaderValue>> {
        match &self.credentials.0 {
            Kind::KeyPair { authorization, .. } | Kind::Token { authorization } => {
                Box::pin(std::future::ready(Ok(authorization.clone())))
            }
            Kind::Login { access_key_id, secret_access_key } => {
                Box::pin(self.token(access_key_id, secret_access_key, refused))
            }
        }
    }

    fn renews(&self) -> bool {
        matches!(self.credentials.0, Kind::Login { .. })
    }
}

fn secret(text: &str) -> Result<HeaderValue, reqwest::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::KeyPair { access_key_id, .. } => f
                .debug_struct("KeyPair")
                .field("access_key_id", access_key_id)
                .field("secret_access_key", &Redacted)
                .finish(),
            Kind::Token { .. } => f.debug_tuple("Token").field(&Redacted).finish(),
            Kind::Login { access_key_id, .. } => f
                .debug_struct("Login")
                .field("access_key_id", access_key_id)
                .field("secret_access_key", &Redacted)
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(credentials: &Credentials) -> &HeaderValue {
        match &credentials.0 {
            Kind::KeyPair { authorization, .. } | Kind::Token { authorization } => authorization,
            Kind::Login { .. } => panic!("a login has none yet"),
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let pair = Credentials::access_key("AKIA", "hush");
        assert_eq!(
            format!("{pair:?}"),
            r#"KeyPair { access_key_id: "AKIA", secret_access_key: <redacted> }"#
        );
        assert_eq!(authorization(&pair), "Basic QUtJQTpodXNo");
        assert!(authorization(&pair).is_sensitive());
        let login = Credentials::login("AKIA", "hush");
        assert_eq!(format!("{login:?}"), r#"Login { access_key_id: "AKIA", secret_access_key: <redacted> }"#);
        let token = Credentials::token("hush").unwrap();
        assert_eq!(format!("{token:?}"), "Token(<redacted>)");
        assert_eq!(authorization(&token), "Bearer hush");
        assert_eq!(Credentials::token("a\nb").unwrap_err().kind(), ErrorKind::Config);
    }
}
