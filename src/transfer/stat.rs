//! Reads the metadata of an object.

use crate::api::Response;
use crate::error::Result;
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::models::ObjectStats;
use crate::scope::ObjectScope;

/// Reads the metadata of an object; see [`Object::stat`](crate::Object::stat).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct StatRequest {
    object: ObjectScope,
    user_metadata: Option<bool>,
    presign: Option<bool>,
}

impl StatRequest {
    pub(crate) fn new(object: ObjectScope) -> Self {
        Self { object, user_metadata: None, presign: None }
    }

    /// Sets whether the response contains the user metadata of the object. Default: `true`.
    pub fn user_metadata(mut self, yes: bool) -> Self {
        self.user_metadata = Some(yes);
        self
    }

    bool_setters! {
        /// Returns the physical address as a pre-signed URL, with which anybody can read the object until it expires.
        /// Default: `false`.
        ///
        /// # Errors
        /// The storage must support pre-signed URLs; see
        /// [`Repository::storage_config`](crate::Repository::storage_config).
        presign => presign;
    }

    async fn execute(self) -> Result<ObjectStats> {
        Ok(self.response().await?.into_inner())
    }

    /// Sends the request, and returns the response with its headers.
    pub(crate) async fn response(self) -> Result<Response<ObjectStats>> {
        let object = &self.object;
        let request = object
            .api()
            .stat_object()
            .repository(object.repository().name())
            .ref_(object.reference().expression())
            .path(object.path())
            .apply_if_some(self.user_metadata, |request, yes| request.user_metadata(yes))
            .apply_if_some(self.presign, |request, presign| request.presign(presign));
        request.send().await
    }
}

impl_into_future!(StatRequest { object } => ObjectStats);
