//! Garbage collection: its rules, and the results of its preparation.

use std::collections::BTreeMap;

/// How many days garbage collection retains objects that no branch needs any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GcRules {
    pub(crate) default_retention_days: i32,
    pub(crate) branches: BTreeMap<String, i32>,
}

/// Where lakeFS writes the list of commits for a run.
#[derive(Debug, Clone)]
pub(crate) struct PreparedCommits {
    pub(crate) run_id: String,
    pub(crate) commits: String,
    pub(crate) addresses: String,
    /// The list in CSV. It has all commits, and none is expired.
    pub(crate) list: String,
}

/// Where lakeFS writes the list of uncommitted objects for a run. There is no location if there are none.
#[derive(Debug)]
pub(crate) struct PreparedUncommitted {
    pub(crate) run_id: String,
    pub(crate) location: Option<String>,
}
