//! How a client tells the server who it is.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;

use crate::{Error, Result, redact::Redacted};

/// Who the client is.
///
/// `Debug` shows the access key id and never a secret.
#[derive(Clone)]
pub struct Credentials(Kind);

#[derive(Clone)]
enum Kind {
    KeyPair { access_key_id: String, authorization: HeaderValue },
    Token { authorization: HeaderValue },
}

impl Credentials {
    /// A pair of access key id and secret access key.
    #[must_use]
    pub fn key_pair(access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
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

    pub(crate) fn authorization(&self) -> HeaderValue {
        match &self.0 {
            Kind::KeyPair { authorization, .. } | Kind::Token { authorization } => authorization.clone(),
        }
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let pair = Credentials::key_pair("AKIA", "hush");
        assert_eq!(
            format!("{pair:?}"),
            r#"KeyPair { access_key_id: "AKIA", secret_access_key: <redacted> }"#
        );
        assert_eq!(pair.authorization(), "Basic QUtJQTpodXNo");
        assert!(pair.authorization().is_sensitive());
        let token = Credentials::token("hush").unwrap();
        assert_eq!(format!("{token:?}"), "Token(<redacted>)");
        assert_eq!(token.authorization(), "Bearer hush");
        assert_eq!(Credentials::token("a\nb").unwrap_err().kind(), crate::ErrorKind::Config);
    }
}
