//! The preparation of garbage collection runs. The lists of commits can be read only if the storage pre-signs
//! URLs.

use crate::model::catalog::Catalog;
use crate::model::entry::Location;
use crate::model::error::Result;
use crate::model::gc::{PreparedCommits, PreparedUncommitted};
use crate::model::repository::Repository;
use crate::model::{diff, xid};

/// The location of garbage collection data in the namespace of a repository.
const RETENTION: &str = "_lakefs/retention/gc";

impl Catalog {
    pub(crate) fn prepare_commits(&self, repository: &str) -> Result<PreparedCommits> {
        let found = self.repository(repository)?;
        found.check_writable(false)?;
        self.gc_rules(repository).map_err(|error| error.context("get gc rules"))?;
        let run_id = xid::descending();
        let list = found
            .commits()
            .iter()
            .fold(String::from("commit_id,expired,metarange_id\n"), |list, (id, commit)| {
                list + id.as_str() + ",false," + &commit.meta_range_id + "\n"
            });
        let base = format!("{}/{RETENTION}", found.namespace);
        Ok(PreparedCommits {
            commits: format!("{base}/commits/run_id={run_id}/commits.csv"),
            addresses: format!("{base}/addresses/"),
            run_id,
            list,
        })
    }

    pub(crate) fn prepare_uncommitted(&self, repository: &str) -> Result<PreparedUncommitted> {
        let found = self.repository(repository)?;
        found.check_writable(false)?;
        let run_id = xid::descending();
        let location = has_uncommitted_data(found)?
            .then(|| format!("{}/{RETENTION}/uncommitted/{run_id}/uncommitted/", found.namespace));
        Ok(PreparedUncommitted { run_id, location })
    }

    /// Checks what lakeFS checks before it submits the preparation as a task.
    pub(super) fn check_gc_allowed(&self, repository: &str) -> Result<()> {
        self.repository(repository)?.check_writable(false)
    }
}

/// Returns whether any branch has an uncommitted object whose data are in the namespace of the repository.
fn has_uncommitted_data(repository: &Repository) -> Result<bool> {
    let namespace = format!("{}/", repository.namespace);
    for branch in repository.branches.values() {
        let committed = &repository.commit(branch.head.as_str())?.tree;
        let mut added =
            diff::uncommitted(committed, branch.uncommitted(), b"").filter_map(|change| change.entry);
        if added.any(|entry| match &entry.location {
            Location::Relative(_) => true,
            Location::Full(address) => address.starts_with(&namespace),
        }) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error::ErrorKind;
    use crate::model::repository::check_id;

    #[test]
    fn repository_id_is_validated_before_the_lookup() {
        let catalog = Catalog::new("mem".into());
        let expected = check_id("No Name", "repository").unwrap_err().to_string();
        assert_eq!(catalog.prepare_commits("No Name").unwrap_err().to_string(), expected);
        assert_eq!(catalog.prepare_uncommitted("none").unwrap_err().kind(), ErrorKind::RepositoryNotFound);
    }
}
