//! Commits and their identifiers.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use super::entry::Metadata;
use super::identity::IdentityHasher;
use super::time::Timestamp;
use super::tree::Tree;

/// The id of a commit: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CommitId(Arc<str>);

impl CommitId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for CommitId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl Borrow<str> for CommitId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A commit. Its id is computed from its other fields.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) committer: String,
    pub(crate) message: String,
    pub(crate) created: Timestamp,
    pub(crate) metadata: Metadata,
    pub(crate) parents: Vec<CommitId>,
    pub(crate) generation: i64,
    pub(crate) version: i32,
    /// The id of the content. Empty for the first commit of a repository.
    pub(crate) meta_range_id: String,
    pub(crate) tree: Tree,
}

/// A commit with its id.
pub(crate) type CommitRecord = (CommitId, Arc<Commit>);

/// The version of new commits.
pub(crate) const COMMIT_VERSION: i32 = 1;

impl Commit {
    /// Creates the first commit of a repository.
    pub(crate) fn root(created: Timestamp) -> Self {
        Self {
            committer: String::new(),
            message: "Repository created".to_owned(),
            created,
            metadata: Metadata::new(),
            parents: Vec::new(),
            generation: 1,
            version: COMMIT_VERSION,
            meta_range_id: String::new(),
            tree: Tree::default(),
        }
    }

    pub(crate) fn id(&self) -> CommitId {
        let parents = IdentityHasher::default().strings(self.parents.iter().map(CommitId::as_str)).finish();
        let identity = IdentityHasher::default()
            .string("commit:v1")
            .string(&self.committer)
            .string(&self.message)
            .string(&self.meta_range_id)
            .int(self.created.seconds)
            .map(&self.metadata)
            .embed(&parents)
            .finish();
        CommitId(hex::encode(identity).into())
    }
}
