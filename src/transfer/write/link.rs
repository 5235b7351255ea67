//! Creates objects from data that are in the storage already.

use std::collections::BTreeMap;
use std::time::SystemTime;

use reqwest::header::{IF_MATCH, IF_NONE_MATCH};

use crate::error::Result;
use crate::http::call::Call;
use crate::http::conditional_create::{Creation, create};
use crate::http::retry_table::RetryClass;
use crate::macros::{bool_setters, impl_into_future};
use crate::models::time::nearest_unix_seconds;
use crate::models::{ObjectStageCreation, ObjectStats, ObjectUserMetadata, StagingLocation, StagingMetadata};
use crate::scope::ObjectScope;
use crate::transfer::write::create::{self, Identity};
use crate::transfer::write::exclusive;

/// Creates an object from data at a physical address that the server has given; see
/// [`BranchObject::link`](crate::BranchObject::link).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct LinkRequest {
    object: ObjectScope,
    size: u64,
    body: StagingMetadata,
    if_none_match: Option<String>,
    is_exclusive: bool,
    if_match: Option<String>,
}

impl LinkRequest {
    pub(crate) fn new(object: ObjectScope, staging: StagingLocation, checksum: String, size: u64) -> Self {
        let body = StagingMetadata {
            staging,
            checksum,
            size_bytes: 0,
            content_type: None,
            force: None,
            mtime: None,
            user_metadata: BTreeMap::new(),
        };
        Self { object, size, body, if_none_match: None, is_exclusive: false, if_match: None }
    }

    /// Sets the media type of the object. Default: `application/octet-stream`.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.body.content_type = Some(media_type.into());
        self
    }

    /// Adds a key and a value to the user metadata of the object. Default: no metadata.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.user_metadata.insert(key.into(), value.into());
        self
    }

    /// Sets when the object was modified, to the second. Default: the time at which the server links the data.
    pub fn mtime(mut self, time: SystemTime) -> Self {
        self.body.mtime = Some(nearest_unix_seconds(time));
        self
    }

    /// Creates the object only if `etag` does not match the current object. lakeFS accepts only `*`: create the object
    /// only if none exists at the path. Default: no condition.
    ///
    /// While somebody commits to the branch, lakeFS can refuse the request because of the object that the request itself
    /// has created, or because of nothing. The client therefore checks every refusal with `*`. It recognises the object
    /// of this request by its physical address. If there is no object, it sends the request again.
    ///
    /// # Errors
    /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the object exists, and has another physical address.
    /// [`Conflict`](crate::ErrorKind::Conflict): commits interfered again and again; no object was created.
    pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
        self.if_none_match = Some(etag.into());
        self
    }

    /// Creates the object only if none exists at the path, and only for one of several writers. Sets
    /// `if_none_match("*")`. Default: `false`.
    ///
    /// The object is recognised by its physical address, so nothing is added to its metadata. In addition to the
    /// condition alone, a request whose response was lost is sent again if the object of another writer exists, so that
    /// its outcome is certain. All writers of the path should be exclusive: an object that was created by this request
    /// and then replaced by another writer counts as that of the other one.
    ///
    /// # Errors
    /// Those of [`if_none_match`](Self::if_none_match).
    pub fn exclusive(mut self, yes: bool) -> Self {
        self.is_exclusive = yes;
        if yes {
            self.if_none_match = Some("*".to_owned());
        }
        self
    }

    /// Replaces the object only if `etag` matches the current object. Default: no condition.
    ///
    /// # Errors
    /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the object has a different ETag.
    /// [`Unsupported`](crate::ErrorKind::Unsupported): the server does not implement the condition, as lakeFS 1.84.
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }

    bool_setters! {
        /// Creates the object even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    async fn execute(self) -> Result<ObjectStats> {
        let call = self.call()?;
        let address =
            self.body.staging.physical_address.clone().filter(|_| self.if_none_match.as_deref() == Some("*"));
        let Some(address) = address else { return send(&self.object, call).await };
        let identity = Identity::Address(address);
        let (api, is_exclusive) = (self.object.api(), self.is_exclusive);
        let creation =
            Creation { policy: api.retries(), options: api.options(), is_exclusive, is_certain: true };
        let request = || Some(async { send(&self.object, self.call()?).await });
        let created = create(creation, request, |in_head| create::find(&self.object, &identity, in_head));
        if !is_exclusive {
            return created.await;
        }
        let action = call.describe();
        exclusive::confirm(&self.object, &identity, ("link_physical_address", &action), created).await
    }

    fn call(&self) -> Result<Call> {
        let Self { object, size, if_none_match, if_match, .. } = self;
        let mut body = self.body.clone();
        let size_bytes = i64::try_from(*size);
        body.size_bytes = size_bytes.unwrap_or_default();
        let has_address = body.staging.physical_address.as_ref().is_some_and(|address| !address.is_empty());
        let request = object
            .api()
            .link_physical_address()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .body(body);
        let mut call = request.call()?;
        if size_bytes.is_err() {
            return Err(call.invalid(too_large(*size)));
        }
        if !has_address {
            // The server accepts an empty address, and can neither read nor list the object then.
            return Err(call.invalid(
                "the staging location has no physical address; pass the one that `physical_address()` returned",
            ));
        }
        if let Some(etag) = if_match {
            call = call.header(IF_MATCH.as_str(), etag)?;
        }
        if let Some(etag) = if_none_match {
            // A retry would find the object that the first attempt created.
            call = call.header(IF_NONE_MATCH.as_str(), etag)?.retry_class(RetryClass::Reconcile);
        }
        Ok(call)
    }
}

impl_into_future!(LinkRequest { object } => ObjectStats);

/// Creates an object from data anywhere in the storage; see [`BranchObject::stage`](crate::BranchObject::stage).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct StageRequest {
    object: ObjectScope,
    size: u64,
    body: ObjectStageCreation,
}

impl StageRequest {
    pub(crate) fn new(object: ObjectScope, physical_address: String, checksum: String, size: u64) -> Self {
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

    /// Sets the media type of the object. Default: `application/octet-stream`.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.body.content_type = Some(media_type.into());
        self
    }

    /// Adds a key and a value to the user metadata of the object. Default: no metadata.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let ObjectUserMetadata(pairs) = self.body.metadata.get_or_insert(ObjectUserMetadata(BTreeMap::new()));
        pairs.insert(key.into(), value.into());
        self
    }

    /// Sets when the object was modified, to the second. Default: the time at which the server creates the object.
    pub fn mtime(mut self, time: SystemTime) -> Self {
        self.body.mtime = Some(nearest_unix_seconds(time));
        self
    }

    bool_setters! {
        /// Creates the object even if the repository is read-only. Default: `false`.
        force => body.force;
    }

    async fn execute(self) -> Result<ObjectStats> {
        let Self { object, size, mut body } = self;
        let size_bytes = i64::try_from(size);
        body.size_bytes = size_bytes.unwrap_or_default();
        let request = object
            .api()
            .stage_object()
            .repository(object.repository().name())
            .branch(object.reference().expression())
            .path(object.path())
            .body(body);
        let call = request.call()?;
        if size_bytes.is_err() {
            return Err(call.invalid(too_large(size)));
        }
        send(&object, call).await
    }
}

impl_into_future!(StageRequest { object } => ObjectStats);

async fn send(object: &ObjectScope, call: Call) -> Result<ObjectStats> {
    Ok(object.api().transport().json::<ObjectStats>(call).await?.into_inner())
}

fn too_large(size: u64) -> String {
    format!("the size of {size} bytes is larger than lakeFS can store, {} bytes", i64::MAX)
}
