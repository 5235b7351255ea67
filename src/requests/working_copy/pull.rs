//! Updates a working copy to the commit that its ref names.

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_into_future;
use crate::requests::working_copy::clone::update_options;
use crate::requests::working_copy::open::{OpenCopy, WorkingCopyScope, get_commit};
use crate::requests::working_copy::report::{PullConflicts, WorkingCopyReport};
use crate::requests::working_copy::update::{UpdateOptions, Updates};
use crate::transfer::working::index::Update;
use crate::transfer::working::plan::OnConflict;

const OPERATION: &str = "pull";

/// Updates a working copy; see [`WorkingCopy::pull`](crate::WorkingCopy::pull).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct WorkingCopyPullRequest {
    scope: WorkingCopyScope,
    options: UpdateOptions,
}

update_options!(WorkingCopyPullRequest);

impl WorkingCopyPullRequest {
    pub(crate) fn new(scope: WorkingCopyScope) -> Self {
        let options = UpdateOptions::new(OnConflict::Refuse, scope.concurrency());
        Self { scope, options }
    }

    /// Sets what happens to files that both sides changed. Default: [`PullConflicts::Refuse`].
    pub fn conflicts(mut self, conflicts: PullConflicts) -> Self {
        self.options.on_conflict = conflicts.action();
        self
    }

    async fn execute(self) -> Result<WorkingCopyReport> {
        let Self { scope, options } = self;
        let mut copy = scope.open_locked(OPERATION).await?;
        let mut report = copy.complete(&options).await?;
        let head = get_commit(&copy.reference()).await?.id;
        let from = copy.base().to_owned();
        if head == from {
            if copy.interrupted().is_some() {
                copy.write_index(copy.index.at(from)).await?;
            }
            report.base = head;
            return Ok(report);
        }
        let update = Update { from: Some(from), to: head };
        let updated = copy.update(OPERATION, update, &options, Updates::new()).await?;
        Ok(WorkingCopyReport {
            downloaded: report.downloaded + updated.downloaded,
            bytes_downloaded: report.bytes_downloaded + updated.bytes_downloaded,
            unverified: report.unverified + updated.unverified,
            removed: report.removed + updated.removed,
            ..updated
        })
    }
}

impl_into_future!(WorkingCopyPullRequest { scope } => WorkingCopyReport);

impl OpenCopy {
    /// Completes an update that was interrupted.
    async fn complete(&mut self, options: &UpdateOptions) -> Result<WorkingCopyReport> {
        let Some(operation) = self.interrupted().map(str::to_owned) else {
            return Ok(WorkingCopyReport::default());
        };
        let update = match (&self.index.update, &*operation) {
            (Some(update), _) => update.clone(),
            // lakectl does not keep what it was doing.
            (None, "clone") => Update { from: None, to: self.base().to_owned() },
            (None, "checkout") => return Err(self.is_interrupted(OPERATION, &operation)),
            (None, _) => return Ok(WorkingCopyReport::default()),
        };
        self.update(&operation, update, options, Updates::new()).await
    }

    pub(super) fn is_interrupted(&self, operation: &str, interrupted: &str) -> Error {
        let message = format!(
            "a {interrupted} of the working copy was interrupted; pull to complete it, or discard the local changes"
        );
        Error::new(ErrorKind::Conflict, self.action(operation), message)
    }
}
