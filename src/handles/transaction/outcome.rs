//! The result of a transaction.

use crate::error::{Error, Result};
use crate::models;

/// The result of a successful transaction.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransactionOutcome<T = ()> {
    /// The value that the closure returned.
    pub value: T,
    /// The commit of the changes; `None` if nothing changed.
    pub commit: Option<models::Commit>,
    /// The id of the merge commit on the branch; `None` if nothing changed.
    pub merge: Option<String>,
    /// The tag at the merge commit, if a [tag](crate::TransactionRequest::tag) was requested and something changed. A
    /// failure to create the tag does not fail the transaction; its changes are already merged.
    pub tag: Option<Result<models::Ref>>,
    /// The error of the clean-up, if the temporary branch could not be deleted. It names the branch. The changes are
    /// merged nevertheless.
    pub cleanup_error: Option<Error>,
}

impl TransactionOutcome {
    /// The outcome of a transaction without changes.
    pub(super) fn unchanged() -> Self {
        Self { value: (), commit: None, merge: None, tag: None, cleanup_error: None }
    }

    pub(super) fn with_value<T>(self, value: T) -> TransactionOutcome<T> {
        let Self { value: (), commit, merge, tag, cleanup_error } = self;
        TransactionOutcome { value, commit, merge, tag, cleanup_error }
    }
}
