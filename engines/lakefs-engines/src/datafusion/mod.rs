//! The object store registry of `DataFusion` for `lakefs://`.
//!
//! With [`session_context`], a query names tables of any repository by their URLs, and nothing is registered by hand:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = lakefs::Client::from_env()?;
//! let session = lakefs_engines::datafusion::session_context(client)?;
//! session.sql("CREATE EXTERNAL TABLE sales STORED AS PARQUET LOCATION 'lakefs://example/main/sales/'").await?;
//! session.sql("SELECT COUNT(*) FROM sales").await?.show().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Use [`runtime_env_builder`] for a session with other settings, and for the scheduler and the executors of Ballista.
//!
//! # Caches
//! The caches of `DataFusion` for lists of files, statistics and Parquet footers have paths as their keys, without the
//! repository. Their entries are used while the size and the time of a file, in seconds, are the same. That is wrong for
//! two repositories with the same paths, and for an object that is overwritten within a second. The sessions of this
//! module therefore cache only what they read at a commit, by its full id (`lakefs://example/<commit id>/sales/`), which
//! never changes. What is read at a branch is never cached.

mod cache;
mod registry;

use std::sync::Arc;

use ::datafusion::error::Result;
use ::datafusion::execution::object_store::ObjectStoreRegistry;
use ::datafusion::execution::runtime_env::RuntimeEnvBuilder;
use ::datafusion::prelude::{SessionConfig, SessionContext};
use lakefs::Client;

pub use self::registry::LakeFsObjectStoreRegistry;

/// Returns the builder of a runtime environment with a registry, usually a [`LakeFsObjectStoreRegistry`], and with
/// [caches](self#caches) that keep only what was read at a commit.
#[must_use]
pub fn runtime_env_builder(registry: Arc<dyn ObjectStoreRegistry>) -> RuntimeEnvBuilder {
    RuntimeEnvBuilder::new().with_object_store_registry(registry).with_cache_manager(cache::of_commits())
}

/// Creates a session with the default configuration, which resolves `lakefs://<repository>/<ref>/<path>`.
///
/// # Errors
/// The directory for temporary files cannot be created.
pub fn session_context(client: Client) -> Result<SessionContext> {
    let registry = Arc::new(LakeFsObjectStoreRegistry::new(client));
    let runtime = runtime_env_builder(registry).build_arc()?;
    Ok(SessionContext::new_with_config_rt(SessionConfig::new(), runtime))
}
