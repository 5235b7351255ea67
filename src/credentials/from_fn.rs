//! Credentials that a function returns.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::http::credential::{Credential, CredentialError, CredentialProvider};

type Outcome = Result<Credential, CredentialError>;

/// A function that may block.
pub(super) struct BlockingFn(Arc<dyn Fn() -> Outcome + Send + Sync>);

impl BlockingFn {
    pub(super) fn new(function: impl Fn() -> Outcome + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }
}

impl CredentialProvider for BlockingFn {
    fn credential<'a>(&'a self, _rejected: Option<&'a Credential>) -> BoxFuture<'a, Outcome> {
        let function = Arc::clone(&self.0);
        Box::pin(async move { tokio::task::spawn_blocking(move || function()).await? })
    }
}

impl fmt::Debug for BlockingFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingFn")
    }
}

/// An async function.
pub(super) struct AsyncFn(Box<dyn Fn() -> BoxFuture<'static, Outcome> + Send + Sync>);

impl AsyncFn {
    pub(super) fn new(function: impl Fn() -> BoxFuture<'static, Outcome> + Send + Sync + 'static) -> Self {
        Self(Box::new(function))
    }
}

impl CredentialProvider for AsyncFn {
    fn credential<'a>(&'a self, _rejected: Option<&'a Credential>) -> BoxFuture<'a, Outcome> {
        self.0()
    }
}

impl fmt::Debug for AsyncFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncFn")
    }
}
