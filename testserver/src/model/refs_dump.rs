//! Dumps of all refs of a repository.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::commit::{Commit, CommitId};

/// The ids of the three parts of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefsDump {
    pub(crate) commits: String,
    pub(crate) branches: String,
    pub(crate) tags: String,
}

/// A part of a dump.
#[derive(Debug, Clone)]
pub(crate) enum DumpPart {
    Commits(BTreeMap<CommitId, Arc<Commit>>),
    Branches(BTreeMap<String, CommitId>),
    Tags(BTreeMap<String, CommitId>),
}

/// All parts of dumps, by storage namespace and id. lakeFS stores them in the namespace.
#[derive(Debug, Default)]
pub(crate) struct DumpStore(HashMap<(String, String), DumpPart>);

impl DumpStore {
    /// Stores a part and returns its id.
    pub(crate) fn insert(&mut self, namespace: &str, part: DumpPart) -> String {
        let id = part.id();
        self.0.insert((namespace.to_owned(), id.clone()), part);
        id
    }

    pub(crate) fn get(&self, namespace: &str, id: &str) -> Option<DumpPart> {
        self.0.get(&(namespace.to_owned(), id.to_owned())).cloned()
    }
}

impl DumpPart {
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
}
