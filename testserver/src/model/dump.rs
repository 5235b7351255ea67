//! Dumps of all references of a repository, and their restoration elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::branch::Branch;
use super::commit::{Commit, CommitId};
use super::error::{ErrorKind, Result};
use super::lake::Lake;
use super::repository::Repository;

/// The identifiers of the three parts of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefsDump {
    pub(crate) commits: String,
    pub(crate) branches: String,
    pub(crate) tags: String,
}

/// All dumps made, by namespace and identifier, as lakeFS keeps them with the objects of a repository.
#[derive(Debug, Default)]
pub(crate) struct Dumps(HashMap<(String, String), Part>);

#[derive(Debug, Clone)]
enum Part {
    Commits(BTreeMap<CommitId, Arc<Commit>>),
    Branches(BTreeMap<String, CommitId>),
    Tags(BTreeMap<String, CommitId>),
}

impl Lake {
    pub(crate) fn dump_refs(&mut self, repository: &str) -> Result<RefsDump> {
        let repository = self.repository(repository)?;
        let branches = repository.branches.iter().map(|(name, branch)| (name.clone(), branch.head.clone()));
        let parts = [
            Part::Commits(repository.commits().clone()),
            Part::Branches(branches.collect()),
            Part::Tags(repository.tags.clone()),
        ];
        let namespace = repository.namespace.clone();
        let [commits, branches, tags] = parts.map(|part| {
            let id = part.id();
            self.dumps.0.insert((namespace.clone(), id.clone()), part);
            id
        });
        Ok(RefsDump { commits, branches, tags })
    }

    /// Fails unless nothing has been committed to the default branch, which only a bare repository can claim.
    pub(crate) fn check_bare(&self, repository: &str) -> Result<()> {
        let repository = self.repository(repository)?;
        match repository.commit_id(&repository.default_branch) {
            Ok(_) => Err(ErrorKind::NotEmptyRepository.into()),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn restore_refs(&mut self, repository: &str, dump: &RefsDump, force: bool) -> Result<()> {
        let namespace = self.repository(repository)?.namespace.clone();
        let part = |id: &str| self.dumps.0.get(&(namespace.clone(), id.to_owned())).cloned();
        let parts = [&dump.commits, &dump.branches, &dump.tags].map(|id| part(id));
        let repository = self.existing_mut(repository)?;
        repository.writable(force)?;
        for part in parts {
            part.ok_or(ErrorKind::NoData)?.restore(repository);
        }
        Ok(())
    }
}

impl Part {
    fn id(&self) -> String {
        let mut hash = Sha256::new();
        let mut record = |key: &str, value: &str| hash.update(format!("{key}\0{value}\n"));
        match self {
            Self::Commits(commits) => {
                for id in commits.keys() {
                    record(id.as_str(), "");
                }
            }
            Self::Branches(refs) | Self::Tags(refs) => {
                for (name, id) in refs {
                    record(name, id.as_str());
                }
            }
        }
        hex::encode(hash.finalize())
    }

    fn restore(self, repository: &mut Repository) {
        match self {
            Self::Commits(commits) => {
                for commit in commits.into_values() {
                    repository.add_commit(Arc::unwrap_or_clone(commit));
                }
            }
            Self::Branches(branches) => {
                let branches = branches.into_iter().map(|(name, head)| (name, Branch::new(head, false)));
                repository.branches.extend(branches);
            }
            Self::Tags(tags) => repository.tags.extend(tags),
        }
    }
}
