//! Addresses in the storage that a client may use by itself, where the server has such a storage.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use bytes::Bytes;

use super::BLOCKSTORE;
use super::call::Call;
use super::reply::{Failure, Outcome, empty, set};
use super::wire::{ObjectStats, physical_address};
use crate::model::{Entry, Error, ErrorKind};
use crate::storage::{Purpose, Signed, Storage, Stored};

/// The storage that is to sign addresses for a request; nothing where that is not asked for.
pub(crate) fn signer<'a>(call: &Call<'a>) -> Result<Option<&'a Storage>, Error> {
    match (call.is_set("presign"), call.app.storage.as_ref()) {
        (false, _) => Ok(None),
        (true, Some(storage)) => Ok(Some(storage)),
        (true, None) => Err(unsupported()),
    }
}

/// Storage that has no addresses of its own cannot sign any.
pub(crate) fn unsupported() -> Error {
    Error::from(ErrorKind::NotSupported).context("get pre signed url")
}

/// The key of an address in the storage.
pub(crate) fn key_of(address: &str) -> Option<&str> {
    address.strip_prefix(BLOCKSTORE)?.strip_prefix("://")
}

/// What a client has written to an address.
pub(crate) fn stored(call: &Call<'_>, address: &str) -> Option<Stored> {
    call.app.storage.as_ref()?.get(key_of(address)?)
}

/// Signs the address of an object. What was written through lakeFS lies in the storage from now on as well.
fn signed(storage: &Storage, namespace: &str, entry: &Entry) -> Result<Signed, Failure> {
    let address = physical_address(namespace, &entry.location)?;
    let key = key_of(&address).ok_or_else(unsupported)?;
    if let Some(content) = &entry.content {
        storage.keep(key, content, &entry.content_type);
    }
    Ok(storage.sign(key, Purpose::Read))
}

/// Signs the address of a text, which lies in the storage from now on; nothing where the storage signs none.
pub(crate) fn signed_text(call: &Call<'_>, address: &str, text: &str, content_type: &str) -> Option<Signed> {
    let (storage, key) = call.app.storage.as_ref().zip(key_of(address))?;
    storage.keep(key, &Bytes::copy_from_slice(text.as_bytes()), content_type);
    Some(storage.sign(key, Purpose::Read))
}

/// Puts a signed address in the place of an object's own.
pub(crate) fn sign_stats(
    storage: &Storage,
    namespace: &str,
    entry: &Entry,
    stats: &mut ObjectStats,
) -> Result<(), Failure> {
    let Signed { url, expires } = signed(storage, namespace, entry)?;
    stats.physical_address = url;
    stats.physical_address_expiry = Some(expires);
    Ok(())
}

/// Sends a client to the storage for an object.
pub(crate) fn redirect(storage: &Storage, namespace: &str, entry: &Entry) -> Outcome {
    let mut reply = empty(StatusCode::FOUND);
    set(&mut reply, LOCATION, &signed(storage, namespace, entry)?.url);
    Ok(reply)
}
