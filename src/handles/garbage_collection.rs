//! Garbage collection: rules and runs.

use std::fmt;

use crate::models::GarbageCollectionRules;
use crate::request::Request;
use crate::requests::garbage_collection::{
    PrepareCommitsRequest, PrepareCommitsTask, PrepareUncommittedParts, SetGcRulesRequest, delete_rules,
    get_rules,
};
use crate::scope::RepositoryScope;
use crate::task::Task;
use crate::uri::Uri;

/// The garbage collection of a repository: its rules, and the lists that the server prepares for a collector.
///
/// lakeFS itself deletes nothing. A collector requests the lists of expired commits and of uncommitted objects from the
/// server, and deletes unused data from the storage.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let collection = repository.garbage_collection();
/// collection.rules().set(28).branch("main", 365).await?;
///
/// let prepared = collection.prepare_commits().wait_for_completion().await?;
/// println!("run {}: commits listed at {}", prepared.run_id, prepared.gc_commits_location);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GarbageCollection(RepositoryScope);

impl GarbageCollection {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self(repository)
    }

    /// Returns the rules: for how many days commits are retained.
    #[must_use]
    pub fn rules(&self) -> GcRules {
        GcRules(self.0.clone())
    }

    /// Writes the list of expired commits and of retained commits to the storage, and returns its location.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository has no rules, or does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the repository is read-only.
    /// * [`Unsupported`](crate::ErrorKind::Unsupported): the storage has no pre-signed URLs. Use
    ///   [`wait_for_completion`](PrepareCommitsRequest::wait_for_completion) instead, which does not need them.
    pub fn prepare_commits(&self) -> PrepareCommitsRequest {
        PrepareCommitsRequest::new(self.0.clone())
    }

    /// Returns a handle to a preparation of commits that was [started](PrepareCommitsRequest::start) before, by its id.
    #[must_use]
    pub fn prepare_commits_task(&self, id: impl Into<String>) -> Task<PrepareCommitsTask> {
        Task::new(PrepareCommitsTask::new(self.0.clone()), id)
    }

    /// Writes the lists of the uncommitted objects to the storage, part by part, and returns their locations.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the repository is read-only.
    pub fn prepare_uncommitted(&self) -> PrepareUncommittedParts {
        PrepareUncommittedParts::new(self.0.clone())
    }
}

/// Writes the URI of the repository.
impl fmt::Display for GarbageCollection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "garbage collection of {}", Uri::of_repository(self.0.name()))
    }
}

/// The garbage collection rules of a repository: for how many days the server retains commits that no branch needs.
///
/// [`GarbageCollection::rules`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GcRules(RepositoryScope);

impl GcRules {
    /// Reads the rules.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository has no rules, or does not exist.
    /// [`get_opt`](Self::get_opt) returns `None` instead.
    pub fn get(&self) -> Request<GarbageCollectionRules> {
        Request::new(&self.0, |scope| async move { get_rules(&scope).await })
    }

    /// Reads the rules, or returns `None` if the repository has none or does not exist.
    pub fn get_opt(&self) -> Request<Option<GarbageCollectionRules>> {
        self.get().optional()
    }

    /// Replaces the rules. Commits are retained for `default_retention_days`, except on
    /// [branches](SetGcRulesRequest::branch) with their own number of days.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub fn set(&self, default_retention_days: i64) -> SetGcRulesRequest {
        SetGcRulesRequest::new(self.0.clone(), default_retention_days)
    }

    /// Deletes the rules, if there are any. Without rules no commit expires.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the repository does not exist.
    pub fn delete(&self) -> Request<()> {
        Request::new(&self.0, |scope| async move { delete_rules(&scope).await })
    }
}

/// Writes the URI of the repository.
impl fmt::Display for GcRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "garbage collection rules of {}", Uri::of_repository(self.0.name()))
    }
}
