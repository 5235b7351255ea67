//! Operations on pull requests.

use std::ops::Bound;

use super::merges::MergeRequest;
use crate::model::catalog::Catalog;
use crate::model::commit::CommitId;
use crate::model::error::{Context, Error, ErrorKind, Result};
use crate::model::listing::Page;
use crate::model::names;
use crate::model::pull_request::{PullRequest, PullStatus};
use crate::model::repository::check_id;
use crate::model::time::Timestamp;
use crate::model::xid;

/// A pull request to open.
#[derive(Debug)]
pub(crate) struct NewPullRequest {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) author: String,
    pub(crate) source: String,
    pub(crate) destination: String,
}

/// The fields of a pull request to change.
#[derive(Debug, Default)]
pub(crate) struct PullRequestUpdate {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) status: Option<PullStatus>,
}

impl Catalog {
    pub(crate) fn create_pull_request(&mut self, repository: &str, new: NewPullRequest) -> Result<String> {
        check_id(repository, "repository")?;
        names::branch(&new.destination).argument("dest")?;
        names::branch(&new.source).argument("src")?;
        if new.source == new.destination {
            return Err(
                Error::from(ErrorKind::SameBranch).context("source and destination branches are the same")
            );
        }
        let repository = self.find_repository_mut(repository)?;
        repository.branch(&new.source)?;
        repository.branch(&new.destination)?;
        let id = xid::descending();
        let pull = PullRequest {
            title: new.title,
            description: new.description,
            author: new.author,
            source: new.source,
            destination: new.destination,
            status: PullStatus::Open,
            created: Timestamp::now(),
            closed: None,
            merged_commit: None,
        };
        repository.pulls.insert(id.clone(), pull);
        Ok(id)
    }

    pub(crate) fn pull_request(&self, repository: &str, id: &str) -> Result<&PullRequest> {
        check_pull_request_id(repository, id)?;
        self.find_repository(repository)?.pulls.get(id).ok_or_else(|| ErrorKind::PullRequestNotFound.into())
    }

    pub(crate) fn list_pull_requests(
        &self,
        repository: &str,
        prefix: &str,
        after: &str,
        amount: usize,
        open: Option<bool>,
    ) -> Result<Page<(&str, &PullRequest)>> {
        let found = self
            .repository(repository)?
            .pulls
            .range::<str, _>((Bound::Included(after.max(prefix)), Bound::Unbounded))
            .take_while(|(id, _)| id.starts_with(prefix))
            .filter(|(id, pull)| {
                *id != after && open.is_none_or(|open| open == (pull.status == PullStatus::Open))
            })
            .map(|(id, pull)| (id.as_str(), pull));
        Ok(Page::take(found, amount))
    }

    pub(crate) fn update_pull_request(
        &mut self,
        repository: &str,
        id: &str,
        update: PullRequestUpdate,
    ) -> Result<()> {
        let pull = self.pull_request_mut(repository, id)?;
        if let Some(title) = update.title {
            pull.title = title;
        }
        if let Some(description) = update.description {
            pull.description = description;
        }
        if let Some(status) = update.status {
            pull.status = status;
            if status != PullStatus::Open {
                pull.closed = Some(Timestamp::now());
            }
        }
        Ok(())
    }

    /// Merges the branches of a pull request. The caller checks that it is open.
    pub(crate) fn merge_pull_request(
        &mut self,
        repository: &str,
        id: &str,
        committer: String,
    ) -> Result<CommitId> {
        let pull = self.pull_request(repository, id)?;
        let (source, destination) = (pull.source.clone(), pull.destination.clone());
        let request = MergeRequest { committer, ..MergeRequest::default() };
        let commit = self.merge(repository, &source, &destination, request)?;
        let pull = self.pull_request_mut(repository, id)?;
        pull.status = PullStatus::Merged;
        pull.closed = Some(Timestamp::now());
        pull.merged_commit = Some(commit.clone());
        Ok(commit)
    }

    fn pull_request_mut(&mut self, repository: &str, id: &str) -> Result<&mut PullRequest> {
        check_pull_request_id(repository, id)?;
        self.find_repository_mut(repository)?
            .pulls
            .get_mut(id)
            .ok_or_else(|| ErrorKind::PullRequestNotFound.into())
    }
}

fn check_pull_request_id(repository: &str, id: &str) -> Result<()> {
    check_id(repository, "repository")?;
    if xid::is_valid(id) {
        Ok(())
    } else {
        Err(Error::from(ErrorKind::InvalidPullRequestId)).argument("pullRequestID")
    }
}
