//! Uploads to the storage with one request to a pre-signed URL.

use bytes::BytesMut;
use futures::TryStreamExt as _;
use reqwest::header::CONTENT_TYPE;

use crate::error::Result;
use crate::http::call::Call;
use crate::http::operation::WRITE_DATA;
use crate::http::reconcile::{OnMissing, reconcile};
use crate::models::{ObjectStats, StagingLocation};
use crate::transfer::digest::hex;
use crate::transfer::stat::StatRequest;
use crate::transfer::write::link::LinkRequest;
use crate::transfer::write::payload::{Payload, Replayable};
use crate::transfer::write::physical_address::PhysicalAddressRequest;
use crate::transfer::write::signed_put::{self, UploadTarget};
use crate::transfer::write::spec::UploadSpec;

/// The longest stream that is buffered in memory, so that it can be sent again.
const MAX_BUFFERED: u64 = 8 * 1024 * 1024;

/// Uploads the data to a physical address in the storage, and links it.
pub(crate) async fn upload(spec: &UploadSpec, is_azure: bool, payload: Payload) -> Result<ObjectStats> {
    let target = WholeObject { spec, is_azure };
    let data = match payload {
        Payload::Replayable(data) => data,
        Payload::OneShot(mut chunks, length) if length.is_some_and(|length| length <= MAX_BUFFERED) => {
            let mut buffer = BytesMut::new();
            while let Some(chunk) = chunks.try_next().await.map_err(|error| spec.unreadable(error))? {
                buffer.extend_from_slice(&chunk);
            }
            Replayable::Bytes(buffer.freeze())
        }
        Payload::OneShot(chunks, length) => {
            let (address, size, md5) = signed_put::send_stream(spec, &target, chunks, length).await?;
            return link(spec, address, md5, size).await;
        }
    };
    let (address, uploaded) = signed_put::send(spec, &target, &data).await?;
    link(spec, address, hex(&uploaded.md5), data.length()).await
}

/// Creates the object from the data in the storage.
async fn link(spec: &UploadSpec, address: StagingLocation, md5: String, size: u64) -> Result<ObjectStats> {
    let physical_address = address.physical_address.clone();
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
    // The server gives each physical address to one upload only, so this upload created an object that has it.
    let find_applied = async || {
        let stats = StatRequest::new(spec.object.clone()).await?;
        Ok((Some(&stats.physical_address) == physical_address.as_ref()).then_some(stats))
    };
    reconcile(request.await, spec.object.api().retries(), find_applied, OnMissing::Unknown).await
}

/// The upload target of an object with all its data.
struct WholeObject<'a> {
    spec: &'a UploadSpec,
    is_azure: bool,
}

impl UploadTarget for WholeObject<'_> {
    type Address = StagingLocation;

    async fn sign(&self) -> Result<(Call, StagingLocation)> {
        let request = PhysicalAddressRequest::new(self.spec.object.clone()).presign(true);
        let call = request.call()?;
        let mut address = request.await?;
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
