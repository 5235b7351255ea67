//! The token cache of `lakectl login`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use serde::Deserialize;

use crate::credentials::login::unix_time;
use crate::credentials::watched_file::WatchedFile;
use crate::http::credential::{Credential, CredentialError, CredentialProvider};

/// A file in which lakectl keeps the token of a login.
#[derive(Debug)]
pub(super) struct TokenCache(WatchedFile);

/// The content of the file.
#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    token: String,
    /// In seconds since 1970.
    #[serde(default)]
    expiration_time: i64,
}

impl TokenCache {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(WatchedFile::new(path))
    }

    /// The path of the file in a home directory.
    pub(super) fn path_in(home: &Path) -> PathBuf {
        home.join(".lakectl").join("cache").join("lakectl_token_cache.json")
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
    // The error of serde can contain the token.
    let content: Content = serde_json::from_str(&text)
        .map_err(|_| login_again(&format!("{path} is not a token cache of lakectl")))?;
    if content.token.is_empty() {
        return Err(login_again(&format!("the token cache of lakectl, {path}, contains no token")));
    }
    let credential = Credential::bearer(content.token);
    match unix_time(content.expiration_time) {
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
