//! Replaces the user metadata of an object.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::macros::impl_into_future;
use crate::models::{ObjectStats, ObjectUserMetadata, UpdateObjectUserMetadata};
use crate::scope::ObjectScope;
use crate::transfer::stat::StatRequest;

/// Replaces the user metadata of an object; see
/// [`BranchObject::update_metadata`](crate::BranchObject::update_metadata).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct UpdateMetadataRequest {
    object: ObjectScope,
    metadata: BTreeMap<String, String>,
}

impl UpdateMetadataRequest {
    pub(crate) fn new(object: ObjectScope, metadata: BTreeMap<String, String>) -> Self {
        Self { object, metadata }
    }

    async fn execute(self) -> Result<ObjectStats> {
        let Self { object, metadata } = self;
        let request = object
            .api()
            .update_object_user_metadata()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .body(UpdateObjectUserMetadata { set: ObjectUserMetadata(metadata) });
        request.send().await?;
        // The server reports success also for a repository that does not exist.
        StatRequest::new(object).await
    }
}

impl_into_future!(UpdateMetadataRequest { object } => ObjectStats);
