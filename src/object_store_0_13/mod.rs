//! An adapter to version 0.13 of the `object_store` crate, for engines that read and write through
//! its trait.
//!
//! DataFusion 55, Ballista 55, deltalake 1.1 and Polars 0.55 use version 0.13. For engines that use 0.14, the module
//! `object_store` (feature `object_store`) has the same types for that version.
//!
//! ```
//! use lakefs::object_store_0_13::LakeFsStore;
//! use object_store_0_13::path::Path;
//! use object_store_0_13::{ObjectStore as _, ObjectStoreExt as _};
//!
//! # async fn example(repository: lakefs::Repository) -> Result<(), Box<dyn std::error::Error>> {
//! // A store of one branch, tag, commit or expression.
//! let experiment = LakeFsStore::at(&repository.branch("experiment1"));
//! experiment.put(&Path::from("data/a.csv"), "id\n1\n".into()).await?;
//!
//! // A store of a repository: locations start with the ref.
//! let store = LakeFsStore::new(&repository);
//! let before = store.get(&Path::parse("main~1/data/a.csv")?).await?.bytes().await?;
//! store.copy(&Path::from("v1/model.bin"), &Path::from("experiment1/model.bin")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The builder creates a store from a URL and from settings that are text:
//!
//! ```
//! use lakefs::object_store_0_13::{ConfigKey, LakeFsStore};
//!
//! # fn main() -> lakefs::Result<()> {
//! let store = LakeFsStore::builder()
//!     .with_url("lakefs://example/main/data")
//!     .with_endpoint("https://lakefs.example.com")
//!     .with_access_key("access-key-id", "secret-access-key")
//!     .with_config(ConfigKey::Presign, "true")
//!     .build()?;
//! assert_eq!(store.to_string(), "LakeFsStore(lakefs://example/main/data)");
//! # Ok(())
//! # }
//! ```

// The sources are those of the module `object_store`, compiled for the other version of the crate.
#![allow(clippy::duplicate_mod, reason = "the sources are compiled for both versions of the crate")]

#[path = "../object_store/builder.rs"]
mod builder;
#[path = "../object_store/config_key.rs"]
mod config_key;
#[path = "../object_store/copy.rs"]
mod copy;
#[path = "../object_store/delete.rs"]
mod delete;
#[path = "../object_store/error.rs"]
mod error;
#[path = "../object_store/get.rs"]
mod get;
#[path = "../object_store/list.rs"]
mod list;
#[path = "../object_store/location.rs"]
mod location;
#[path = "../object_store/multipart.rs"]
mod multipart;
#[path = "../object_store/put.rs"]
mod put;
#[path = "../object_store/registry.rs"]
mod registry;
mod registry_trait;
#[cfg(feature = "signer")]
#[path = "../object_store/signer.rs"]
mod signer;
#[path = "../object_store/store.rs"]
mod store;
#[path = "../object_store/store_url.rs"]
mod store_url;
mod version;

pub use self::builder::LakeFsStoreBuilder;
pub use self::config_key::ConfigKey;
pub use self::registry::LakeFsRegistry;
pub use self::store::LakeFsStore;
