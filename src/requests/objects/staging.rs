//! Objects whose data a program writes to the storage by itself.

use std::collections::BTreeMap;

use reqwest::header::{IF_MATCH, IF_NONE_MATCH};

use crate::Object;
use crate::Result;
use crate::http::call::Call;
use crate::http::retry_table::RetryClass;
use crate::models::{self, ObjectStageCreation, ObjectUserMetadata, StagingLocation, StagingMetadata};
use crate::requests::support::{When as _, awaits, flags};

const TOO_LARGE: &str = "no object is as large as this";

/// Asks for a place in the storage; see [`Object::physical_address`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct PhysicalAddressRequest {
    object: Object,
    presign: Option<bool>,
}

impl PhysicalAddressRequest {
    pub(crate) fn new(object: Object) -> Self {
        Self { object, presign: None }
    }

    flags! {
        /// With a signed URL to write to, good for a while and for everybody. Not every storage can.
        presign => presign;
    }

    pub(crate) fn call(&self) -> Result<Call> {
        let reference = self.object.reference();
        let repository = reference.repository();
        let request = repository
            .client
            .api()
            .get_physical_address()
            .repository(repository.name())
            .branch(reference.expression())
            .path(self.object.path())
            .when(self.presign, |request, presign| request.presign(presign));
        request.call()
    }

    async fn send(self) -> Result<StagingLocation> {
        let api = self.object.reference().repository().client.api();
        Ok(api.transport().json::<StagingLocation>(self.call()?).await?.into_inner())
    }
}

awaits!(PhysicalAddressRequest => StagingLocation);

/// Makes an object of data that were written to a place the server gave; see [`Object::link`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Link {
    object: Object,
    size: u64,
    body: StagingMetadata,
    if_none_match: Option<String>,
    if_match: Option<String>,
}

impl Link {
    pub(crate) fn new(object: Object, staging: StagingLocation, checksum: String, size: u64) -> Self {
        let body = StagingMetadata {
            staging,
            checksum,
            size_bytes: 0,
            content_type: None,
            force: None,
            mtime: None,
            user_metadata: BTreeMap::new(),
        };
        Self { object, size, body, if_none_match: None, if_match: None }
    }

    /// The media type of the object: `application/octet-stream` unless said otherwise.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.body.content_type = Some(media_type.into());
        self
    }

    /// Adds a pair to the metadata of the object.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.user_metadata.insert(key.into(), value.into());
        self
    }

    /// When the data were written, in seconds since 1970, in place of now.
    pub fn mtime(mut self, seconds: i64) -> Self {
        self.body.mtime = Some(seconds);
        self
    }

    /// Only if there is no such object: `*`. A server may know other conditions.
    ///
    /// # Errors
    /// The link fails with [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed) where the object exists.
    pub fn if_none_match(mut self, tag: impl Into<String>) -> Self {
        self.if_none_match = Some(tag.into());
        self
    }

    /// Only if the object is the one with this entity tag. lakeFS 1.84 answers that it is
    /// [`Unsupported`](crate::ErrorKind::Unsupported).
    pub fn if_match(mut self, tag: impl Into<String>) -> Self {
        self.if_match = Some(tag.into());
        self
    }

    flags! {
        /// Writes even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<models::ObjectStats> {
        let Self { object, size, mut body, if_none_match, if_match } = self;
        let size = i64::try_from(size);
        body.size_bytes = size.unwrap_or_default();
        let nowhere = body.staging.physical_address.as_deref().unwrap_or_default().is_empty();
        let reference = object.reference();
        let repository = reference.repository();
        let api = repository.client.api();
        let request = api
            .link_physical_address()
            .repository(repository.name())
            .branch(reference.expression())
            .path(object.path())
            .body(body);
        let mut call = request.call()?;
        if size.is_err() {
            return Err(call.invalid(TOO_LARGE));
        }
        if nowhere {
            // The server takes it, and cannot read or list the object afterwards.
            return Err(call.invalid("the staging location has no physical address"));
        }
        if let Some(tag) = &if_match {
            call = call.header(IF_MATCH.as_str(), tag)?;
        }
        if let Some(tag) = &if_none_match {
            // A second try would meet the object of the first.
            call = call.header(IF_NONE_MATCH.as_str(), tag)?.retry_class(RetryClass::Reconcile);
        }
        Ok(api.transport().json::<models::ObjectStats>(call).await?.into_inner())
    }
}

awaits!(Link => models::ObjectStats);

/// Makes an object of data that are in the storage already; see [`Object::stage`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Stage {
    object: Object,
    size: u64,
    body: ObjectStageCreation,
}

impl Stage {
    pub(crate) fn new(object: Object, physical_address: String, checksum: String, size: u64) -> Self {
        let body = ObjectStageCreation {
            physical_address,
            checksum,
            size_bytes: 0,
            content_type: None,
            force: None,
            metadata: None,
            mtime: None,
        };
        Self { object, size, body }
    }

    /// The media type of the object: `application/octet-stream` unless said otherwise.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.body.content_type = Some(media_type.into());
        self
    }

    /// Adds a pair to the metadata of the object.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let ObjectUserMetadata(pairs) = self.body.metadata.get_or_insert(ObjectUserMetadata(BTreeMap::new()));
        pairs.insert(key.into(), value.into());
        self
    }

    /// When the data were written, in seconds since 1970, in place of now.
    pub fn mtime(mut self, seconds: i64) -> Self {
        self.body.mtime = Some(seconds);
        self
    }

    flags! {
        /// Writes even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<models::ObjectStats> {
        let Self { object, size, mut body } = self;
        let size = i64::try_from(size);
        body.size_bytes = size.unwrap_or_default();
        let reference = object.reference();
        let repository = reference.repository();
        let api = repository.client.api();
        let request = api.stage_object().repository(repository.name());
        let call = request.branch(reference.expression()).path(object.path()).body(body).call()?;
        if size.is_err() {
            return Err(call.invalid(TOO_LARGE));
        }
        Ok(api.transport().json::<models::ObjectStats>(call).await?.into_inner())
    }
}

awaits!(Stage => models::ObjectStats);
