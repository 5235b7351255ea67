//! Advice that the messages of some errors contain.

use super::kind::ErrorKind;

/// The start of the names of the temporary branches that the client creates.
pub(crate) const TEMPORARY_BRANCH_PREFIX: &str = "lakefs-rs-tx-";

/// What to do about an error that is not clear from the message of the server.
pub(super) fn advice(kind: ErrorKind, action: &str, message: &str) -> Option<String> {
    let is_protected_branch = kind == ErrorKind::WriteProtected && message.contains("protected branch");
    (is_protected_branch && action.contains(TEMPORARY_BRANCH_PREFIX)).then(|| {
        format!(
            "a branch protection rule, such as `*`, includes the temporary branch of the transaction; \
             replace it with rules that match no name that starts with `{TEMPORARY_BRANCH_PREFIX}`"
        )
    })
}
