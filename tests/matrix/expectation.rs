//! What may come of a pair of a case and a fault. It follows from what the operation does and from what the fault proves,
//! with few exceptions that have a reason. It does not follow from the tables of the client.

use lakefs::ErrorKind;

use crate::case::{Case, Effect};
use crate::fault::{Action, Fault, INTERNAL_ERROR, has_no_body};

/// The permitted outcomes of a pair.
#[expect(clippy::struct_excessive_bools, reason = "the outcomes are independent")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    /// The call may succeed: its effect is there once, and its value is that of a call without a fault.
    pub(crate) success: bool,
    /// The call may fail with an unknown outcome.
    pub(crate) unknown: bool,
    /// The call may fail for certain.
    pub(crate) certain: bool,
    /// The kinds of a failure.
    pub(crate) kinds: &'static [ErrorKind],
    /// The value of a success may be wrong.
    pub(crate) any_value: bool,
}

const SUCCESS: Expectation =
    Expectation { success: true, unknown: false, certain: false, kinds: &[], any_value: false };

impl Expectation {
    const fn or_unknown(mut self, kinds: &'static [ErrorKind]) -> Self {
        (self.unknown, self.kinds) = (true, kinds);
        self
    }

    const fn or_certain(mut self, kinds: &'static [ErrorKind]) -> Self {
        (self.certain, self.kinds) = (true, kinds);
        self
    }

    const fn not_success(mut self) -> Self {
        self.success = false;
        self
    }
}

/// Returns the permitted outcomes.
pub(crate) fn expectation(case: &Case, fault: &Fault, persistent: bool) -> Expectation {
    let kinds = fault.kinds;
    let body_is_wrong = matches!(fault.action, Action::CutBody | Action::StalledBody | Action::JunkBody);
    if body_is_wrong && has_no_body(case) {
        // The response is as without the fault.
        return SUCCESS;
    }
    if let Some(expectation) = exception(case, fault, persistent) {
        return expectation;
    }
    match (case.effect, persistent) {
        // A fault that passes is not seen.
        (Effect::Read | Effect::Idempotent, false) if fault.transient => SUCCESS,
        // A second request may succeed, but need not be sent. The outcome of a read is never unknown.
        (Effect::Read, false) => SUCCESS.or_certain(kinds),
        (Effect::Read, true) => SUCCESS.or_certain(kinds).not_success(),
        // A second request does no harm, so that it does not matter whether the first was applied.
        (Effect::Idempotent, _) => SUCCESS.or_unknown(kinds).or_certain(kinds),
        (Effect::Checked | Effect::Once, false) if fault.is_proof(case) => SUCCESS,
        (Effect::Checked | Effect::Once, true) if fault.is_proof(case) => {
            SUCCESS.or_certain(kinds).not_success()
        }
        (Effect::Checked, _) if fault.applied => SUCCESS,
        // A retry is possible where the check proves that the request was not applied and will not be.
        (Effect::Checked | Effect::Once, _) => SUCCESS.or_unknown(kinds),
    }
}

/// The pairs that the rule does not fit, with the reason.
fn exception(case: &Case, fault: &Fault, persistent: bool) -> Option<Expectation> {
    let kinds = fault.kinds;
    match (case.name, fault.action) {
        // The content of a stream is opaque. These operations send no checksum of it.
        (
            "get_object (by the generated client)" | "get_metadata_object" | "get_run_hook_output",
            Action::JunkBody,
        ) => Some(Expectation { any_value: true, ..SUCCESS.or_certain(kinds) }),
        // The caller reads the stream, so that nothing is sent again once it has begun.
        (
            "get_object (by the generated client)" | "get_metadata_object" | "get_run_hook_output",
            Action::CutBody | Action::StalledBody,
        ) => Some(SUCCESS.or_certain(kinds)),
        // Validation errors have status 500, too, so that a write with this status need not be sent again.
        (_, Action::Lakefs(500, INTERNAL_ERROR)) if case.effect == Effect::Idempotent && !persistent => {
            Some(SUCCESS.or_unknown(kinds).or_certain(kinds))
        }
        // Nothing follows the deletion of the temporary branch, and its failure does not fail the transaction.
        ("delete_branch (transaction)", action) if action != Action::Refused => Some(SUCCESS),
        // Without the temporary branch, or without its commit, the target is unchanged for certain.
        ("create_branch (transaction)" | "commit (transaction)", _) if !fault.is_proof(case) => {
            Some(SUCCESS.or_unknown(kinds).or_certain(kinds))
        }
        _ => None,
    }
}
