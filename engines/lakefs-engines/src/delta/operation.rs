//! The hidden branch of one operation of delta-rs.
//!
//! delta-rs identifies an operation by an id, and says neither when it begins nor when it fails. So the branch is created
//! with the first write. The end of an operation without a commit is recognised by the object stores that it holds: it is
//! over when they are dropped.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use lakefs::{Branch, Transaction};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::AbortHandle;

use super::rollback;

/// How long an operation may pause before its branch is deleted, if it is not known whether it is still running.
const MAX_PAUSE: Duration = Duration::from_mins(5);

/// How long it is remembered that an operation was rolled back.
const MEMORY: Duration = Duration::from_hours(1);

/// An operation of delta-rs, or all writes to a table without one.
pub(super) struct Operation {
    /// The branch of the table.
    target: Branch,
    /// Whether this is not one operation, but all writes to the table without one. It has no end.
    pub(super) is_shared: bool,
    state: Mutex<State>,
    /// The name of the hidden branch while it is open.
    hidden: RwLock<Option<Arc<str>>>,
    /// How many writes were started and finished.
    started: AtomicU64,
    finished: AtomicU64,
    /// How many stores of the table, and of the root, the operation holds.
    table_stores: AtomicUsize,
    root_stores: AtomicUsize,
    /// Whether the operation has ever held a store of the root. delta-rs gives it to the session of an operation, which lives
    /// as long as the operation if it is not one of the caller.
    had_root_store: AtomicBool,
    /// Changes whenever the operation does something.
    activity: AtomicU64,
    /// The task that deletes the branch after a pause.
    pause: std::sync::Mutex<Option<AbortHandle>>,
    max_pause: Duration,
    runtime: OnceLock<Handle>,
}

#[derive(Debug)]
pub(super) enum State {
    /// There is no hidden branch.
    Idle,
    Open(Box<Transaction>),
    /// The writes of the operation are deleted. A commit must fail, because its files are missing.
    RolledBack(Instant),
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Operation {
    pub(super) fn new(target: Branch, is_shared: bool) -> Self {
        Self {
            target,
            is_shared,
            state: Mutex::new(State::Idle),
            hidden: RwLock::default(),
            started: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            table_stores: AtomicUsize::new(0),
            root_stores: AtomicUsize::new(0),
            had_root_store: AtomicBool::new(false),
            activity: AtomicU64::new(0),
            pause: std::sync::Mutex::default(),
            max_pause: MAX_PAUSE,
            runtime: OnceLock::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn with_max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    pub(super) fn target(&self) -> &Branch {
        &self.target
    }

    /// Returns the name of the hidden branch if there is one.
    pub(super) fn hidden(&self) -> Option<Arc<str>> {
        self.hidden.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether nothing is lost if the operation is forgotten.
    pub(super) fn is_forgettable(&self) -> bool {
        self.state.try_lock().is_ok_and(|state| match &*state {
            State::Idle => true,
            State::Open(_) => false,
            State::RolledBack(since) => since.elapsed() > MEMORY,
        })
    }

    /// Starts a write: creates the hidden branch if there is none. The branch is kept open until the write is committed.
    pub(super) async fn start_write(self: &Arc<Self>) -> lakefs::Result<Result<Write, RolledBack>> {
        let mut state = self.state.lock().await;
        if matches!(*state, State::RolledBack(_)) {
            return Ok(Err(RolledBack));
        }
        self.ensure_open(&mut state).await?;
        self.started.fetch_add(1, Ordering::AcqRel);
        let branch = self.hidden().unwrap_or_default();
        Ok(Ok(Write { operation: Arc::clone(self), branch }))
    }

    /// Locks the operation for a commit. Writes that start meanwhile wait.
    pub(super) async fn lock(&self) -> MutexGuard<'_, State> {
        self.activity.fetch_add(1, Ordering::AcqRel);
        self.state.lock().await
    }

    /// Creates the hidden branch if there is none, and returns whether it was created.
    pub(super) async fn ensure_open(&self, state: &mut State) -> lakefs::Result<bool> {
        if !matches!(state, State::Idle) {
            return Ok(false);
        }
        if let Ok(runtime) = Handle::try_current() {
            _ = self.runtime.set(runtime);
        }
        let message = format!("Write a Delta table on {}", self.target.name());
        let transaction = self.target.transaction(message).begin().await?;
        self.set_hidden(Some(transaction.branch().name().into()));
        *state = State::Open(Box::new(transaction));
        Ok(true)
    }

    /// Returns how many writes have ended, to be passed to [`close`](Self::close) after a commit.
    pub(super) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Acquire)
    }

    /// Deletes the hidden branch after a merge, unless another write has begun since the commit began, or has ended
    /// since. Those are not part of the commit.
    pub(super) async fn close(&self, state: &mut State, finished: u64) {
        if self.started.load(Ordering::Acquire) == finished {
            self.delete_branch(state, State::Idle).await;
        }
    }

    /// Deletes the hidden branch and what was written to it.
    pub(super) async fn roll_back(&self, state: &mut State) {
        let next = if self.has_writes() { State::RolledBack(Instant::now()) } else { State::Idle };
        self.delete_branch(state, next).await;
    }

    /// Keeps the hidden branch, because it may be the only trace of its changes. The branch is returned.
    pub(super) fn keep(&self, state: &mut State) -> Option<Branch> {
        if !matches!(state, State::Open(_)) {
            return None;
        }
        let State::Open(transaction) = mem::replace(state, State::RolledBack(Instant::now())) else {
            return None;
        };
        self.set_hidden(None);
        Some(transaction.into_branch())
    }

    /// Returns whether anything but a log entry was written.
    pub(super) fn has_writes(&self) -> bool {
        self.started.load(Ordering::Acquire) > 0
    }

    async fn delete_branch(&self, state: &mut State, next: State) {
        if !matches!(state, State::Open(_)) {
            return;
        }
        let State::Open(transaction) = mem::replace(state, next) else { return };
        self.set_hidden(None);
        self.replace_pause(None, true);
        if let Err(error) = transaction.rollback().await {
            tracing::warn!(%error, "the hidden branch of an operation on a Delta table remains");
        }
    }

    fn set_hidden(&self, name: Option<Arc<str>>) {
        *self.hidden.write().unwrap_or_else(PoisonError::into_inner) = name;
    }

    /// Deletes the hidden branch in the background if the operation has ended. Called when the operation drops a store, and
    /// when a commit is refused.
    pub(super) fn watch(self: &Arc<Self>) {
        if self.is_shared || self.table_stores.load(Ordering::Acquire) > 0 {
            return;
        }
        let Some(runtime) = Handle::try_current().ok().or_else(|| self.runtime.get().cloned()) else {
            return;
        };
        let operation = Arc::clone(self);
        if self.has_ended() {
            rollback::spawn(&runtime, async move {
                let mut state = operation.state.lock().await;
                if operation.has_ended() {
                    operation.roll_back(&mut state).await;
                }
            });
        } else if self.hidden().is_some() {
            let activity = self.activity.load(Ordering::Acquire);
            let (operation, max_pause) = (Arc::downgrade(self), self.max_pause);
            let pause = runtime.spawn(async move {
                tokio::time::sleep(max_pause).await;
                let Some(operation) = operation.upgrade() else { return };
                // This task must not be aborted from here on.
                operation.replace_pause(None, false);
                let mut state = operation.state.lock().await;
                let is_same = operation.activity.load(Ordering::Acquire) == activity;
                if is_same && operation.table_stores.load(Ordering::Acquire) == 0 {
                    operation.roll_back(&mut state).await;
                }
            });
            self.replace_pause(Some(pause.abort_handle()), true);
        }
    }

    fn replace_pause(&self, next: Option<AbortHandle>, abort: bool) {
        let previous = mem::replace(&mut *self.pause.lock().unwrap_or_else(PoisonError::into_inner), next);
        if let Some(previous) = previous.filter(|_| abort) {
            previous.abort();
        }
    }

    /// Deletes the hidden branch in the background, because the future of a commit was dropped.
    pub(super) fn abandon(self: &Arc<Self>) {
        let Some(runtime) = Handle::try_current().ok().or_else(|| self.runtime.get().cloned()) else {
            return;
        };
        let operation = Arc::clone(self);
        rollback::spawn(&runtime, async move {
            let mut state = operation.state.lock().await;
            operation.roll_back(&mut state).await;
        });
    }

    /// Returns whether the session of the operation, and all of its stores, are dropped.
    fn has_ended(&self) -> bool {
        self.had_root_store.load(Ordering::Acquire)
            && self.root_stores.load(Ordering::Acquire) == 0
            && self.table_stores.load(Ordering::Acquire) == 0
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.replace_pause(None, true);
        let State::Open(transaction) = mem::replace(self.state.get_mut(), State::Idle) else { return };
        // Without a runtime, dropping the transaction does the same.
        if let Some(runtime) = self.runtime.get() {
            rollback::spawn(runtime, async move {
                if let Err(error) = transaction.rollback().await {
                    tracing::warn!(%error, "the hidden branch of a Delta table remains");
                }
            });
        }
    }
}

/// The operation was rolled back before.
#[derive(Debug)]
pub(super) struct RolledBack;

impl fmt::Display for RolledBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the files of the operation were deleted with its hidden branch, because it failed or paused too long")
    }
}

impl std::error::Error for RolledBack {}

/// A write to the hidden branch that has not ended.
#[derive(Debug)]
pub(super) struct Write {
    operation: Arc<Operation>,
    /// The name of the hidden branch.
    pub(super) branch: Arc<str>,
}

impl Drop for Write {
    fn drop(&mut self) {
        self.operation.finished.fetch_add(1, Ordering::AcqRel);
    }
}

/// An object store that an operation holds.
#[derive(Debug)]
pub(super) struct Lease {
    operation: Arc<Operation>,
    is_root: bool,
}

impl Lease {
    pub(super) fn new(operation: Arc<Operation>, is_root: bool) -> Self {
        operation.activity.fetch_add(1, Ordering::AcqRel);
        if is_root {
            operation.root_stores.fetch_add(1, Ordering::AcqRel);
            operation.had_root_store.store(true, Ordering::Release);
        } else {
            operation.table_stores.fetch_add(1, Ordering::AcqRel);
        }
        Self { operation, is_root }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let stores = if self.is_root { &self.operation.root_stores } else { &self.operation.table_stores };
        stores.fetch_sub(1, Ordering::AcqRel);
        self.operation.activity.fetch_add(1, Ordering::AcqRel);
        self.operation.watch();
    }
}
