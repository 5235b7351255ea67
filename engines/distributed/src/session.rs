//! The sessions of the client and of the scheduler.

use std::sync::Arc;

use ballista::prelude::{SessionConfigExt as _, SessionContextExt as _};
use ballista_core::config::{
    BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK, BALLISTA_SCHEDULER_SHARE_FILE_STATISTICS_CACHE,
};
use ballista_core::utils::default_session_builder;
use datafusion::error::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use lakefs::Client;
use lakefs_engines::datafusion::{LakeFsObjectStoreRegistry, runtime_env_builder};

use crate::args::Endpoint;

/// Creates the session state of Ballista with a runtime environment of our own.
pub(crate) fn state(config: SessionConfig, runtime: &Arc<RuntimeEnv>) -> Result<SessionState> {
    let state = default_session_builder(config)?;
    Ok(SessionStateBuilder::new_from_existing(state).with_runtime_env(runtime.clone()).build())
}

/// Returns the configuration of all sessions, to which a client adds its own.
pub(crate) fn config() -> SessionConfig {
    SessionConfig::new_with_ballista()
        // The keys of that cache are paths, without the repository.
        .set_bool(BALLISTA_SCHEDULER_SHARE_FILE_STATISTICS_CACHE, false)
}

/// Creates a session whose queries run on a cluster.
pub(crate) async fn connect(
    client: &Client,
    scheduler: &Endpoint,
    partitions: usize,
) -> Result<SessionContext> {
    let registry = Arc::new(LakeFsObjectStoreRegistry::new(client.clone()));
    let config = config()
        .with_target_partitions(partitions)
        // So that a small query is distributed, too. Without it, a task takes as many partitions as it has cores.
        .set_usize(BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK, 1);
    let state = state(config, &runtime_env_builder(registry).build_arc()?)?;
    let Endpoint { host, port } = scheduler;
    SessionContext::remote_with_state(&format!("df://{host}:{port}"), state).await
}
