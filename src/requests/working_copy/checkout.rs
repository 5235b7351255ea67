//! Moves a working copy to another ref, or discards its local changes.

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_into_future;
use crate::ref_expr::RefExpr;
use crate::requests::working_copy::clone::update_options;
use crate::requests::working_copy::open::{WorkingCopyScope, get_commit};
use crate::requests::working_copy::report::WorkingCopyReport;
use crate::requests::working_copy::update::{UpdateOptions, Updates};
use crate::transfer::working::index::{Index, Update};
use crate::transfer::working::plan::OnConflict;
use crate::uri::Uri;

const OPERATION: &str = "checkout";

/// Moves a working copy to another ref, or discards its local changes; see
/// [`WorkingCopy::checkout`](crate::WorkingCopy::checkout) and [`WorkingCopy::discard`](crate::WorkingCopy::discard).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct WorkingCopyCheckoutRequest {
    scope: WorkingCopyScope,
    /// `None` for the base.
    reference: Option<RefExpr>,
    force: bool,
    options: UpdateOptions,
}

update_options!(WorkingCopyCheckoutRequest);

impl WorkingCopyCheckoutRequest {
    pub(crate) fn new(scope: WorkingCopyScope, reference: Option<RefExpr>) -> Self {
        let options = UpdateOptions::new(OnConflict::Discard, scope.concurrency());
        let force = reference.is_none();
        Self { scope, reference, force, options }
    }

    /// Discards the local changes, also files that were added. Default: `false` for
    /// [`checkout`](crate::WorkingCopy::checkout), `true` for [`discard`](crate::WorkingCopy::discard).
    pub fn force(mut self, yes: bool) -> Self {
        self.force = yes;
        self
    }

    async fn execute(self) -> Result<WorkingCopyReport> {
        let Self { scope, reference, force, options } = self;
        let mut copy = scope.open_locked(OPERATION).await?;
        if let Some(interrupted) = copy.interrupted().filter(|_| !force) {
            return Err(copy.is_interrupted(OPERATION, interrupted));
        }
        let from = copy.base().to_owned();
        let (source, to) = match &reference {
            None => (copy.source.clone(), from.clone()),
            Some(reference) => {
                let name = reference.within(&copy.repository)?;
                let commit = get_commit(&copy.repository.reference(name)).await?;
                (Uri::new(copy.repository.name(), name, &*copy.prefix)?, commit.id)
            }
        };
        let mut remote = copy.remote_changes(Some(&from), &to).await?;
        if !options.skip_unsupported {
            remote.require_supported(|| copy.action(OPERATION), &copy.prefix)?;
        }
        let scan = copy.local_changes(Some(&from), remote.names()).await?;
        if let Some(first) = scan.changes.first().filter(|_| !force) {
            let message = format!(
                "{} local files have changes, such as {:?}; commit or discard them first",
                scan.changes.len(),
                first.name
            );
            return Err(Error::new(ErrorKind::UncommittedChanges, copy.action(OPERATION), message));
        }
        let plan = copy.plan(&mut remote, scan, options.on_conflict).await?;
        copy.refuse_conflicts(OPERATION, &plan.conflicts)?;
        let update = Update { from: Some(from), to: to.clone() };
        // lakectl completes a checkout from the files of the new commit.
        let running = Index::new(&source, to).during(OPERATION, Some(update.clone()));
        copy.run(running, &remote, plan.actions, Updates::new(), &update, &options).await
    }
}

impl_into_future!(WorkingCopyCheckoutRequest { scope } => WorkingCopyReport);
