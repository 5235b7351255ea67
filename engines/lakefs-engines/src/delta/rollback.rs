//! Deletions of hidden branches in the background.

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::Handle;
use tokio::sync::watch;

/// How many rollbacks run in the background.
static RUNNING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until the hidden branches of failed and dropped operations of this process are deleted.
///
/// Call it before the tokio runtime ends, at the end of `main` for example. Otherwise the branches can remain.
pub async fn finish_rollbacks() {
    // The sender is static, so there is always a value.
    _ = RUNNING.subscribe().wait_for(|running| *running == 0).await;
}

/// A rollback that has not ended.
struct Running;

impl Running {
    fn new() -> Self {
        RUNNING.send_modify(|running| *running += 1);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.send_modify(|running| *running -= 1);
    }
}

/// Runs a rollback in the background.
pub(super) fn spawn(runtime: &Handle, rollback: impl Future<Output = ()> + Send + 'static) {
    let running = Running::new();
    runtime.spawn(async move {
        rollback.await;
        drop(running);
    });
}
