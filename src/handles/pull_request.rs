//! Pull requests: proposals to merge one branch into another.

use std::fmt;

use crate::handles::repository::Repository;
use crate::models::{self, PullRequestStatus};
use crate::request::Request;
use crate::requests::pull_requests::{self, MergePullRequestRequest, UpdatePullRequestRequest};
use crate::scope::RepositoryScope;
use crate::uri::Uri;

/// A handle to a pull request. The pull request need not exist.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let created = repository.create_pull_request("experiment1", "main", "Add data").await?;
/// // After the review:
/// let merged = repository.pull_request(created.id).merge().await?;
/// println!("merge commit {}", merged.reference);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PullRequest {
    repository: RepositoryScope,
    id: String,
}

impl PullRequest {
    pub(crate) fn new(repository: RepositoryScope, id: String) -> Self {
        Self { repository, id }
    }

    /// Returns the id of the pull request.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the repository of the pull request.
    #[must_use]
    pub fn repository(&self) -> Repository {
        Repository::from_scope(&self.repository)
    }

    /// Reads the pull request: its branches, title, description, author, status and merge commit.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the pull request does not exist. [`get_opt`](Self::get_opt) returns
    /// `None` instead.
    pub fn get(&self) -> Request<models::PullRequest> {
        let id = self.id.clone();
        Request::new(&self.repository, |repository| async move { pull_requests::get(&repository, &id).await })
    }

    /// Reads the pull request, or returns `None` if the pull request or the repository does not exist.
    pub fn get_opt(&self) -> Request<Option<models::PullRequest>> {
        self.get().optional()
    }

    /// Returns whether the pull request exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Changes the title, the description or the status. What you do not set stays as it is.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the pull request does not exist.
    pub fn update(&self) -> UpdatePullRequestRequest {
        UpdatePullRequestRequest::new(self.repository.clone(), self.id.clone())
    }

    /// Closes the pull request without merging it. To open it again, [update](Self::update) its status.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the pull request does not exist.
    pub fn close(&self) -> UpdatePullRequestRequest {
        self.update().status(PullRequestStatus::Closed)
    }

    /// Merges the source branch into the destination branch, and sets the status to `merged`.
    ///
    /// The two steps are not atomic: if the server fails between them, the branches are merged and the pull request
    /// stays open.
    ///
    /// # Errors
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): both branches changed the same paths.
    ///   [`Error::conflicts`](crate::Error::conflicts) lists them.
    /// * [`NoChanges`](crate::ErrorKind::NoChanges): there is nothing to merge.
    /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): the destination branch has uncommitted changes.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the pull request is not open.
    /// * [`HookFailed`](crate::ErrorKind::HookFailed): a hook rejected the merge.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the pull request does not exist.
    pub fn merge(&self) -> MergePullRequestRequest {
        MergePullRequestRequest::new(self.repository.clone(), self.id.clone())
    }
}

/// Writes the id and the URI of the repository.
impl fmt::Display for PullRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pull request {:?} of {}", self.id, Uri::of_repository(self.repository.name()))
    }
}
