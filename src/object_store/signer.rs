//! Pre-signed URLs for callers.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, Url};
use tokio::time::Instant;

use super::error::{generic, read_error};
use super::location::StoreObject;
use super::store::LakeFsStore;
use super::version::object_store::path::Path;
use super::version::object_store::signer::Signer;
use super::version::object_store::{self, Result};
use crate::scope::SignedObject;

#[async_trait]
impl Signer for LakeFsStore {
    /// Returns a pre-signed URL at which anybody can read the object, from the storage. Only [`Method::GET`] is supported.
    ///
    /// lakeFS chooses how long its URLs are valid: 15 minutes, or what its administrator configured. The URL is valid for
    /// `expires_in` at least, and may be valid for longer. It is of the version of the object that exists now.
    ///
    /// # Errors
    /// `NotSupported`: the method is another one, `expires_in` is longer than the URLs of the server are valid, or the
    /// storage does not sign URLs. A `PUT` would create no object, because lakeFS has to link the data after the upload:
    /// see [`BranchObject::physical_address`](crate::BranchObject::physical_address).
    async fn signed_url(&self, method: Method, path: &Path, expires_in: Duration) -> Result<Url> {
        sign(&self.root.object(path)?, &method, expires_in).await
    }
}

/// Returns a pre-signed URL of an object that is valid for `expires_in` at least.
async fn sign(source: &StoreObject, method: &Method, expires_in: Duration) -> Result<Url> {
    if *method != Method::GET {
        let reason = if *method == Method::PUT {
            "lakeFS has to link the data after an upload to a pre-signed URL: use `BranchObject::physical_address` and `link`"
        } else {
            "lakeFS signs URLs for the method GET only"
        };
        return Err(not_supported(reason.to_owned()));
    }
    let StoreObject { object, location } = source;
    let requested = Instant::now();
    let stats = match object.stat().presign(true).await {
        Ok(stats) => stats,
        // The server does not sign URLs of this storage, unless the object is the problem.
        Err(error) if matches!(error.status(), Some(400 | 500 | 501)) && object.exists().await.is_ok() => {
            return Err(object_store::Error::NotSupported { source: error.into() });
        }
        Err(error) => return Err(read_error(location, error)),
    };
    let Some(signed) = SignedObject::new(&stats, requested) else {
        return Err(not_supported(format!("the storage of {location} does not sign URLs")));
    };
    if !signed.is_valid_for(expires_in) {
        return Err(not_supported(format!(
            "lakeFS chooses how long its URLs are valid, and that of {location} is not certainly valid for {expires_in:?}"
        )));
    }
    Url::parse(signed.url()).map_err(|_| generic(format!("the pre-signed URL of {location} is invalid")))
}

fn not_supported(reason: String) -> object_store::Error {
    object_store::Error::NotSupported { source: reason.into() }
}
