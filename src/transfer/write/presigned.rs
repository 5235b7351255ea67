//! Uploads to the storage with one request to a pre-signed URL.

use bytes::BytesMut;
use futures::TryStreamExt as _;
use reqwest::header::CONTENT_TYPE;

use crate::error::{Error, ErrorKind, Result};
use crate::http::call::Call;
use crate::http::operation::WRITE_DATA;
use crate::models::{ObjectStats, StagingLocation};
use crate::transfer::part_size::MIN_PRESIGNED_LENGTH;
use crate::transfer::write::link::LinkRequest;
use crate::transfer::write::payload::{Payload, Replayable};
use crate::transfer::write::physical_address::PhysicalAddressRequest;
use crate::transfer::write::precheck;
use crate::transfer::write::signed_put::{self, Failure, UploadTarget};
use crate::transfer::write::spec::UploadSpec;

/// The longest stream that is buffered in memory, so that it can be sent again.
const MAX_BUFFERED: u64 = 8 * 1024 * 1024;

/// Reads a short stream into memory. Returns other data as they are.
pub(crate) async fn buffered(spec: &UploadSpec, payload: Payload) -> Result<Payload> {
    match payload {
        Payload::OneShot(stream) if stream.length().is_some_and(|length| length <= MAX_BUFFERED) => {
            let (mut chunks, mut buffer) = (stream.into_source(), BytesMut::new());
            while let Some(chunk) = chunks.try_next().await.map_err(|error| spec.unreadable(error))? {
                buffer.extend_from_slice(&chunk);
            }
            Ok(Payload::Replayable(Replayable::Bytes(buffer.freeze())))
        }
        payload => Ok(payload),
    }
}

/// Uploads the data to a physical address in the storage, and links it.
pub(crate) async fn upload(
    spec: &UploadSpec,
    is_azure: bool,
    payload: Payload,
) -> Result<ObjectStats, Failure> {
    let is_small = payload.length().is_some_and(|length| length < MIN_PRESIGNED_LENGTH);
    // The branch of a conditional upload was checked with its condition.
    let target = WholeObject { spec, is_azure, checks_branch: !is_small && !spec.is_create() };
    let (address, uploaded) = signed_put::send(spec, &target, payload).await?;
    let checksum = uploaded.checksum();
    if checksum.is_empty() {
        let message =
            "the storage returned no ETag, so the object has no checksum; leave out `.verify(false)`";
        return Err(spec.failed(Error::new(ErrorKind::Decode, "", message)).into());
    }
    Ok(link(spec, address, checksum, uploaded.bytes).await?)
}

/// Creates the object from the data in the storage.
async fn link(spec: &UploadSpec, address: StagingLocation, md5: String, size: u64) -> Result<ObjectStats> {
    let mut request = LinkRequest::new(spec.object.clone(), address, md5, size).force(spec.force.is_some());
    if let Some(media_type) = &spec.content_type {
        request = request.content_type(media_type);
    }
    if let Some(etag) = &spec.if_none_match {
        request = request.if_none_match(etag);
    }
    for (key, value) in spec.normalized_metadata() {
        request = request.metadata(key, value);
    }
    if spec.is_exclusive {
        request = request.exclusive(true);
    }
    request.await
}

/// The upload target of an object with all its data.
struct WholeObject<'a> {
    spec: &'a UploadSpec,
    is_azure: bool,
    /// The server gives out an address for a branch that does not exist.
    checks_branch: bool,
}

impl UploadTarget for WholeObject<'_> {
    type Address = StagingLocation;

    fn has_md5_etag(&self) -> bool {
        !self.is_azure
    }

    async fn sign(&self) -> Result<(Call, StagingLocation)> {
        let request = PhysicalAddressRequest::new(self.spec.object.clone()).presign(true);
        let call = request.call()?;
        let mut address = if self.checks_branch {
            let (address, branch) = futures::join!(request.send(), precheck::branch(self.spec));
            branch?;
            address?
        } else {
            request.await?
        };
        let url = address.presigned_url.take();
        let media_type = self.spec.content_type.as_deref().unwrap_or("application/octet-stream");
        let mut call = call
            .at_storage(&WRITE_DATA, url.as_deref())?
            .require_storage(self.spec.presign.is_some())
            .header(CONTENT_TYPE.as_str(), media_type)?;
        if self.is_azure {
            // Azure requires the type of the blob.
            call = call.header("x-ms-blob-type", "BlockBlob")?;
        }
        Ok((call, address))
    }
}
