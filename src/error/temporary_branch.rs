//! Errors of changes that are prepared on a temporary branch.

use super::Error;
use super::details::TEMPORARY_BRANCH_PREFIX;
use super::kind::ErrorKind;

impl Error {
    /// A branch moved while a change of it was prepared, so that the change was not made.
    pub(crate) fn lost_race(message: impl Into<String>) -> Self {
        let mut new = Self::new(ErrorKind::Conflict, "", message);
        (new.0.lost_race, new.0.not_applied) = (true, true);
        new
    }

    /// Adds what to do about a protected temporary branch, which the message of the server does not say.
    pub(super) fn with_advice(mut self) -> Self {
        let is_protected_branch =
            self.kind() == ErrorKind::WriteProtected && self.message().contains("protected branch");
        if is_protected_branch && self.0.action.contains(TEMPORARY_BRANCH_PREFIX) {
            self.0.message = format!(
                "{}; a branch protection rule, such as `*`, includes the temporary branch of the transaction; \
                 replace it with rules that match no name that starts with `{TEMPORARY_BRANCH_PREFIX}`",
                self.0.message
            );
        }
        self
    }

    /// Adds that a temporary branch could not be deleted.
    pub(crate) fn leaving_behind(mut self, branch: &str) -> Self {
        self.0.message = format!("{}; the hidden branch {branch:?} could not be deleted", self.0.message);
        self
    }

    /// Adds that a temporary branch is kept, because the outcome of its merge is unknown.
    pub(crate) fn keeping(mut self, branch: &str) -> Self {
        self.0.message = format!("{}; the hidden branch {branch:?} keeps the changes", self.0.message);
        self
    }

    /// Replaces an unknown outcome: the failed request was a step of a larger operation, which did not take effect.
    pub(crate) fn with_known_outcome(mut self) -> Self {
        self.0.outcome_unknown = false;
        self
    }
}
