//! Chooses the route of a read: through the server, or from the storage.

use std::sync::Arc;

use futures::FutureExt as _;

use crate::transfer::part_size::MIN_PRESIGNED_LENGTH;
use crate::transfer::read::byte_range::ByteRange;
use crate::transfer::read::get_object::GetObject;
use crate::transfer::read::storage_source::StorageSource;

/// The route of a read.
#[derive(Debug)]
pub(crate) enum ReadRoute {
    /// Through the server.
    Server,
    /// From the storage.
    Storage(Arc<StorageSource>),
    /// The first bytes through the server, because they may be all. The rest, if there is any, from the storage.
    Split(Arc<StorageSource>),
    /// Through the server, unless its response shows that the object is large and the storage supports pre-signed URLs.
    Undecided,
}

impl ReadRoute {
    /// Chooses the route.
    pub(crate) async fn choose(get: &GetObject) -> Self {
        match get.presign {
            Some(false) => return Self::Server,
            Some(true) => return Self::Storage(storage_source(get)),
            None => {}
        }
        let (client, length) = (get.object().repository().client(), max_length(get));
        // A URL of an immutable object needs no other request.
        let is_cached =
            get.object().reference().is_immutable() && client.signed_object(get.object()).is_some();
        match length {
            Some(length) if length < MIN_PRESIGNED_LENGTH && !is_cached => Self::Server,
            None if !client.knows_server() => Self::Undecided,
            _ if !storage_presigns(get).await => Self::Server,
            None if !is_cached => Self::Split(storage_source(get)),
            _ => Self::Storage(storage_source(get)),
        }
    }
}

/// The storage as a source of the object.
pub(crate) fn storage_source(get: &GetObject) -> Arc<StorageSource> {
    let new = || Arc::new(StorageSource::new(get.presign == Some(true)));
    get.source.clone().unwrap_or_else(new)
}

/// Starts to request what the choice of the route depends on, and does not wait for it.
pub(crate) fn prepare(get: &GetObject) {
    let repository = get.object().repository();
    // A task of its own sends the request.
    _ = repository.client().storage_of(repository).now_or_never();
}

/// Whether the storage supports pre-signed URLs, and could be reached lately.
pub(crate) async fn storage_presigns(get: &GetObject) -> bool {
    let repository = get.object().repository();
    let client = repository.client();
    match client.storage_of(repository).await {
        Ok(Some(storage)) => storage.pre_sign_support && !client.is_bypassing_storage(repository.name()),
        _ => false,
    }
}

/// The largest number of bytes that the read can have, if it is known.
fn max_length(get: &GetObject) -> Option<u64> {
    match get.range.unwrap_or(ByteRange::ALL) {
        ByteRange::FromTo(start, Some(last)) => Some(last.saturating_sub(start).saturating_add(1)),
        ByteRange::FromTo(start, None) => get.size_hint.map(|size| size.saturating_sub(start)),
        ByteRange::Suffix(length) => Some(length),
        ByteRange::Empty => Some(0),
    }
}
