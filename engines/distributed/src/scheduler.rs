//! The scheduler, which plans a query and passes its tasks to the executors. It lists the files of tables, and reads their
//! Parquet footers.

use std::net::SocketAddr;
use std::sync::Arc;

use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;
use lakefs::ClientBuilder;
use lakefs_engines::datafusion::{LakeFsObjectStoreRegistry, runtime_env_builder};

use crate::args::SchedulerOptions;
use crate::{Result, parent, session};

/// Serves until the process is ended.
pub(crate) async fn serve(options: SchedulerOptions) -> Result<()> {
    if options.with_parent {
        parent::exit_with_parent();
    }
    let client = ClientBuilder::from_env()?.user_agent("scheduler").build()?;
    let registry = Arc::new(LakeFsObjectStoreRegistry::new(client));
    let runtime = runtime_env_builder(registry).build_arc()?;
    let address = SocketAddr::new(options.bind.parse()?, options.port);
    let config = SchedulerConfig {
        bind_host: options.bind,
        bind_port: options.port,
        external_host: options.host,
        min_ready_executors: options.executors,
        // Default: the tasks go to the first executor until it has no free core.
        task_distribution: TaskDistributionPolicy::RoundRobin,
        override_config_producer: Some(Arc::new(session::config)),
        override_session_builder: Some(Arc::new(move |config| session::state(config, &runtime))),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    start_server(cluster, address, Arc::new(config)).await?;
    Ok(())
}
