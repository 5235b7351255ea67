//! The token cache of `lakectl login`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;

use crate::credentials::login::unix_time;
use crate::credentials::watched_file::WatchedFile;
use crate::http::credential::{Credential, CredentialError, CredentialProvider};

/// A file in which lakectl keeps the token of a login.
#[derive(Debug)]
pub(super) struct TokenCache(WatchedFile);

/// The content of the file.
pub(crate) struct CachedToken {
    token: String,
    /// In seconds since 1970.
    expiration: i64,
}

impl CachedToken {
    /// Parses the file as lakectl does: keys in any case, and anything after the object. `None` if it has no token.
    pub(crate) fn parse(content: &[u8]) -> Option<Self> {
        let object = serde_json::Deserializer::from_slice(content)
            .into_iter::<serde_json::Map<String, serde_json::Value>>()
            .next()?
            .ok()?;
        let field = |name: &str| {
            object.get(name).or_else(|| {
                object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            })
        };
        let token = field("token")?.as_str().filter(|token| !token.is_empty())?.to_owned();
        let expiration = field("expiration_time").map_or(Some(0), serde_json::Value::as_i64)?;
        Some(Self { token, expiration })
    }
}

/// Returns the path of the file in a home directory.
pub(crate) fn token_cache_path(home: &Path) -> PathBuf {
    home.join(".lakectl").join("cache").join("lakectl_token_cache.json")
}

impl TokenCache {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(WatchedFile::new(path))
    }
}

impl CredentialProvider for TokenCache {
    fn credential<'a>(
        &'a self,
        rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async move {
            let path = self.0.path().display();
            let credential = {
                let path = path.to_string();
                self.0.read(move |text| parse(text, &path, SystemTime::now())).await??
            };
            if rejected == Some(&credential) {
                return Err(login_again(&format!("the server rejects the token in {path}")));
            }
            Ok(credential)
        })
    }

    fn has_changed(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.0.has_changed())
    }
}

fn parse(text: io::Result<String>, path: &str, now: SystemTime) -> Result<Credential, CredentialError> {
    let text = text.map_err(|error| {
        login_again(&format!("the token cache of lakectl, {path}, cannot be read: {error}"))
    })?;
    let Some(CachedToken { token, expiration }) = CachedToken::parse(text.as_bytes()) else {
        return Err(login_again(&format!("the token cache of lakectl, {path}, contains no token")));
    };
    let credential = Credential::bearer(token);
    match unix_time(expiration) {
        Some(expiry) if expiry <= now => {
            Err(login_again(&format!("the token of lakectl in {path} has expired")))
        }
        // Only a login can renew it.
        Some(expiry) => Ok(credential.expires_at(expiry).renew_before(Duration::ZERO)),
        None => Ok(credential),
    }
}

fn login_again(problem: &str) -> CredentialError {
    format!("{problem}; run `lakectl login`").into()
}
