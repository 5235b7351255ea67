//! Background work of a repository. The work itself is done when it is asked for; what remains is its report.

use std::collections::BTreeMap;

use super::collection::PreparedCommits;
use super::dump::RefsDump;
use super::error::{Error, ErrorKind, Result};
use super::lake::Lake;
use super::time::Timestamp;
use super::xid;

/// How the ids of dumps start.
pub(crate) const DUMP_TASK: &str = "DR";
/// How the ids of restorations start.
pub(crate) const RESTORE_TASK: &str = "RR";
/// How the ids of preparations for garbage collection start.
pub(crate) const COLLECTION_TASK: &str = "GCPC";

/// The finished tasks of a repository, by id.
pub(crate) type Tasks = BTreeMap<String, Task>;

/// A finished task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) finished: Timestamp,
    pub(crate) error: Option<String>,
    pub(crate) dump: Option<RefsDump>,
    pub(crate) prepared: Option<PreparedCommits>,
}

/// What a task comes to.
#[derive(Default)]
struct Work {
    error: Option<Error>,
    dump: Option<RefsDump>,
    prepared: Option<PreparedCommits>,
}

impl Lake {
    pub(crate) fn submit_dump(&mut self, repository: &str) -> Result<String> {
        self.existing(repository)?;
        let dump = self.dump_refs(repository)?;
        self.finish(repository, DUMP_TASK, Work { dump: Some(dump), ..Work::default() })
    }

    pub(crate) fn submit_restore(
        &mut self,
        repository: &str,
        dump: &RefsDump,
        force: bool,
    ) -> Result<String> {
        self.check_bare(repository)?;
        let restored = self.restore_refs(repository, dump, force);
        self.finish(repository, RESTORE_TASK, Work { error: restored.err(), ..Work::default() })
    }

    pub(crate) fn submit_commits_preparation(&mut self, repository: &str) -> Result<String> {
        self.check_collectable(repository)?;
        let work = match self.prepare_commits(repository) {
            Ok(prepared) => Work { prepared: Some(prepared), ..Work::default() },
            Err(error) => Work { error: Some(error), ..Work::default() },
        };
        self.finish(repository, COLLECTION_TASK, work)
    }

    pub(crate) fn task(&self, repository: &str, id: &str, kind: &str) -> Result<&Task> {
        let found = self.existing(repository)?.tasks.get(id);
        found.filter(|_| id.starts_with(kind)).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn finish(&mut self, repository: &str, kind: &str, work: Work) -> Result<String> {
        let id = format!("{kind}{}", xid::ascending());
        let Work { error, dump, prepared } = work;
        let error = error.map(|error| error.to_string());
        let task = Task { finished: Timestamp::now(), error, dump, prepared };
        self.existing_mut(repository)?.tasks.insert(id.clone(), task);
        Ok(id)
    }
}
