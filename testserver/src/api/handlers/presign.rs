//! Pre-signed URLs of objects, if the server has a storage that clients access directly.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use bytes::Bytes;

use crate::api::call::Call;
use crate::api::response::{ApiError, ApiResult};
use crate::api::state::BLOCKSTORE;
use crate::api::wire::{ObjectStats, physical_address};
use crate::http::{empty, set_header};
use crate::model::{Entry, Error, ErrorKind};
use crate::storage::{PresignedAction, PresignedUrl, Storage, StoredObject};

/// Returns the storage if the request asks for pre-signed URLs.
pub(crate) fn requested_storage<'a>(call: &Call<'a>) -> Result<Option<&'a Storage>, Error> {
    match (call.is_true("presign"), call.storage()) {
        (false, _) => Ok(None),
        (true, Some(storage)) => Ok(Some(storage)),
        (true, None) => Err(unsupported()),
    }
}

/// The error of a server that does not pre-sign URLs.
pub(crate) fn unsupported() -> Error {
    Error::from(ErrorKind::NotSupported).context("get pre signed url")
}

/// Returns the storage key of a physical address.
pub(crate) fn key_of(address: &str) -> Option<&str> {
    address.strip_prefix(BLOCKSTORE)?.strip_prefix("://")
}

/// Returns the object that a client has written to a physical address.
pub(crate) fn stored_object(call: &Call<'_>, address: &str) -> Option<StoredObject> {
    call.storage()?.get(key_of(address)?)
}

/// Pre-signs the URL of an object. Copies content that was uploaded through lakeFS to the storage.
fn presign_entry(storage: &Storage, namespace: &str, entry: &Entry) -> Result<PresignedUrl, ApiError> {
    let address = physical_address(namespace, &entry.location)?;
    let key = key_of(&address).ok_or_else(unsupported)?;
    if let Some(content) = &entry.content {
        storage.put_if_absent(key, content, &entry.content_type);
    }
    Ok(storage.presign(key, PresignedAction::Get))
}

/// Stores a text and pre-signs its URL. Returns `None` if the server does not pre-sign URLs.
pub(crate) fn presign_text(
    call: &Call<'_>,
    address: &str,
    text: &str,
    content_type: &str,
) -> Option<PresignedUrl> {
    let (storage, key) = call.storage().zip(key_of(address))?;
    storage.put_if_absent(key, &Bytes::copy_from_slice(text.as_bytes()), content_type);
    Some(storage.presign(key, PresignedAction::Get))
}

/// Replaces the physical address in the stats of an object with a pre-signed URL.
pub(crate) fn presign_stats(
    storage: &Storage,
    namespace: &str,
    entry: &Entry,
    stats: &mut ObjectStats,
) -> Result<(), ApiError> {
    let PresignedUrl { url, expires_at } = presign_entry(storage, namespace, entry)?;
    stats.physical_address = url;
    stats.physical_address_expiry = Some(expires_at);
    Ok(())
}

/// Redirects a client to the pre-signed URL of an object.
pub(crate) fn redirect(storage: &Storage, namespace: &str, entry: &Entry) -> ApiResult {
    let mut response = empty(StatusCode::FOUND);
    set_header(&mut response, LOCATION, &presign_entry(storage, namespace, entry)?.url);
    Ok(response)
}
