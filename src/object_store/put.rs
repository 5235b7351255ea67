//! Writes of objects that are in memory.

use bytes::Bytes;

use super::error::{not_implemented, write_error};
use super::location::StoreObject;
use super::version::object_store::{
    Attribute, Attributes, PutMode, PutOptions, PutPayload, PutResult, Result,
};
use super::version::put_result;
use crate::transfer::etag;
use crate::transfer::write::upload::UploadRequest;

pub(super) async fn put(target: &StoreObject, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
    let StoreObject { object, location } = target;
    let upload = with_attributes(object.upload(Bytes::from(payload)), &options.attributes)?;
    let upload = match options.mode {
        PutMode::Overwrite => upload,
        PutMode::Create => upload.exclusive(true),
        // The contract of lakeFS has this precondition, but the server does not implement it.
        PutMode::Update(_) => return Err(not_implemented("`put_opts` with mode `PutMode::Update`")),
    };
    let stats = upload.await.map_err(|error| write_error(location, error))?;
    Ok(put_result(etag::of_checksum(&stats.checksum)))
}

/// Adds attributes to an upload. An attribute that lakeFS cannot store is an error, because it would be lost silently.
pub(super) fn with_attributes(mut upload: UploadRequest, attributes: &Attributes) -> Result<UploadRequest> {
    for (attribute, value) in attributes {
        upload = match attribute {
            Attribute::ContentType => upload.content_type(value.as_ref()),
            Attribute::Metadata(key) => upload.metadata(key.as_ref(), value.as_ref()),
            other => return Err(not_implemented(&format!("a write with the attribute {other:?}"))),
        };
    }
    Ok(upload)
}
