//! Requests a place in the storage for the data of an object.

use crate::error::Result;
use crate::http::call::Call;
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::models::StagingLocation;
use crate::scope::ObjectScope;

/// Requests a physical address in the storage; see
/// [`BranchObject::physical_address`](crate::BranchObject::physical_address).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct PhysicalAddressRequest {
    object: ObjectScope,
    presign: Option<bool>,
}

impl PhysicalAddressRequest {
    pub(crate) fn new(object: ObjectScope) -> Self {
        Self { object, presign: None }
    }

    bool_setters! {
        /// Returns also a pre-signed URL, to which anybody can write the data until it expires. Default: `false`.
        ///
        /// # Errors
        /// [`Unsupported`](crate::ErrorKind::Unsupported): the storage does not support pre-signed URLs; see
        /// [`Repository::storage_config`](crate::Repository::storage_config).
        presign => presign;
    }

    pub(crate) fn call(&self) -> Result<Call> {
        let object = &self.object;
        object
            .api()
            .get_physical_address()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .apply_if_some(self.presign, |request, presign| request.presign(presign))
            .call()
    }

    async fn execute(self) -> Result<StagingLocation> {
        let transport = self.object.api().transport();
        Ok(transport.json::<StagingLocation>(self.call()?).await?.into_inner())
    }
}

impl_into_future!(PhysicalAddressRequest { object } => StagingLocation);
