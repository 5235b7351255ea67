//! The faults that are planned, and how requests consume them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::action::Fault;
use super::emulated::Emulations;
use crate::operation_ids::{OperationIds, is_same_operation};

/// The planned faults of a [`Server`](crate::Server).
///
/// A fault is planned for one operation and applies to the next requests for it. Default: one request.
/// Operations are named by their `operationId` in the lakeFS API, such as `getBranch`. Requests for the
/// [storage](crate::ServerBuilder::presigned_storage) are named `storageGet`, `storageHead`, `storagePut` and
/// `storagePutPart`. Case and underscores in names are ignored.
///
/// At most one fault applies to a request: the first in planning order that matches it. A request that a
/// fault [skips](crate::FaultBuilder::after) counts as matched.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use std::time::Duration;
///
/// let server = lakefs_testserver::Server::start().await?;
/// let faults = server.faults();
/// // Rejects two commits. The third succeeds.
/// faults.on("commit").times(2).respond(503, r#"{"message":"slow down"}"#);
/// // Performs one upload to this branch, and drops the response.
/// faults.on("uploadObject").when(|path| path.contains("/branches/main/")).drop_response();
/// // Delays all reads.
/// faults.on("getObject").delay(Duration::from_millis(50)).always().proceed();
/// assert_eq!(faults.pending(), ["commit", "uploadObject", "getObject"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Faults {
    operations: OperationIds,
    plans: Mutex<Vec<Plan>>,
    pub(super) emulations: Emulations,
}

/// A condition on the path of a request.
pub(super) type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A fault, and the requests that it applies to.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) operation: String,
    pub(super) predicate: Option<Predicate>,
    /// How many matching requests are skipped first.
    pub(super) skip: usize,
    /// How many requests the fault still applies to after that.
    pub(super) remaining: usize,
    pub(super) fault: Fault,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("operation", &self.operation)
            .field("skip", &self.skip)
            .field("remaining", &self.remaining)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl Faults {
    pub(crate) fn new(operations: OperationIds) -> Self {
        Self { operations, plans: Mutex::default(), emulations: Emulations::default() }
    }

    pub(crate) fn operations(&self) -> &OperationIds {
        &self.operations
    }

    /// Returns whether there is an operation of this name, in the lakeFS API or in the storage.
    #[must_use]
    pub fn is_known_operation(&self, operation: &str) -> bool {
        self.operations.contains(operation)
    }

    /// Returns the operations of the faults that are still in force, in planning order.
    #[must_use]
    pub fn pending(&self) -> Vec<String> {
        self.plans().iter().map(|plan| plan.operation.clone()).collect()
    }

    /// Removes all faults that are still in force.
    pub fn clear(&self) {
        self.plans().clear();
    }

    pub(super) fn plan(&self, plan: Plan) {
        if plan.remaining > 0 {
            self.plans().push(plan);
        }
    }

    /// Takes the fault that applies to a request, if there is one.
    pub(crate) fn take(&self, operation: &str, path: &str) -> Option<Fault> {
        let mut plans = self.plans();
        let index = plans.iter().position(|plan| {
            is_same_operation(&plan.operation, operation)
                && plan.predicate.as_ref().is_none_or(|predicate| predicate(path))
        })?;
        let plan = plans.get_mut(index)?;
        if plan.skip > 0 {
            plan.skip -= 1;
            return None;
        }
        plan.remaining = plan.remaining.saturating_sub(1);
        if plan.remaining == 0 {
            return Some(plans.remove(index).fault);
        }
        Some(plan.fault.clone())
    }

    fn plans(&self) -> MutexGuard<'_, Vec<Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Action;
    use super::*;

    fn faults() -> Faults {
        Faults::new(OperationIds::new(["commit", "getCommit"]))
    }

    #[test]
    fn fault_applies_as_often_as_planned() {
        let faults = faults();
        faults.on("commit").times(2).after(1).drop_connection();
        faults.on("getCommit").when(|path| path.ends_with("/a")).drop_response();
        assert_eq!(faults.pending(), ["commit", "getCommit"]);
        assert!(faults.take("commit", "").is_none());
        assert!(matches!(faults.take("commit", "").unwrap().action, Action::DropConnection));
        assert!(faults.take("getCommit", "/b").is_none());
        assert!(matches!(faults.take("getCommit", "/a").unwrap().action, Action::DropResponse));
        assert!(faults.take("getCommit", "/a").is_none());
        assert!(faults.take("commit", "").is_some());
        assert!(faults.take("commit", "").is_none());
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn permanent_fault_applies_until_cleared() {
        let faults = faults();
        faults.on("commit").always().respond(500, "");
        for _ in 0..100 {
            assert!(faults.take("commit", "").is_some());
        }
        faults.clear();
        assert!(faults.take("commit", "").is_none());
    }

    #[test]
    #[should_panic(expected = "unknown operation \"comit\"")]
    fn fault_for_an_unknown_operation_panics() {
        faults().on("comit").drop_connection();
    }
}
