//! The kinds of credentials.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{HeaderValue, InvalidHeaderValue};

use crate::error::{Error, Result};
use crate::redact::Redacted;

/// Credentials of a client: an access key, a token, or an access key to log in with.
///
/// Pass them to [`ClientBuilder::credentials`](crate::ClientBuilder::credentials). `Debug` shows the access key id and
/// never a secret. Credentials are sent to the endpoint only, never to a storage or to the target of a redirect.
///
/// ```
/// # fn main() -> lakefs::Result<()> {
/// use lakefs::{Client, Credentials};
///
/// let credentials = Credentials::login("access-key-id", "secret-access-key");
/// let client = Client::builder().endpoint("http://localhost:8000").credentials(credentials).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Credentials(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    AccessKey { access_key_id: String, authorization: HeaderValue },
    Token { authorization: HeaderValue },
    Login { access_key_id: String, secret_access_key: String },
}

impl Credentials {
    /// An access key, which is sent with every request as HTTP basic authentication.
    #[must_use]
    pub fn access_key(access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
        let access_key_id = access_key_id.into();
        let pair = BASE64_STANDARD.encode(format!("{access_key_id}:{}", secret_access_key.as_ref()));
        // Base64 contains only characters that a header may contain.
        let authorization =
            sensitive(&format!("Basic {pair}")).unwrap_or_else(|_| HeaderValue::from_static(""));
        Self(Kind::AccessKey { access_key_id, authorization })
    }

    /// A token, which is sent with every request as a bearer token and never renewed.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): the token contains characters that cannot be sent in a header.
    pub fn token(token: impl AsRef<str>) -> Result<Self> {
        let authorization = sensitive(&format!("Bearer {}", token.as_ref()))
            .map_err(|_| Error::config("the token contains characters that cannot be sent in a header"))?;
        Ok(Self(Kind::Token { authorization }))
    }

    /// An access key, with which the client logs in to get a token. Only the token is sent with other requests.
    ///
    /// The client logs in before the first request, a minute before the token expires, and once more when the server
    /// rejects the token.
    #[must_use]
    pub fn login(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self(Kind::Login { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() })
    }
}

/// A header value that is not logged.
pub(super) fn sensitive(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::AccessKey { access_key_id, .. } => f
                .debug_struct("AccessKey")
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
    use crate::error::ErrorKind;

    fn authorization(credentials: &Credentials) -> &HeaderValue {
        match &credentials.0 {
            Kind::AccessKey { authorization, .. } | Kind::Token { authorization } => authorization,
            Kind::Login { .. } => panic!("a login has no token yet"),
        }
    }

    #[test]
    fn secret_is_never_printed() {
        let key = Credentials::access_key("AKIA", "hush");
        assert_eq!(
            format!("{key:?}"),
            r#"AccessKey { access_key_id: "AKIA", secret_access_key: <redacted> }"#
        );
        assert_eq!(authorization(&key), "Basic QUtJQTpodXNo");
        assert!(authorization(&key).is_sensitive());
        let login = Credentials::login("AKIA", "hush");
        assert_eq!(format!("{login:?}"), r#"Login { access_key_id: "AKIA", secret_access_key: <redacted> }"#);
        let token = Credentials::token("hush").unwrap();
        assert_eq!(format!("{token:?}"), "Token(<redacted>)");
        assert_eq!(authorization(&token), "Bearer hush");
        assert_eq!(Credentials::token("a\nb").unwrap_err().kind(), ErrorKind::Config);
    }
}
