//! The bytes of one version of an object, from the storage instead of the server.
//!
//! lakeFS returns the metadata of the object with a pre-signed URL. The caller gets these metadata, never those of the
//! storage, and verifies the bytes against the checksum of lakeFS. A physical address belongs to one version of an
//! object. Imported objects are an exception, because their files can be replaced in the storage: so all responses of
//! the storage must have one ETag, and the size that lakeFS has recorded.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::future;
use reqwest::header::{IF_MATCH, RANGE};
use tokio::time::Instant;

use crate::api::{ByteStream, Response};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::SignedObject;
use crate::transfer::etag;
use crate::transfer::read::byte_range::ByteRange;
use crate::transfer::read::get_object::GetObject;
use crate::transfer::read::storage_source::StorageSource;
use crate::transfer::read::version::{ObjectVersion, RangeMismatch, content_range, failed};
use crate::transfer::stat::StatRequest;

/// A response of the storage: bytes of an object at these positions.
#[derive(Debug)]
pub(crate) struct StorageResponse {
    pub(crate) signed: Arc<SignedObject>,
    pub(crate) bytes: Range<u64>,
    pub(crate) body: ByteStream,
}

/// A failure to read from the storage.
enum Failure {
    /// Of lakeFS, which did not sign a URL.
    Server(Error),
    /// Of the storage.
    Storage(Error),
    /// The response of the storage is not one with the bytes that lakeFS has recorded. The second value is whether an
    /// earlier response was.
    Mismatch(Error, bool),
    /// The object has another version than the one that is being read, or the caller has it already.
    Object(Error),
}

impl Failure {
    fn is_denied(&self) -> bool {
        matches!(self, Self::Storage(error) if error.kind() == ErrorKind::PermissionDenied)
    }
}

/// Reads an object from the storage.
pub(crate) struct StorageRead<'a> {
    pub(crate) source: &'a StorageSource,
    pub(crate) get: &'a GetObject,
}

impl StorageRead<'_> {
    /// Opens the range of a read. Returns `None` if the bytes have to be read through the server.
    pub(crate) async fn open(&self) -> Result<Option<StorageResponse>> {
        if !self.source.is_used(self.get.object().repository()) {
            return Ok(None);
        }
        let opened = self.try_open().await;
        self.finish(opened, true)
    }

    /// Opens more bytes of the version. Returns `None` if they have to be read through the server.
    pub(crate) async fn resume(
        &self,
        version: &ObjectVersion,
        bytes: Range<u64>,
    ) -> Result<Option<StorageResponse>> {
        if !self.source.is_used(self.get.object().repository()) {
            return Ok(None);
        }
        let resumed = self.try_resume(version, bytes).await;
        self.finish(resumed, false)
    }

    /// Records whether the storage can be used, and decides whether the server can replace it.
    fn finish(
        &self,
        outcome: Result<StorageResponse, Failure>,
        is_first: bool,
    ) -> Result<Option<StorageResponse>> {
        let repository = self.get.object().repository();
        let (error, is_replaced) = match outcome {
            Ok(response) => {
                repository.client().storage_responded(repository.name());
                return Ok(Some(response));
            }
            // The server does not sign URLs although it reports that it does.
            Err(Failure::Server(error)) => {
                let is_replaced = matches!(error.status(), Some(400 | 500 | 501));
                (error, is_replaced)
            }
            Err(Failure::Storage(error)) => {
                let is_refused = error.is_refused_by_storage();
                // A single object may be missing, for which the server knows the reason.
                let is_missing = error.kind() == ErrorKind::DataDeleted;
                if error.is_unreached() || is_refused && !is_missing {
                    repository.client().bypass_storage(repository.name(), &error);
                }
                let is_replaced = error.is_unreached() || is_refused;
                (error, is_replaced)
            }
            Err(Failure::Mismatch(error, had_bytes)) => {
                repository.client().forget_signed(self.get.object());
                // Bytes of the storage are not mixed with those that the server reads, perhaps from another file.
                (error, is_first || !had_bytes)
            }
            Err(Failure::Object(error)) => (error, false),
        };
        if self.source.is_required || !is_replaced {
            return Err(error);
        }
        self.source.give_up();
        tracing::debug!(%error, "the object cannot be read from the storage, reading through the server");
        Ok(None)
    }

    async fn try_open(&self) -> Result<StorageResponse, Failure> {
        let (object, range) = (self.get.object(), self.get.range.unwrap_or(ByteRange::ALL));
        let client = object.repository().client();
        let mut current = self.source.signed.lock().await;
        let known = current.take().filter(|signed| signed.is_valid());
        let is_current = known.is_some() || object.reference().is_immutable();
        let known = known.or_else(|| client.signed_object(object));
        let (signed, response) = match known {
            Some(signed) if is_current => (signed, None),
            // The ref may lead to another version by now. lakeFS is asked while the storage sends the bytes.
            Some(known) if self.get.if_none_match.is_none() => {
                let bytes = range.within(known.size);
                let requests = future::join(self.sign(), self.send(&known, bytes));
                let (signed, response) = Box::pin(requests).await;
                let signed = signed?;
                if signed.is_same_version(&known) {
                    if let Some(etag) = known.storage_etag.get() {
                        signed.storage_etag.get_or_init(|| etag.clone());
                    }
                    match response {
                        Ok(response) => (signed, Some(response)),
                        Err(failure) if failure.is_denied() => (signed, None),
                        Err(failure) => return Err(failure),
                    }
                } else {
                    (signed, None)
                }
            }
            _ => (self.sign().await?, None),
        };
        *current = Some(Arc::clone(&signed));
        drop(current);
        let is_known_to_caller =
            self.get.if_none_match.as_ref().is_some_and(|etag| etag::is_same(etag, &signed.checksum));
        if is_known_to_caller {
            let error = failed(&self.action()?, ErrorKind::NotModified, "not modified");
            return Err(Failure::Object(error));
        }
        let bytes = range.within(signed.size);
        match response {
            Some(body) => Ok(StorageResponse { signed, bytes, body }),
            None => self.send_renewing(signed, bytes).await,
        }
    }

    async fn try_resume(
        &self,
        version: &ObjectVersion,
        bytes: Range<u64>,
    ) -> Result<StorageResponse, Failure> {
        let signed = {
            let mut current = self.source.signed.lock().await;
            match current.take().filter(|signed| signed.is_valid()) {
                Some(signed) => current.insert(signed).clone(),
                None => current.insert(self.sign().await?).clone(),
            }
        };
        let is_version = version.etag.as_ref().is_some_and(|etag| etag::is_same(etag, &signed.checksum))
            && version.size.is_none_or(|size| size == signed.size);
        if !is_version {
            return Err(Failure::Object(RangeMismatch::VersionChanged.into_error(&self.action()?)));
        }
        self.send_renewing(signed, bytes).await
    }

    fn action(&self) -> Result<String, Failure> {
        self.get.action().map_err(Failure::Object)
    }

    /// Requests the metadata of the object with a new URL.
    async fn sign(&self) -> Result<Arc<SignedObject>, Failure> {
        let (object, requested) = (self.get.object(), Instant::now());
        let stat = StatRequest::new(object.clone()).user_metadata(false).presign(true);
        let stats = stat.await.map_err(Failure::Server)?;
        let Some(signed) = SignedObject::new(&stats, requested) else {
            let message = "the server returned no pre-signed URL, or no size of the object";
            return Err(Failure::Server(failed(&self.action()?, ErrorKind::Decode, message)));
        };
        let signed = Arc::new(signed);
        object.repository().client().cache_signed(object, &signed);
        Ok(signed)
    }

    /// Requests bytes; once more with a new URL if the storage refuses the URL, because it may have expired.
    async fn send_renewing(
        &self,
        signed: Arc<SignedObject>,
        bytes: Range<u64>,
    ) -> Result<StorageResponse, Failure> {
        match self.send(&signed, bytes.clone()).await {
            Ok(body) => Ok(StorageResponse { signed, bytes, body }),
            Err(failure) if failure.is_denied() => {
                let signed = self.renew(&signed).await?;
                let body = self.send(&signed, bytes.clone()).await?;
                Ok(StorageResponse { signed, bytes, body })
            }
            Err(failure) => Err(failure),
        }
    }

    /// Returns a new URL of the version, unless another request has replaced the refused URL already.
    async fn renew(&self, refused: &Arc<SignedObject>) -> Result<Arc<SignedObject>, Failure> {
        let mut current = self.source.signed.lock().await;
        if let Some(signed) = current.as_ref().filter(|signed| !Arc::ptr_eq(signed, refused)) {
            return Ok(Arc::clone(signed));
        }
        *current = None;
        let object = self.get.object();
        object.repository().client().forget_signed(object);
        let signed = self.sign().await?;
        if !signed.is_same_version(refused) {
            return Err(Failure::Object(RangeMismatch::VersionChanged.into_error(&self.action()?)));
        }
        if let Some(etag) = refused.storage_etag.get() {
            signed.storage_etag.get_or_init(|| etag.clone());
        }
        Ok(current.insert(signed).clone())
    }

    async fn send(&self, signed: &SignedObject, bytes: Range<u64>) -> Result<ByteStream, Failure> {
        let is_whole = bytes == (0..signed.size);
        let range = if is_whole {
            None
        } else if bytes.is_empty() {
            // The storage reports that the range is outside the object.
            self.get.range.and_then(ByteRange::header)
        } else {
            // Azure has no ranges that count from the end.
            ByteRange::new(bytes.clone()).header()
        };
        let call = || {
            let mut call = self.get.storage_call(signed.url())?.require_storage(self.source.is_required);
            if let Some(range) = &range {
                call = call.header(RANGE.as_str(), range)?;
            }
            if let Some(etag) = signed.storage_etag.get() {
                call = call.header(IF_MATCH.as_str(), etag)?;
            }
            Ok(call)
        };
        let had_bytes = signed.storage_etag.get().is_some();
        let call = call().map_err(Failure::Object)?;
        let transport = self.get.object().api().transport();
        let response = match transport.stream(call).await {
            // The condition failed: the file in the storage was replaced.
            Err(error) if error.status() == Some(412) => {
                let changed = RangeMismatch::VersionChanged.into_error(&self.action()?);
                return Err(Failure::Mismatch(changed.with_source(error), true));
            }
            response => response.map_err(Failure::Storage)?,
        };
        match check(&response, signed, &bytes) {
            Ok(()) => Ok(response.into_inner()),
            Err(mismatch) => Err(Failure::Mismatch(mismatch.into_error(&self.action()?), had_bytes)),
        }
    }
}

/// Checks that a response of the storage has these bytes of the object.
fn check(
    response: &Response<ByteStream>,
    signed: &SignedObject,
    bytes: &Range<u64>,
) -> Result<(), RangeMismatch> {
    if response.status() == 206 {
        let range = content_range(response).ok_or(RangeMismatch::WrongRange)?;
        if range.size.is_some_and(|size| size != signed.size) {
            return Err(RangeMismatch::VersionChanged);
        }
        if range.bytes != *bytes {
            return Err(RangeMismatch::WrongRange);
        }
    } else {
        if *bytes != (0..signed.size) {
            return Err(RangeMismatch::RangeIgnored);
        }
        let length = response.header("content-length").and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length != signed.size) {
            return Err(RangeMismatch::VersionChanged);
        }
    }
    if etag::is_of_encrypted(response) {
        signed.is_encrypted.store(true, Relaxed);
    }
    let etag = response.header("etag").map(etag::strong);
    match etag.filter(|etag| etag::identifies_version(etag)) {
        Some(etag) if signed.storage_etag.get_or_init(|| etag.to_owned()) != etag => {
            Err(RangeMismatch::VersionChanged)
        }
        _ => Ok(()),
    }
}
