//! Lists the changes of a working copy.

use crate::error::{Error, Result};
use crate::macros::impl_into_future;
use crate::requests::working_copy::changes::RemoteChanges;
use crate::requests::working_copy::open::{WorkingCopyScope, get_commit};
use crate::requests::working_copy::report::{WorkingCopyStatus, local_change, remote_change, unsupported};
use crate::transfer::blocking;
use crate::transfer::working::plan::{OnConflict, Plan};

/// Lists the changes of a working copy; see [`WorkingCopy::status`](crate::WorkingCopy::status).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct WorkingCopyStatusRequest {
    scope: WorkingCopyScope,
    remote: bool,
}

impl WorkingCopyStatusRequest {
    pub(crate) fn new(scope: WorkingCopyScope) -> Self {
        Self { scope, remote: true }
    }

    /// Lists also the changes of the ref since the base, and the conflicts. Default: `true`.
    ///
    /// Without it, the request sends nothing to the server if the objects of the base are in the cache.
    pub fn remote(mut self, yes: bool) -> Self {
        self.remote = yes;
        self
    }

    async fn execute(self) -> Result<WorkingCopyStatus> {
        const OPERATION: &str = "compare";
        let copy = self.scope.open(OPERATION).await?;
        let base = copy.base();
        let read_head = async {
            if !self.remote {
                return Ok::<_, Error>((None, RemoteChanges::default()));
            }
            let head = get_commit(&copy.reference()).await?.id;
            let changes = copy.remote_changes(Some(base), &head).await?;
            Ok((Some(head), changes))
        };
        // Without changes of the ref, no stamp is needed, so both sides can be read at the same time.
        let scan = copy.local_changes(Some(base), std::collections::HashSet::new());
        let ((head, remote), mut scan) = futures::future::try_join(read_head, scan).await?;
        if !remote.changes.is_empty() && !scan.changes.is_empty() {
            scan = copy.local_changes(Some(base), remote.names()).await?;
        }
        let (root, remote_changes) = (copy.root.clone(), remote.changes);
        let planned = blocking(move || {
            let plan = Plan::new(&root, &remote_changes, &scan, OnConflict::Refuse);
            Ok((plan, remote_changes, scan))
        });
        let (plan, remote_changes, scan) =
            planned.await.map_err(|error| Error::io(copy.action(OPERATION), "the task failed", error))?;
        Ok(WorkingCopyStatus {
            info: copy.info(),
            head,
            local: scan.changes.iter().map(local_change).collect(),
            remote: remote_changes.iter().map(remote_change).collect(),
            conflicts: plan.conflicts,
            unsupported: unsupported(&scan),
        })
    }
}

impl_into_future!(WorkingCopyStatusRequest { scope } => WorkingCopyStatus);
