//! Authentication: the access keys of the one user, and the tokens that a login issues.

use std::fmt;
use std::sync::{OnceLock, PoisonError, RwLock};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::response::ApiError;
use crate::model::Timestamp;

/// The user of a server that is set up at its start.
const DEFAULT_USER: &str = "admin";
/// The name of the cookie with the token of a login.
pub(crate) const SESSION_COOKIE: &str = "internal_auth_session";
/// How long a token is valid, in seconds.
const TOKEN_LIFETIME: i64 = 7 * 24 * 60 * 60;

/// An access key: an id and a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) created: Timestamp,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The user. A lakeFS with basic authentication has one.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) created: Timestamp,
}

/// The user and its access keys, and the key of signatures. There is no user before the setup.
pub(crate) struct Auth {
    account: OnceLock<Account>,
    keys: RwLock<Vec<AccessKey>>,
    signing_key: [u8; 16],
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("account", &self.account)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    jti: String,
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Auth {
    /// Creates the state of a server that is set up with this access key.
    pub(crate) fn new(id: String, secret: String) -> Self {
        let auth = Self::without_user();
        auth.set_up(DEFAULT_USER.to_owned(), Some((id, secret)));
        auth
    }

    /// Creates the state of a server before its setup.
    pub(crate) fn without_user() -> Self {
        let signing_key = uuid::Uuid::new_v4().into_bytes();
        Self { account: OnceLock::new(), keys: RwLock::default(), signing_key }
    }

    /// Creates the user with this access key or a new one. Returns `None` if there is a user already.
    pub(crate) fn set_up(&self, user: String, key: Option<(String, String)>) -> Option<AccessKey> {
        let created = Timestamp::now();
        self.account.set(Account { user, created }).ok()?;
        let (id, secret) = key.unwrap_or_else(new_key);
        let key = AccessKey { id, secret, created };
        self.keys.write().unwrap_or_else(PoisonError::into_inner).push(key.clone());
        Some(key)
    }

    /// Returns the user, or `None` before the setup.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.get()
    }

    fn user(&self) -> Option<&str> {
        self.account().map(|account| account.user.as_str())
    }

    /// Returns the user whose credentials a request has, or `None` if it has none.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, value) = authorization.and_then(|header| header.split_once(' ')).unwrap_or_default();
        let is_valid = if scheme.eq_ignore_ascii_case("bearer") {
            self.is_valid_token(value.trim())
        } else if let Some((id, secret)) = basic(scheme, value) {
            self.is_valid_key(&id, &secret)
        } else {
            // lakeFS ignores an invalid cookie.
            return Ok(cookie(headers).filter(|token| self.is_valid_token(token)).and(self.user()));
        };
        if is_valid { Ok(self.user()) } else { Err(ApiError::unauthenticated()) }
    }

    pub(crate) fn is_valid_key(&self, id: &str, secret: &str) -> bool {
        self.keys().iter().any(|key| key.id == id && key.secret == secret)
    }

    pub(crate) fn keys(&self) -> Vec<AccessKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Issues a token for the user. Returns it with its expiry in seconds since the Unix epoch.
    pub(crate) fn issue_token(&self) -> (String, i64) {
        let now = Timestamp::now().seconds;
        let exp = now + TOKEN_LIFETIME;
        let claims = Claims {
            jti: uuid::Uuid::new_v4().to_string(),
            iss: "auth".into(),
            sub: self.user().unwrap_or_default().into(),
            aud: "login".into(),
            iat: now,
            exp,
        };
        let part = |json: Result<Vec<u8>, _>| URL_SAFE_NO_PAD.encode(json.unwrap_or_default());
        let header = part(serde_json::to_vec(&Header { alg: "HS256", typ: "JWT" }));
        let signed = format!("{header}.{}", part(serde_json::to_vec(&claims)));
        let signature = URL_SAFE_NO_PAD.encode(self.mac(&signed).finalize().into_bytes());
        (format!("{signed}.{signature}"), exp)
    }

    /// Signs a text for [`verify`](Self::verify).
    pub(crate) fn sign(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(text).finalize().into_bytes())
    }

    /// Returns whether a signature belongs to a text, or `None` if it is malformed.
    pub(crate) fn verify(&self, text: &str, signature: &str) -> Option<bool> {
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(self.mac(text).verify_slice(&signature).is_ok())
    }

    fn is_valid_token(&self, token: &str) -> bool {
        let checked = || {
            let (signed, signature) = token.rsplit_once('.')?;
            self.mac(signed).verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
            let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
            let claims: Claims = serde_json::from_slice(&claims).ok()?;
            (Some(&*claims.sub) == self.user() && claims.exp > Timestamp::now().seconds).then_some(())
        };
        checked().is_some()
    }

    fn mac(&self, signed: &str) -> Hmac<Sha256> {
        // A key that is no longer than a block is padded with zeros and not hashed.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..self.signing_key.len()].copy_from_slice(&self.signing_key);
        Hmac::<Sha256>::new(&block).chain_update(signed)
    }
}

/// Creates an access key in lakeFS's format.
fn new_key() -> (String, String) {
    let random = || uuid::Uuid::new_v4().into_bytes();
    let id = hex::encode_upper(random());
    ("AKIAJ".to_owned() + &id[..14] + "Q", STANDARD.encode([random(), random()].concat())[..40].to_owned())
}

fn basic(scheme: &str, value: &str) -> Option<(String, String)> {
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authenticate<'a>(auth: &'a Auth, header: &str) -> Result<Option<&'a str>, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        auth.authenticate(&headers)
    }

    #[test]
    fn access_keys_and_tokens_authenticate_the_user() {
        let auth = Auth::new("id".into(), "se:cret".into());
        let pair = |pair| format!("Basic {}", STANDARD.encode(pair));
        assert_eq!(authenticate(&auth, &pair("id:se:cret")).unwrap(), Some(DEFAULT_USER));
        assert!(authenticate(&auth, &pair("id:other")).is_err());
        let (token, _) = auth.issue_token();
        assert_eq!(authenticate(&auth, &format!("bearer {token}")).unwrap(), Some(DEFAULT_USER));
        assert!(authenticate(&auth, &format!("Bearer {token}x")).is_err());
        assert!(authenticate(&auth, "Bearer nonsense").is_err());
        assert_eq!(authenticate(&auth, "Digest x").unwrap(), None);
        assert_eq!(auth.authenticate(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn debug_output_has_no_secret() {
        let auth = Auth::new("id".into(), "hush".into());
        assert!(!format!("{auth:?}").contains("hush"));
    }
}
