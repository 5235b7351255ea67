//! Tokens in a file.

use std::io;
use std::path::PathBuf;

use futures::future::BoxFuture;

use crate::credentials::watched_file::WatchedFile;
use crate::http::credential::{Credential, CredentialError, CredentialProvider};

/// A file that contains a token and nothing else.
#[derive(Debug)]
pub(super) struct TokenFile(WatchedFile);

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(WatchedFile::new(path))
    }
}

impl CredentialProvider for TokenFile {
    fn credential<'a>(
        &'a self,
        _rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async move {
            let path = self.0.path().display().to_string();
            let convert = move |text: io::Result<String>| -> Result<Credential, CredentialError> {
                let text = text.map_err(|error| format!("the token file {path} cannot be read: {error}"))?;
                match text.trim() {
                    "" => Err(format!("the token file {path} is empty").into()),
                    token => Ok(Credential::bearer(token)),
                }
            };
            self.0.read(convert).await?
        })
    }

    fn has_changed(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.0.has_changed())
    }
}
