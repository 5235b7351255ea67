//! An adapter to version 0.14 of the [`object_store`](::object_store) crate, for engines that read and write through its
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

mod copy;
mod delete;
mod error;
mod get;
mod list;
mod location;
mod multipart;
mod put;
mod store;
mod version;

pub use self::store::LakeFsStore;
