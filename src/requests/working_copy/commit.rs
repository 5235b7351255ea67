//! Commits the local changes of a working copy.

use std::collections::{BTreeMap, HashSet};

use crate::error::{Error, ErrorKind, FailedObject, Result};
use crate::macros::{bool_setters, impl_into_future};
use crate::models;
use crate::requests::branch;
use crate::requests::working_copy::open::{OpenCopy, WorkingCopyScope, get_commit};
use crate::requests::working_copy::publish::{Publication, Published};
use crate::requests::working_copy::report::{WorkingCopyCommit, WorkingCopyReport};
use crate::requests::working_copy::update::{UpdateOptions, Updates};
use crate::transfer::progress::{Progress, progress_setters};
use crate::transfer::working::index::Update;
use crate::transfer::working::plan::OnConflict;
use crate::transfer::working::scan::Scan;

const OPERATION: &str = "commit";

/// Commits the local changes of a working copy; see [`WorkingCopy::commit`](crate::WorkingCopy::commit).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct WorkingCopyCommitRequest {
    scope: WorkingCopyScope,
    message: String,
    metadata: BTreeMap<String, String>,
    skip_unsupported: bool,
    concurrency: usize,
    progress: Progress,
    force: Option<bool>,
}

impl WorkingCopyCommitRequest {
    pub(crate) fn new(scope: WorkingCopyScope, message: String) -> Self {
        let (concurrency, progress) = (scope.concurrency(), Progress::default());
        let metadata = BTreeMap::new();
        Self { scope, message, metadata, skip_unsupported: false, concurrency, progress, force: None }
    }

    /// Adds a key and a value to the metadata of the commit. Default: no metadata but that of the server.
    ///
    /// If a key is set twice, the last value applies.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Leaves out symbolic links, special files and files whose names are not Unicode. Objects in their places are not
    /// deleted. Default: `false`.
    ///
    /// # Errors
    /// Without it, such entries fail with [`InvalidRequest`](crate::ErrorKind::InvalidRequest). The error
    /// [lists](crate::Error::failed_objects) them.
    pub fn skip_unsupported(mut self, yes: bool) -> Self {
        self.skip_unsupported = yes;
        self
    }

    /// Sets how many files are transferred at once. 0 counts as 1. Default:
    /// [`ClientBuilder::dir_concurrency`](crate::ClientBuilder::dir_concurrency), which is 25.
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = files.max(1);
        self
    }

    progress_setters!(progress);

    bool_setters! {
        /// Commits even if the repository is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<WorkingCopyCommit> {
        let mut copy = self.scope.open_locked(OPERATION).await?;
        if let Some(interrupted) = copy.interrupted().filter(|operation| *operation != OPERATION) {
            return Err(copy.is_interrupted(OPERATION, interrupted));
        }
        let branch = copy.reference();
        let head = branch::get(&branch).await?.commit_id;
        let base = copy.base().to_owned();
        let mut remote = copy.remote_changes(Some(&base), &head).await?;
        let scan = copy.local_changes(Some(&base), remote.names()).await?;
        if !self.skip_unsupported {
            refuse_unsupported(&copy, &scan)?;
        }
        let changes = scan.changes.clone();
        let plan = copy.plan(&mut remote, scan, OnConflict::Refuse).await?;
        copy.refuse_conflicts(OPERATION, &plan.conflicts)?;
        // The branch has these changes already.
        let identical: HashSet<_> = plan.identical.into_iter().collect();
        let (mut uploads, mut deletions) = (Vec::new(), Vec::new());
        for change in changes.into_iter().filter(|change| !identical.contains(&change.name)) {
            match change.stamp {
                Some(stamp) => uploads.push((change.name, stamp)),
                None => deletions.push(change.name),
            }
        }
        if uploads.is_empty() && deletions.is_empty() {
            return self.without_changes(copy, &base, head, identical.is_empty()).await;
        }

        let bytes_uploaded = uploads.iter().map(|(_, stamp)| stamp.bytes).sum();
        let (uploaded, deleted) = (uploads.len() as u64, deletions.len() as u64);
        let publication = Publication {
            branch: branch.clone(),
            base: base.clone(),
            prefix: copy.prefix.clone(),
            root: copy.root.clone(),
            uploads,
            deletions: deletions.clone(),
            message: self.message.clone(),
            metadata: self.metadata.clone(),
            force: self.force,
            concurrency: self.concurrency,
            progress: self.progress.clone(),
        };
        copy.write_index(copy.index.during(OPERATION, None)).await?;
        let published = match publication.run().await {
            Ok(published) => published,
            Err(error) => {
                // The branch is unchanged, so nothing has to be completed.
                if !error.is_outcome_unknown() {
                    copy.write_index(copy.index.at(base)).await?;
                }
                return Err(error);
            }
        };
        let Published { commit, objects, cleanup_error } = published;
        let commit = get_commit(&copy.repository.reference(commit)).await?;
        let objects = objects.into_iter().map(|entry| (entry.name.clone(), Some(entry)));
        let own = objects.chain(deletions.into_iter().map(|name| (name, None))).collect();
        let update = self.advance(&mut copy, &base, &commit, own).await;
        Ok(WorkingCopyCommit { commit, uploaded, bytes_uploaded, deleted, update, cleanup_error })
    }

    /// Moves the directory to the new commit, which may contain changes of other writers.
    async fn advance(
        &self,
        copy: &mut OpenCopy,
        base: &str,
        commit: &models::Commit,
        own: Updates,
    ) -> Result<WorkingCopyReport> {
        let update = Update { from: Some(base.to_owned()), to: commit.id.clone() };
        if commit.parents.first().is_some_and(|parent| parent == base) {
            copy.rewrite_cache(&copy.base_key(base), &copy.base_key(&commit.id), own).await;
            copy.write_index(copy.index.at(&*commit.id)).await?;
            return Ok(WorkingCopyReport { base: update.to, ..WorkingCopyReport::default() });
        }
        copy.update("pull", update, &self.update_options(), own).await
    }

    /// There is nothing to upload. If an earlier commit was interrupted after its merge, moves the directory to it.
    async fn without_changes(
        &self,
        mut copy: OpenCopy,
        base: &str,
        head: String,
        is_unchanged: bool,
    ) -> Result<WorkingCopyCommit> {
        if is_unchanged {
            if copy.interrupted().is_some() {
                copy.write_index(copy.index.at(base)).await?;
            }
            return Err(Error::new(
                ErrorKind::NoChanges,
                copy.action(OPERATION),
                "no local file has changes",
            ));
        }
        let update = Update { from: Some(base.to_owned()), to: head };
        let report = copy.update("pull", update, &self.update_options(), Updates::new()).await?;
        let commit = get_commit(&copy.repository.reference(copy.base())).await?;
        Ok(WorkingCopyCommit {
            commit,
            uploaded: 0,
            bytes_uploaded: 0,
            deleted: 0,
            update: Ok(report),
            cleanup_error: None,
        })
    }

    fn update_options(&self) -> UpdateOptions {
        UpdateOptions {
            skip_unsupported: true,
            progress: self.progress.clone(),
            ..UpdateOptions::new(OnConflict::Refuse, self.concurrency)
        }
    }
}

impl_into_future!(WorkingCopyCommitRequest { scope } => WorkingCopyCommit);

/// # Errors
/// [`InvalidRequest`](ErrorKind::InvalidRequest), with the entries of the directory that cannot be objects.
fn refuse_unsupported(copy: &OpenCopy, scan: &Scan) -> Result<()> {
    if scan.unsupported.is_empty() {
        return Ok(());
    }
    let failed = scan
        .unsupported
        .iter()
        .map(|(name, why)| FailedObject::new(Some(format!("{}{name}", copy.prefix)), *why, 0));
    Err(Error::invalid("", "").of_many(copy.action(OPERATION), failed.collect()))
}
