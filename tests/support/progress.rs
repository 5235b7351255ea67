//! A record of the updates that a transfer reports.

use std::sync::{Arc, Mutex};

use lakefs::ProgressUpdate;

/// Records the progress of a transfer.
#[derive(Clone, Default)]
pub(crate) struct ProgressLog(Arc<Mutex<Vec<ProgressUpdate>>>);

impl ProgressLog {
    /// Returns a callback that appends to this log.
    pub(crate) fn recorder(&self) -> impl Fn(ProgressUpdate) + Send + Sync + 'static {
        let updates = Arc::clone(&self.0);
        move |update| updates.lock().unwrap().push(update)
    }

    /// Returns all updates so far, oldest first.
    pub(crate) fn updates(&self) -> Vec<ProgressUpdate> {
        self.0.lock().unwrap().clone()
    }

    /// Returns the newest update.
    #[track_caller]
    pub(crate) fn last(&self) -> ProgressUpdate {
        *self.0.lock().unwrap().last().expect("the transfer reports progress")
    }
}
