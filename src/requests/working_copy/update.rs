//! Moves the directory from one commit to another.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Conflict, Error, ErrorKind, Result};
use crate::requests::working_copy::changes::RemoteChanges;
use crate::requests::working_copy::open::OpenCopy;
use crate::requests::working_copy::report::WorkingCopyReport;
use crate::transfer::blocking;
use crate::transfer::progress::Progress;
use crate::transfer::working::apply::Target;
use crate::transfer::working::base::BaseEntry;
use crate::transfer::working::index::{Index, Update};
use crate::transfer::working::plan::{Action, OnConflict, Plan, RemoteChange};
use crate::transfer::working::scan::Scan;

/// Objects that a commit has, by their names; `None` for those that it removes.
pub(super) type Updates = BTreeMap<String, Option<BaseEntry>>;

/// How the directory is moved.
#[derive(Clone, Debug)]
pub(super) struct UpdateOptions {
    pub(super) on_conflict: OnConflict,
    pub(super) skip_unsupported: bool,
    pub(super) concurrency: usize,
    pub(super) progress: Progress,
}

impl UpdateOptions {
    pub(super) fn new(on_conflict: OnConflict, concurrency: usize) -> Self {
        Self { on_conflict, skip_unsupported: false, concurrency, progress: Progress::default() }
    }
}

impl OpenCopy {
    /// Moves the directory from the files of a commit to those of another one, and keeps local changes.
    ///
    /// The index file says what is running, so that an interrupted update can be completed. `own` has the changes between
    /// the commits that the directory has already.
    pub(super) async fn update(
        &mut self,
        operation: &str,
        update: Update,
        options: &UpdateOptions,
        own: Updates,
    ) -> Result<WorkingCopyReport> {
        let mut remote = self.remote_changes(update.from.as_deref(), &update.to).await?;
        if !options.skip_unsupported {
            remote.require_supported(|| self.action(operation), &self.prefix)?;
        }
        remote.changes.retain(|change| !own.contains_key(&change.name));
        self.update_with(operation, remote, update, options, own).await
    }

    /// Makes an update with the changes between the two commits.
    pub(super) async fn update_with(
        &mut self,
        operation: &str,
        mut remote: RemoteChanges,
        update: Update,
        options: &UpdateOptions,
        own: Updates,
    ) -> Result<WorkingCopyReport> {
        let mut actions = Vec::new();
        if !remote.changes.is_empty() {
            let scan = self.local_changes(update.from.as_deref(), remote.names()).await?;
            let plan = self.plan(&mut remote, scan, options.on_conflict).await?;
            self.refuse_conflicts(operation, &plan.conflicts)?;
            actions = plan.actions;
        }
        let running = self.index.during(operation, Some(update.clone()));
        self.run(running, &remote, actions, own, &update, options).await
    }

    /// Plans an update.
    pub(super) async fn plan(
        &self,
        remote: &mut RemoteChanges,
        scan: Scan,
        on_conflict: OnConflict,
    ) -> Result<Plan> {
        let (root, changes): (Arc<Path>, Vec<RemoteChange>) =
            (self.root.clone(), std::mem::take(&mut remote.changes));
        let planned = blocking(move || {
            let mut plan = Plan::new(&root, &changes, &scan, on_conflict);
            if on_conflict == OnConflict::Discard {
                plan.discard(&changes, &scan);
            }
            Ok((plan, changes))
        });
        let (plan, changes) =
            planned.await.map_err(|error| Error::io(self.action("update"), "the task failed", error))?;
        remote.changes = changes;
        Ok(plan)
    }

    /// Runs the steps of an update. `running` is the index in the meantime.
    pub(super) async fn run(
        &mut self,
        running: Index,
        remote: &RemoteChanges,
        actions: Vec<Action>,
        own: Updates,
        update: &Update,
        options: &UpdateOptions,
    ) -> Result<WorkingCopyReport> {
        let mut report = WorkingCopyReport {
            base: update.to.clone(),
            unsupported: remote.unsupported.clone(),
            ..WorkingCopyReport::default()
        };
        if !actions.is_empty() {
            self.write_index(running.clone()).await?;
            let target = Target {
                reference: self.repository.reference(&*update.to),
                prefix: self.prefix.clone(),
                root: self.root.clone(),
                concurrency: options.concurrency,
                progress: options.progress.clone(),
            };
            report.add(target.apply(actions).await?);
        }
        if let Some(from) = &update.from {
            let mut updates = own;
            updates.extend(remote.changes.iter().map(|change| (change.name.clone(), change.entry.clone())));
            self.rewrite_cache(&self.base_key(from), &self.base_key(&update.to), updates).await;
        }
        self.write_index(running.at(&*update.to)).await?;
        Ok(report)
    }

    /// # Errors
    /// [`MergeConflict`](ErrorKind::MergeConflict), with the paths of the objects.
    pub(super) fn refuse_conflicts(&self, operation: &str, names: &[String]) -> Result<()> {
        let Some(first) = names.first() else { return Ok(()) };
        let others = match names.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} other files"),
        };
        let message =
            format!("the directory and the ref both changed {first:?}{others}; no file was changed");
        let conflicts = names.iter().map(|name| Conflict::new(format!("{}{name}", self.prefix))).collect();
        Err(Error::new(ErrorKind::MergeConflict, self.action(operation), message)
            .with_conflicts(conflicts, false))
    }
}
