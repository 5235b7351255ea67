//! Tokens for an AWS role.

#[cfg(feature = "aws")]
mod exchange;
#[cfg(feature = "aws")]
mod identity_token;
mod options;

use std::sync::Arc;

use crate::api;
use crate::error::Result;
use crate::http::credential::CredentialProvider;

pub use options::AwsIam;

/// The provider that logs in with `api`, a client without credentials.
#[cfg(feature = "aws")]
pub(super) fn provider(options: AwsIam, api: api::Client) -> Result<Arc<dyn CredentialProvider>> {
    Ok(Arc::new(exchange::Exchange::new(options, api)?))
}

/// The provider that logs in with `api`, a client without credentials.
#[cfg(not(feature = "aws"))]
#[allow(clippy::needless_pass_by_value, reason = "the feature uses them")]
pub(super) fn provider(_options: AwsIam, _api: api::Client) -> Result<Arc<dyn CredentialProvider>> {
    Err(crate::error::Error::config(
        "the credentials are those of an AWS role, but lakefs was built without its feature `aws`: enable it",
    ))
}
