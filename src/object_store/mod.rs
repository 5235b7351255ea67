//! An adapter to version 0.14 of the `object_store` crate, for engines that read and write through its
//! trait.
//!
//! `parquet` 60 and Lance 14 use version 0.14. For engines that use 0.13, such as DataFusion 55, the module
//! `object_store_0_13` (feature `object_store_0_13`) has the same types for that version.
//!
//! ```
//! use lakefs::object_store::LakeFsStore;
//! use object_store::path::Path;
//! use object_store::{ObjectStore as _, ObjectStoreExt as _};
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
//! use lakefs::object_store::{ConfigKey, LakeFsStore};
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

mod builder;
mod config_key;
mod copy;
mod delete;
mod error;
mod get;
mod list;
mod location;
mod multipart;
mod put;
mod registry;
mod registry_trait;
#[cfg(feature = "signer")]
mod signer;
mod store;
mod store_url;
mod version;

pub use self::builder::LakeFsStoreBuilder;
pub use self::config_key::ConfigKey;
pub use self::registry::LakeFsRegistry;
pub use self::store::LakeFsStore;
