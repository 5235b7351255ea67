//! Writes of what is in memory.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attribute, Attributes, PutMode, PutOptions, PutPayload, PutResult, Result};

use super::error::{not_implemented, not_written};
use crate::handles::branch_object::BranchObject;
use crate::transfer::etag;
use crate::transfer::write::upload::UploadRequest;

pub(super) async fn put(
    object: &BranchObject,
    location: &Path,
    payload: PutPayload,
    options: PutOptions,
) -> Result<PutResult> {
    let upload = with_attributes(object.upload(Bytes::from(payload)), &options.attributes)?;
    let upload = match options.mode {
        PutMode::Overwrite => upload,
        PutMode::Create => upload.if_none_match("*"),
        // lakeFS has the condition in its contract and not in its server.
        PutMode::Update(_) => return Err(not_implemented("`put_opts` with mode `PutMode::Update`")),
    };
    let stats = upload.await.map_err(|error| not_written(location, error))?;
    Ok(PutResult { e_tag: Some(etag::of_checksum(&stats.checksum)), version: None })
}

/// The upload with the attributes of which lakeFS keeps something. Others are refused: they would be lost unseen.
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
