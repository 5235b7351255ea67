//! What the storage of the lakeFS under test can do.

use lakefs::models;

use crate::support::Lake;

impl Lake {
    pub(crate) async fn storage(&self) -> models::StorageConfig {
        let config = self.client.api().get_config().send().await.unwrap().into_inner();
        config.storage_config.expect("the server has a storage")
    }

    /// Whether it signs addresses for everybody to read and write.
    pub(crate) async fn signs(&self) -> bool {
        self.storage().await.pre_sign_support
    }

    /// Whether it checks for which path it gave an address, which lakeFS 1.84 fails to do on a local disk.
    pub(crate) async fn verifies_addresses(&self) -> bool {
        self.storage().await.blockstore_type != "local"
    }
}
