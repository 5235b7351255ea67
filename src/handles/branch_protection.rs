//! Branch protection: which branches accept changes by merge only.

use std::fmt;

use crate::request::Request;
use crate::requests::branch_protection::{
    ProtectionRules, SetBranchProtectionRequest, edit_rules, get_rules,
};
use crate::scope::RepositoryScope;
use crate::uri::Uri;

/// The branch protection of a repository.
///
/// A protected branch rejects uploads, deletions, resets and commits with
/// [`WriteProtected`](crate::ErrorKind::WriteProtected). Merges, reverts, cherry-picks and imports are permitted.
///
/// A rule is a pattern of branch names with the wildcards `*` and `?`. The server can take several seconds to enforce
/// a change.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let protection = repository.branch_protection();
/// protection.protect("main").await?;
/// protection.protect("release-*").await?;
/// assert!(protection.get().await?.patterns.contains("main"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BranchProtection(RepositoryScope);

impl BranchProtection {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self(repository)
    }

    /// Reads the rules.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub fn get(&self) -> Request<ProtectionRules> {
        Request::new(&self.0, |scope| async move { get_rules(&scope).await })
    }

    /// Replaces all rules. An empty list protects no branch.
    ///
    /// # Errors
    /// * [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the rules do not have the `ETag` given to
    ///   [`if_match`](SetBranchProtectionRequest::if_match).
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a pattern is empty.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub fn set(&self, patterns: impl IntoIterator<Item = impl Into<String>>) -> SetBranchProtectionRequest {
        SetBranchProtectionRequest::new(self.0.clone(), patterns.into_iter().map(Into::into).collect())
    }

    /// Adds a rule if it is missing, and keeps the other rules.
    ///
    /// Concurrent changes are not lost: the rules are written only if they have not changed since they were read, and
    /// are read again otherwise. The first rule of a repository is the exception, because the server cannot check that
    /// there are still no rules.
    ///
    /// # Errors
    /// * [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): other writers changed the rules during each of
    ///   10 attempts.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub fn protect(&self, pattern: &str) -> Request<()> {
        let pattern = pattern.to_owned();
        Request::new(&self.0, |repository| async move {
            edit_rules(&repository, |patterns| patterns.insert(pattern.clone())).await
        })
    }

    /// Removes a rule if it exists, and keeps the other rules. Concurrent changes are not lost.
    ///
    /// Only a rule with exactly this pattern is removed, not the rules that the pattern matches.
    ///
    /// # Errors
    /// Those of [`protect`](Self::protect).
    pub fn unprotect(&self, pattern: &str) -> Request<()> {
        let pattern = pattern.to_owned();
        Request::new(&self.0, |repository| async move {
            edit_rules(&repository, |patterns| patterns.remove(&pattern)).await
        })
    }
}

/// Writes the URI of the repository.
impl fmt::Display for BranchProtection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "branch protection of {}", Uri::of_repository(self.0.name()))
    }
}
