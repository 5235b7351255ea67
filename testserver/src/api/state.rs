//! The state that all requests share.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};

use bytes::Bytes;

use super::auth::Auth;
use crate::model::Catalog;
use crate::storage::Storage;

/// The blockstore type that the server reports, and the scheme of its storage namespaces.
pub(crate) const BLOCKSTORE: &str = "mem";

#[derive(Debug)]
pub(crate) struct ApiState {
    pub(crate) catalog: RwLock<Catalog>,
    pub(crate) auth: Auth,
    /// The storage that clients access directly. `None` if the server does not pre-sign URLs.
    pub(crate) storage: Option<Arc<Storage>>,
    /// The OpenAPI document to serve.
    pub(crate) contract: Option<Bytes>,
    #[cfg(feature = "validate")]
    pub(crate) validator: Option<crate::validate::ContractValidator>,
    /// Whether the communication preferences are set.
    pub(crate) has_comm_prefs: AtomicBool,
    pub(crate) installation_id: uuid::Uuid,
}

impl ApiState {
    pub(crate) fn new(auth: Auth, storage: Option<Arc<Storage>>, contract: Option<Bytes>) -> Self {
        Self {
            catalog: RwLock::new(Catalog::new(BLOCKSTORE.to_owned())),
            auth,
            storage,
            #[cfg(feature = "validate")]
            validator: contract.as_deref().and_then(crate::validate::ContractValidator::new),
            contract,
            has_comm_prefs: AtomicBool::new(false),
            installation_id: uuid::Uuid::new_v4(),
        }
    }
}
