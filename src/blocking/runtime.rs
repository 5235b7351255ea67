//! The runtime of blocking calls, which lives as long as the program.

use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Waker};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::coop;

use crate::error::{Error, ErrorKind, Result};

/// Runs a future to completion on this thread. Its connections are driven by the runtime, and stay open after the
/// call.
///
/// # Errors
/// [`InvalidRequest`](ErrorKind::InvalidRequest): this thread runs async code.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    if is_async_context() {
        return Err(failure(
            "called in async code, which must not block: use .await, or tokio's spawn_blocking",
        ));
    }
    Ok(runtime()?.block_on(future))
}

/// Whether this thread polls a tokio task, and so must not block.
///
/// While tokio polls a task it limits the number of operations, the coop budget. A thread that may block has no such
/// limit. No public function of tokio returns this, so consume more than any budget and see whether it ends.
fn is_async_context() -> bool {
    const MORE_THAN_ANY_BUDGET: usize = 1024;
    let has_budget = || pin!(coop::consume_budget()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    Handle::try_current().is_ok() && !(0..MORE_THAN_ANY_BUDGET).all(|_| has_budget())
}

fn runtime() -> Result<&'static Handle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if RUNTIME.get().is_none() {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(1).thread_name("lakefs").enable_all();
        let runtime = builder.build().map_err(|error| failure("cannot start a thread").with_source(error))?;
        if let Err(unused) = RUNTIME.set(runtime) {
            // Another thread was faster.
            unused.shutdown_background();
        }
    }
    RUNTIME.get().map(Runtime::handle).ok_or_else(|| failure("the runtime is missing"))
}

fn failure(message: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, "block on a future", message)
}
