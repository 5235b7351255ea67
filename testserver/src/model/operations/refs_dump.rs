//! Dumping the refs of a repository, and restoring them into a bare one.

use std::sync::Arc;

use crate::model::branch::Branch;
use crate::model::catalog::Catalog;
use crate::model::error::{ErrorKind, Result};
use crate::model::refs_dump::{DumpPart, RefsDump};
use crate::model::repository::Repository;

impl Catalog {
    pub(crate) fn dump_refs(&mut self, repository: &str) -> Result<RefsDump> {
        let repository = self.repository(repository)?;
        let branches = repository.branches.iter().map(|(name, branch)| (name.clone(), branch.head.clone()));
        let parts = [
            DumpPart::Commits(repository.commits().clone()),
            DumpPart::Branches(branches.collect()),
            DumpPart::Tags(repository.tags.clone()),
        ];
        let namespace = repository.namespace.clone();
        let [commits, branches, tags] = parts.map(|part| self.dumps.insert(&namespace, part));
        Ok(RefsDump { commits, branches, tags })
    }

    /// Fails if the default branch exists, which it does not in a bare repository.
    pub(crate) fn check_bare(&self, repository: &str) -> Result<()> {
        let repository = self.repository(repository)?;
        match repository.commit_id(&repository.default_branch) {
            Ok(_) => Err(ErrorKind::NotEmptyRepository.into()),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn restore_refs(&mut self, repository: &str, dump: &RefsDump, force: bool) -> Result<()> {
        let namespace = self.repository(repository)?.namespace.clone();
        let parts = [&dump.commits, &dump.branches, &dump.tags].map(|id| self.dumps.get(&namespace, id));
        let repository = self.find_repository_mut(repository)?;
        repository.check_writable(force)?;
        for part in parts {
            repository.restore(part.ok_or(ErrorKind::NoData)?);
        }
        Ok(())
    }
}

impl Repository {
    fn restore(&mut self, part: DumpPart) {
        match part {
            DumpPart::Commits(commits) => {
                for commit in commits.into_values() {
                    self.add_commit(Arc::unwrap_or_clone(commit));
                }
            }
            DumpPart::Branches(branches) => {
                let branches = branches.into_iter().map(|(name, head)| (name, Branch::new(head, false)));
                self.branches.extend(branches);
            }
            DumpPart::Tags(tags) => self.tags.extend(tags),
        }
    }
}
