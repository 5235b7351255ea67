//! The state of the storage as the source of one version of an object.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

use crate::scope::{RepositoryScope, SignedObject};

/// The storage as the source of one version of an object. All requests for this version share the pre-signed URL.
#[derive(Debug)]
pub(crate) struct StorageSource {
    /// The caller has chosen the storage, so that nothing is read through the server.
    pub(super) is_required: bool,
    /// Whether the storage is used. Not decided before it is needed.
    is_used: OnceLock<bool>,
    is_given_up: AtomicBool,
    pub(super) signed: Mutex<Option<Arc<SignedObject>>>,
}

impl StorageSource {
    /// `is_required` is whether the caller has chosen the storage.
    pub(crate) fn new(is_required: bool) -> Self {
        let is_used = if is_required { OnceLock::from(true) } else { OnceLock::new() };
        Self { is_required, is_used, is_given_up: AtomicBool::new(false), signed: Mutex::new(None) }
    }

    /// Sets the object with its URL, which the caller has requested.
    #[cfg(any(feature = "object_store", feature = "object_store_0_13"))]
    pub(crate) async fn provide(&self, signed: SignedObject) {
        *self.signed.lock().await = Some(Arc::new(signed));
    }

    /// Whether the storage is used. Asks only once, because one caller at a time may try a storage again that could not be
    /// reached.
    pub(super) fn is_used(&self, repository: &RepositoryScope) -> bool {
        !self.is_given_up.load(Relaxed)
            && *self.is_used.get_or_init(|| !repository.client().bypasses_storage(repository.name()))
    }

    /// Reads the rest through the server.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Relaxed);
    }
}
