//! Pull requests.

use super::commit::CommitId;
use super::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PullStatus {
    Open,
    Closed,
    Merged,
}

/// A request to merge one branch into another.
#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) author: String,
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) status: PullStatus,
    pub(crate) created: Timestamp,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) merged_commit: Option<CommitId>,
}
