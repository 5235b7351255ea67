//! The `Authorization` header of requests.

use std::fmt;

use futures::future::BoxFuture;
use reqwest::header::HeaderValue;

use crate::error::Result;

/// Provides the value of the `Authorization` header.
pub(crate) trait Authorize: fmt::Debug + Send + Sync {
    /// Returns the value for the next request. `rejected` is the one that the server rejected with status 401.
    fn authorization<'a>(&'a self, rejected: Option<&'a HeaderValue>) -> BoxFuture<'a, Result<HeaderValue>>;

    /// Whether a rejected value can be renewed.
    fn renews(&self) -> bool;
}
