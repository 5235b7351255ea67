//! Submitting tasks and reading their status.

use crate::model::catalog::Catalog;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::gc::PreparedCommits;
use crate::model::refs_dump::RefsDump;
use crate::model::task::{Task, TaskKind};
use crate::model::time::Timestamp;
use crate::model::xid;

/// The result of the work of a task.
#[derive(Default)]
struct TaskResult {
    error: Option<Error>,
    dump: Option<RefsDump>,
    prepared: Option<PreparedCommits>,
}

impl Catalog {
    pub(crate) fn submit_dump(&mut self, repository: &str) -> Result<String> {
        self.find_repository(repository)?;
        let dump = self.dump_refs(repository)?;
        self.add_task(repository, TaskKind::Dump, TaskResult { dump: Some(dump), ..TaskResult::default() })
    }

    pub(crate) fn submit_restore(
        &mut self,
        repository: &str,
        dump: &RefsDump,
        force: bool,
    ) -> Result<String> {
        self.check_bare(repository)?;
        let error = self.restore_refs(repository, dump, force).err();
        self.add_task(repository, TaskKind::Restore, TaskResult { error, ..TaskResult::default() })
    }

    pub(crate) fn submit_prepare_commits(&mut self, repository: &str) -> Result<String> {
        self.check_gc_allowed(repository)?;
        let result = match self.prepare_commits(repository) {
            Ok(prepared) => TaskResult { prepared: Some(prepared), ..TaskResult::default() },
            Err(error) => TaskResult { error: Some(error), ..TaskResult::default() },
        };
        self.add_task(repository, TaskKind::PrepareCommits, result)
    }

    pub(crate) fn task(&self, repository: &str, id: &str, kind: TaskKind) -> Result<&Task> {
        let task = self.find_repository(repository)?.tasks.get(id);
        task.filter(|_| id.starts_with(kind.id_prefix())).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn add_task(&mut self, repository: &str, kind: TaskKind, result: TaskResult) -> Result<String> {
        let id = format!("{}{}", kind.id_prefix(), xid::ascending());
        let TaskResult { error, dump, prepared } = result;
        let error = error.map(|error| error.to_string());
        let task = Task { finished: Timestamp::now(), error, dump, prepared };
        self.find_repository_mut(repository)?.tasks.insert(id.clone(), task);
        Ok(id)
    }
}
