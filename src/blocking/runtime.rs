//! The runtime of blocking calls, which lives as long as the program.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{coop, yield_now};

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
    let runtime = runtime()?;
    if Handle::try_current().is_err() {
        return Ok(runtime.block_on(future));
    }
    // tokio's `block_on` panics on some threads of a runtime, and no public function of tokio returns on which.
    let _entered = runtime.enter();
    let _polling = Polling::set(true);
    Ok(park_until_ready(future))
}

/// Runs a closure that blocks on futures, inside of a future that runs in [`block_on`].
pub(super) fn block_in_place<R>(closure: impl FnOnce() -> R) -> R {
    let _polling = Polling::set(false);
    tokio::task::block_in_place(closure)
}

/// Polls a future on this thread, and parks the thread until it is woken.
fn park_until_ready<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}

thread_local! {
    static IS_POLLING: Cell<bool> = const { Cell::new(false) };
}

/// Sets whether this thread polls a future in [`park_until_ready`], until it is dropped.
struct Polling {
    before: bool,
}

impl Polling {
    fn set(is_polling: bool) -> Self {
        Self { before: IS_POLLING.replace(is_polling) }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        IS_POLLING.set(self.before);
    }
}

/// Whether this thread polls a future, and so must not block.
///
/// No public function of tokio returns this. A thread of tokio that must not block is recognised by one of two effects:
///
/// * A yielding task is woken later, by the scheduler. On all other threads it is woken at once. This recognises all
///   tasks, but not the future of `Runtime::block_on` on a runtime with several threads.
/// * While tokio polls a future it limits the number of operations, the coop budget. A thread that may block has no such
///   limit, so consume more than any budget and see whether it ends. `tokio::task::unconstrained` removes the limit.
fn is_async_context() -> bool {
    const MORE_THAN_ANY_BUDGET: usize = 1024;
    if IS_POLLING.get() {
        return true;
    }
    if Handle::try_current().is_err() {
        return false;
    }
    let has_budget = || pin!(coop::consume_budget()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    is_scheduled() || !(0..MORE_THAN_ANY_BUDGET).all(|_| has_budget())
}

/// Whether this thread runs the tasks of a scheduler.
fn is_scheduled() -> bool {
    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let is_pending = pin!(yield_now()).poll(&mut Context::from_waker(&waker)).is_pending();
    is_pending && !woken.0.load(Ordering::Relaxed)
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
