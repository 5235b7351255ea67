//! Credentials of requests, and the trait of their providers.

use std::error::Error as StdError;
use std::fmt;
use std::future::ready;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::future::BoxFuture;
use reqwest::header::HeaderValue;

use crate::redact::Redacted;

/// The error of a [`CredentialProvider`]. Any error can be converted to it with `?`.
///
/// A [`lakefs::Error`](crate::Error) is returned to the caller as it is. Any other error becomes an error of the kind
/// [`Unauthenticated`](crate::ErrorKind::Unauthenticated), whose message contains the text of this one.
pub type CredentialError = Box<dyn StdError + Send + Sync>;

/// What a client authenticates a request with: a bearer token or an access key, and when it expires.
///
/// A [`CredentialProvider`] returns it. Two credentials are equal if they have the same secret, whenever they expire.
/// `Debug` never shows a token or a secret access key.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use lakefs::Credential;
///
/// let expiry = SystemTime::now() + Duration::from_secs(3600);
/// let credential = Credential::bearer("my-token").expires_at(expiry);
/// assert_eq!(credential.expiry(), Some(expiry));
/// assert_eq!(credential, Credential::bearer("my-token"));
/// ```
#[derive(Clone)]
pub struct Credential {
    /// The value of the header `Authorization`, which may contain characters that cannot be sent.
    authorization: String,
    /// The id of an access key. `None` for a token.
    access_key_id: Option<String>,
    expires: Option<SystemTime>,
    renew_before: Option<Duration>,
}

impl Credential {
    /// A token, which is sent as a bearer token.
    #[must_use]
    pub fn bearer(token: impl AsRef<str>) -> Self {
        let authorization = format!("Bearer {}", token.as_ref());
        Self { authorization, access_key_id: None, expires: None, renew_before: None }
    }

    /// An access key, which is sent as HTTP basic authentication.
    #[must_use]
    pub fn access_key(access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
        let access_key_id = access_key_id.into();
        let pair = BASE64_STANDARD.encode(format!("{access_key_id}:{}", secret_access_key.as_ref()));
        let authorization = format!("Basic {pair}");
        Self { authorization, access_key_id: Some(access_key_id), expires: None, renew_before: None }
    }

    /// Sets when the credential expires. Default: never.
    ///
    /// The client requests the next credential before that time; see [`renew_before`](Self::renew_before).
    #[must_use]
    pub fn expires_at(mut self, expiry: SystemTime) -> Self {
        self.expires = Some(expiry);
        self
    }

    /// Sets how long before its expiry the client starts to renew the credential. Requests use this one until the next
    /// one is there. Default: a quarter of its lifetime, at most 5 minutes.
    ///
    /// More than half of the lifetime counts as half of it.
    #[must_use]
    pub fn renew_before(mut self, time: Duration) -> Self {
        self.renew_before = Some(time);
        self
    }

    /// Returns when the credential expires. `None` if never.
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        self.expires
    }

    /// How long before its expiry the credential is renewed, if that is set.
    pub(super) fn renewal_time(&self) -> Option<Duration> {
        self.renew_before
    }

    /// The value of the header, or `None` if it has characters that cannot be sent.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.authorization).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.authorization == other.authorization
    }
}

impl Eq for Credential {}

/// A bearer token.
impl From<String> for Credential {
    fn from(token: String) -> Self {
        Self::bearer(token)
    }
}

/// A bearer token.
impl From<&str> for Credential {
    fn from(token: &str) -> Self {
        Self::bearer(token)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { access_key_id, expires, .. } = self;
        let mut debug = f.debug_struct("Credential");
        match access_key_id {
            Some(id) => debug.field("access_key_id", id).field("secret_access_key", &Redacted),
            None => debug.field("token", &Redacted),
        };
        debug.field("expires", expires).finish()
    }
}

/// Provides the credentials of a client.
///
/// Implement it to get credentials from a place that [`Credentials`](crate::Credentials) does not cover, and pass it to
/// [`ClientBuilder::credentials`](crate::ClientBuilder::credentials).
///
/// A provider only fetches; the client does the rest. It keeps the credential and uses it for all requests. It fetches
/// the next one in the background before the credential expires, and when the server rejects it with status 401. It
/// never runs two fetches at the same time: concurrent calls wait for one. If a fetch fails, all calls that wait for it
/// fail with its error, and the next fetch starts after a back-off of 1 to 10 seconds; a credential that has not expired
/// stays in use. A fetch that takes more than 5 minutes fails.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use lakefs::reexports::futures::future::BoxFuture;
/// use lakefs::{Client, Credential, CredentialError, CredentialProvider};
///
/// #[derive(Debug)]
/// struct Vault {
///     secret: String,
/// }
///
/// impl Vault {
///     async fn read(&self) -> Result<(String, Duration), std::io::Error> {
///         // Calls the vault.
/// #       Ok((self.secret.clone(), Duration::from_secs(600)))
///     }
/// }
///
/// impl CredentialProvider for Vault {
///     fn credential<'a>(
///         &'a self,
///         rejected: Option<&'a Credential>,
///     ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
///         Box::pin(async move {
///             let (token, lifetime) = self.read().await?;
///             let credential = Credential::bearer(token).expires_at(SystemTime::now() + lifetime);
///             if rejected == Some(&credential) {
///                 return Err("lakeFS rejects the token in the vault".into());
///             }
///             Ok(credential)
///         })
///     }
/// }
///
/// # fn main() -> lakefs::Result<()> {
/// let vault = Vault { secret: "lakefs/token".to_owned() };
/// let client = Client::builder().endpoint("http://localhost:8000").credentials(vault).build()?;
/// # Ok(())
/// # }
/// ```
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// Returns a credential.
    ///
    /// `rejected` is the last credential that the provider returned, if the server has rejected it with status 401. Do
    /// not return it from a cache again. If the provider has no other one, it returns an error, or the same credential
    /// again; the call then fails with the error of the server.
    ///
    /// # Errors
    /// Any error. Its text must not contain a secret.
    fn credential<'a>(
        &'a self,
        rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>>;

    /// Returns whether [`credential`](Self::credential) would return another credential than the last one, for example
    /// because a file has changed. Default: `false`.
    ///
    /// The client calls it before every request, so it must be fast.
    fn has_changed(&self) -> BoxFuture<'_, bool> {
        Box::pin(ready(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_never_printed() {
        let key = Credential::access_key("AKIA", "hush");
        let expected =
            r#"Credential { access_key_id: "AKIA", secret_access_key: <redacted>, expires: None }"#;
        assert_eq!(format!("{key:?}"), expected);
        let token = Credential::bearer("hush");
        assert_eq!(format!("{token:?}"), "Credential { token: <redacted>, expires: None }");
    }

    #[test]
    fn header_is_sensitive() {
        let key = Credential::access_key("AKIA", "hush").header().unwrap();
        assert_eq!(key, "Basic QUtJQTpodXNo");
        assert!(key.is_sensitive());
        let token = Credential::from("hush").header().unwrap();
        assert_eq!(token, "Bearer hush");
        assert!(token.is_sensitive());
        assert_eq!(Credential::bearer("a\nb").header(), None);
    }

    #[test]
    fn credentials_with_the_same_secret_are_equal() {
        let credential = Credential::bearer("a");
        assert_eq!(credential, credential.clone().expires_at(SystemTime::UNIX_EPOCH));
        assert_ne!(credential, Credential::bearer("b"));
        assert_ne!(Credential::access_key("a", "b"), Credential::access_key("a", "c"));
    }
}
