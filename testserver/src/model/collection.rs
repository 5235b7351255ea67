//! What garbage collection is told of a repository. The lists themselves lie in the storage, where nobody can look
//! unless the storage signs addresses.

use super::entry::Location;
use super::error::Result;
use super::lake::Lake;
use super::repository::Repository;
use super::{diff, xid};

/// Below the namespace of a repository, what is kept for garbage collection.
const RETENTION: &str = "_lakefs/retention/gc";

/// Where the commits are listed that may go, and those that stay.
#[derive(Debug, Clone)]
pub(crate) struct PreparedCommits {
    pub(crate) run_id: String,
    pub(crate) commits: String,
    pub(crate) addresses: String,
    /// The list itself: every commit, none of which may go.
    pub(crate) list: String,
}

/// Where the uncommitted objects of a repository are listed; nowhere, if there are none.
#[derive(Debug)]
pub(crate) struct PreparedUncommitted {
    pub(crate) run_id: String,
    pub(crate) location: Option<String>,
}

impl Lake {
    pub(crate) fn prepare_commits(&self, repository: &str) -> Result<PreparedCommits> {
        let found = self.repository(repository)?;
        found.writable(false)?;
        self.gc_rules(repository).map_err(|error| error.context("get gc rules"))?;
        let run_id = xid::descending();
        let list = found
            .commits()
            .iter()
            .fold(String::from("commit_id,expired,metarange_id\n"), |list, (id, commit)| {
                list + id.as_str() + ",false," + &commit.meta_range_id + "\n"
            });
        let place = format!("{}/{RETENTION}", found.namespace);
        Ok(PreparedCommits {
            commits: format!("{place}/commits/run_id={run_id}/commits.csv"),
            addresses: format!("{place}/addresses/"),
            run_id,
            list,
        })
    }

    pub(crate) fn prepare_uncommitted(&self, repository: &str) -> Result<PreparedUncommitted> {
        let found = self.repository(repository)?;
        found.writable(false)?;
        let run_id = xid::descending();
        let location = has_uncommitted(found)?
            .then(|| format!("{}/{RETENTION}/uncommitted/{run_id}/uncommitted/", found.namespace));
        Ok(PreparedUncommitted { run_id, location })
    }

    /// Fails unless the repository can be written to, which is all that is looked at before the work is begun.
    pub(super) fn check_collectable(&self, repository: &str) -> Result<()> {
        self.repository(repository)?.writable(false)
    }
}

/// Whether any branch has an object that is not committed, and whose data are the repository's own.
fn has_uncommitted(repository: &Repository) -> Result<bool> {
    let own = format!("{}/", repository.namespace);
    for branch in repository.branches.values() {
        let committed = &repository.commit(branch.head.as_str())?.tree;
        let mut added =
            diff::uncommitted(committed, branch.uncommitted(), b"").filter_map(|change| change.entry);
        if added.any(|entry| match &entry.location {
            Location::Relative(_) => true,
            Location::Full(address) => address.starts_with(&own),
        }) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::super::error::ErrorKind;
    use super::super::repository::check_id;
    use super::*;

    #[test]
    fn a_name_that_is_none_is_looked_at_first() {
        let lake = Lake::new("mem".into());
        let expected = check_id("No Name", "repository").unwrap_err().to_string();
        assert_eq!(lake.prepare_commits("No Name").unwrap_err().to_string(), expected);
        assert_eq!(lake.prepare_uncommitted("none").unwrap_err().kind(), ErrorKind::RepositoryNotFound);
    }
}
