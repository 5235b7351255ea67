//! An executor, which runs tasks. It reads tables from lakeFS, and writes the intermediate results of a query to its
//! directory, from where other executors fetch them.

use std::sync::Arc;

use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use lakefs::ClientBuilder;
use lakefs_engines::datafusion::{LakeFsObjectStoreRegistry, runtime_env_builder};

use crate::args::ExecutorOptions;
use crate::{Result, parent, session};

/// How long the executor tries to connect to the scheduler.
const CONNECT_SECONDS: u16 = 30;

/// Serves until the process is ended.
pub(crate) async fn serve(options: ExecutorOptions) -> Result<()> {
    if options.with_parent {
        parent::exit_with_parent();
    }
    // The name of the executor is in the log of the lakeFS server.
    let client = ClientBuilder::from_env()?.user_agent(&options.id).build()?;
    // One registry for all sessions, which share its stores.
    let mut registry = LakeFsObjectStoreRegistry::new(client);
    if options.presign {
        registry = registry.with_presign(true);
    }
    let registry = Arc::new(registry);
    let work_dir = options.work_dir.to_str().ok_or("the path of the directory is not UTF-8")?.to_owned();
    let spill_dir = options.work_dir.clone();
    let config = ExecutorProcessConfig {
        executor_id: options.id,
        bind_host: options.bind,
        external_host: Some(options.host),
        port: options.port,
        grpc_port: options.grpc_port,
        scheduler_host: options.scheduler.host,
        scheduler_port: options.scheduler.port,
        scheduler_connect_timeout_seconds: CONNECT_SECONDS,
        vcores: options.vcores,
        work_dir: Some(work_dir),
        override_config_producer: Some(Arc::new(session::config)),
        override_runtime_producer: Some(Arc::new(move |_| {
            runtime_env_builder(registry.clone()).with_temp_file_path(&spill_dir).build_arc()
        })),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await?;
    Ok(())
}
