//! Background work of a repository. The work itself is done when it is asked for; what remains is its report.

use std::collections::BTreeMap;

use super::dump::RefsDump;
use super::error::{ErrorKind, Result};
use super::lake::Lake;
use super::time::Timestamp;
use super::xid;

/// How the ids of dumps start.
pub(crate) const DUMP_TASK: &str = "DR";
/// How the ids of restorations start.
pub(crate) const RESTORE_TASK: &str = "RR";

/// The finished tasks of a repository, by id.
pub(crate) type Tasks = BTreeMap<String, Task>;

/// A finished task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) finished: Timestamp,
    pub(crate) error: Option<String>,
    pub(crate) dump: Option<RefsDump>,
}

impl Lake {
    pub(crate) fn submit_dump(&mut self, repository: &str) -> Result<String> {
        let dump = self.dump_refs(repository)?;
        self.finish(repository, DUMP_TASK, None, Some(dump))
    }

    pub(crate) fn submit_restore(
        &mut self,
        repository: &str,
        dump: &RefsDump,
        force: bool,
    ) -> Result<String> {
        self.check_bare(repository)?;
        let restored = self.restore_refs(repository, dump, force);
        self.finish(repository, RESTORE_TASK, restored.err().map(|error| error.to_string()), None)
    }

    pub(crate) fn task(&self, repository: &str, id: &str, kind: &str) -> Result<&Task> {
        let found = self.repository(repository)?.tasks.get(id);
        found.filter(|_| id.starts_with(kind)).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn finish(
        &mut self,
        repository: &str,
        kind: &str,
        error: Option<String>,
        dump: Option<RefsDump>,
    ) -> Result<String> {
        let id = format!("{kind}{}", xid::ascending());
        let task = Task { finished: Timestamp::now(), error, dump };
        self.existing_mut(repository)?.tasks.insert(id.clone(), task);
        Ok(id)
    }
}
