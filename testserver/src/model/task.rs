//! Background tasks. Their work is done when they are submitted, so every task is finished.

use std::collections::BTreeMap;

use super::gc::PreparedCommits;
use super::refs_dump::RefsDump;
use super::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskKind {
    Dump,
    Restore,
    /// Prepares the commits of a garbage collection run.
    PrepareCommits,
}

impl TaskKind {
    /// Returns what the ids of these tasks start with.
    pub(crate) fn id_prefix(self) -> &'static str {
        match self {
            Self::Dump => "DR",
            Self::Restore => "RR",
            Self::PrepareCommits => "GCPC",
        }
    }
}

/// The tasks of a repository, by id.
pub(crate) type Tasks = BTreeMap<String, Task>;

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) finished: Timestamp,
    pub(crate) error: Option<String>,
    /// The result of [`TaskKind::Dump`].
    pub(crate) dump: Option<RefsDump>,
    /// The result of [`TaskKind::PrepareCommits`].
    pub(crate) prepared: Option<PreparedCommits>,
}
