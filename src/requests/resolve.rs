//! Merges whose conflicts are resolved path by path.
//!
//! lakeFS resolves either no conflict of a merge or all of them in favour of one side. The request therefore prepares the
//! result on a temporary branch: a merge with a strategy at the head of the destination, followed by a commit with the
//! resolutions that this strategy does not give. The merge of this branch into the destination changes the destination at
//! once, and has no conflict as long as the destination has not moved.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::error::{Conflict, Error, ErrorKind, Result};
use crate::macros::{ApplyIfSome as _, impl_into_future};
use crate::models::time::from_unix_seconds;
use crate::models::{self, Diff, DiffType, ObjectUserMetadata};
use crate::ref_expr::{BranchName, RefExpr};
use crate::requests::branch;
use crate::requests::commit::{CommitRequest, get_commit};
use crate::requests::conflicts::MAX_CONFLICTS;
use crate::requests::diff::DiffEntries;
use crate::requests::merge::{MergeRequest, MergeStrategy};
use crate::requests::reset::HardResetRequest;
use crate::requests::temporary_branch::{TemporaryBranch, warn_of_failed_deletion};
use crate::scope::{ObjectScope, RefScope};
use crate::transfer::delete::DeleteObjectRequest;
use crate::transfer::stat::StatRequest;
use crate::transfer::write::body::Body;
use crate::transfer::write::link::StageRequest;
use crate::transfer::write::upload::UploadRequest;

/// How many objects are written at the same time.
const CONCURRENCY: usize = 8;

/// What a merge writes at a path that both sides changed; see [`MergeRequest::resolve`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ConflictResolution {
    /// The version of the source. A deletion counts as a version.
    Source,
    /// The version of the destination. A deletion counts as a version.
    Destination,
    /// A new object with these data. It gets the content type of the source's version, or of the destination's version if
    /// the source deleted the object, and no user metadata.
    Object(Body),
    /// No object.
    Delete,
}

impl MergeRequest {
    /// Resolves a conflict at this path. Without a conflict there, it has no effect. Default: a conflict fails the merge.
    ///
    /// Call it for each path. A conflict at any other path still fails the merge, or is resolved by the
    /// [strategy](Self::strategy) of the merge. Set the options of the merge before the first call.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// use lakefs::ConflictResolution;
    ///
    /// branch
    ///     .merge_into("main")
    ///     .message("Merge the experiment")
    ///     .resolve("data.csv", ConflictResolution::Source)
    ///     .resolve("summary.json", ConflictResolution::Object("{}".into()))
    ///     .resolve("scratch.tmp", ConflictResolution::Delete)
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # How it works
    ///
    /// Both sides are read once, as the ids of their commits. If their merge has a conflict, the client prepares the
    /// result on a hidden temporary branch at the head of the destination, and merges this branch into the destination.
    /// The destination changes at once, by this merge. The first parent of the merge commit is the previous head of the
    /// destination. The second parent is the head of the temporary branch, which has the head of the source among its
    /// ancestors; lakeFS cannot create a merge commit of both sides with a content that the client chooses. With
    /// [`squash`](Self::squash) there is no second parent. Hooks run for the merges and the commit on the temporary
    /// branch, too.
    ///
    /// If the destination has moved when the result is ready, the request fails with a
    /// [`Conflict`](crate::ErrorKind::Conflict) that is [retryable](crate::Error::is_retryable), and nothing is changed.
    /// lakeFS has no condition on the head of a branch. A commit of another client between this check and the merge is
    /// therefore merged: its changes stay, and if it changed one of the paths that the result changes, the request fails
    /// in the same way.
    ///
    /// # Errors
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): there are conflicts without a resolution. The error
    ///   [lists](crate::Error::conflicts) them.
    /// * [`Conflict`](crate::ErrorKind::Conflict): the destination moved meanwhile.
    /// * The errors of a merge, and of the writes to the temporary branch.
    ///
    /// If [`is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`, the temporary branch is kept, and the
    /// message names it.
    pub fn resolve(self, path: impl Into<String>, resolution: ConflictResolution) -> ResolveMergeRequest {
        ResolveMergeRequest { merge: self, resolutions: BTreeMap::new() }.resolve(path, resolution)
    }
}

/// Merges a ref into a branch, and resolves conflicts. Returned by [`MergeRequest::resolve`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ResolveMergeRequest {
    merge: MergeRequest,
    resolutions: BTreeMap<String, ConflictResolution>,
}

impl ResolveMergeRequest {
    /// Resolves a conflict at this path; see [`MergeRequest::resolve`]. If a path is set twice, the last resolution
    /// applies.
    pub fn resolve(mut self, path: impl Into<String>, resolution: ConflictResolution) -> Self {
        self.resolutions.insert(path.into(), resolution);
        self
    }

    async fn execute(self) -> Result<models::MergeResult> {
        let Self { mut merge, resolutions } = self;
        let destination = merge.destination()?;
        // The message that the server would choose, which would otherwise have the id of the commit.
        if merge.body.message.as_ref().is_none_or(String::is_empty) {
            let (from, into) = (merge.source.expression(), destination.expression());
            merge.body.message = Some(format!("Merge '{from}' into '{into}'"));
        }
        let source = get_commit(&merge.source).await?.id;
        merge.source = merge.source.repository().reference(source);
        let strategy = merge.body.strategy.take();
        let conflict = match merge.clone().merge().await {
            Err(error) if error.kind() == ErrorKind::MergeConflict => error,
            merged => return merged,
        };
        let strategy = strategy.map(|strategy| strategy.parse()).transpose()?;
        let head = branch::get(&destination).await?.commit_id;
        let force = merge.body.force.is_some();
        let at_head = RefExpr::from(&*head);
        let (temporary, _) = TemporaryBranch::create(destination.repository(), at_head, force).await?;
        let resolving =
            Resolving { merge, destination, head, strategy, temporary: temporary.scope().clone() };
        match resolving.execute(resolutions, conflict).await {
            Ok(merged) => {
                let scope = temporary.scope().clone();
                if let Err(error) = temporary.delete().await {
                    warn_of_failed_deletion(&scope, &error);
                }
                Ok(merged)
            }
            Err(error) if error.is_outcome_unknown() => {
                let error = error.keeping(temporary.scope().expression());
                temporary.keep();
                Err(error)
            }
            Err(error) => {
                let scope = temporary.scope().clone();
                let deleted = temporary.delete().await;
                Err(if deleted.is_ok() { error } else { error.leaving_behind(scope.expression()) })
            }
        }
    }
}

impl_into_future! {
    /// Bounds this call as a whole: all its requests with their retries. Default: no limit besides the timeouts and the
    /// retry policy of the client.
    ///
    /// The time starts when the call is first polled. At its end, the temporary branch is deleted in the background, even
    /// if the outcome is unknown. `Duration::MAX` means no limit.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout): the call is not completed in time. If a change was in flight,
    /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
    ResolveMergeRequest { merge.source } => models::MergeResult
}

/// A merge with conflicts, and the temporary branch on which they are resolved.
struct Resolving {
    /// The merge, with the id of a commit as its source and without a strategy.
    merge: MergeRequest,
    destination: RefScope,
    /// The id of the head of the destination.
    head: String,
    /// The strategy for conflicts without a resolution.
    strategy: Option<MergeStrategy>,
    /// The temporary branch, which starts at that head.
    temporary: RefScope,
}

/// The results of the merge if one side wins all conflicts.
struct Results {
    source_wins: RefScope,
    destination_wins: RefScope,
    /// The one that the temporary branch is at.
    current: MergeStrategy,
}

impl Resolving {
    /// Merges. `conflict` is the error of the merge without resolutions. The outcome of an error is unknown only if that
    /// of the last merge is.
    async fn execute(
        &self,
        resolutions: BTreeMap<String, ConflictResolution>,
        conflict: Error,
    ) -> Result<models::MergeResult> {
        let prepared = self.prepare(resolutions, conflict).await;
        prepared.map_err(Error::with_known_outcome)?;
        if branch::get(&self.destination).await?.commit_id != self.head {
            return Err(self.moved());
        }
        let mut merge = self.merge.clone();
        merge.source = self.temporary.clone();
        let merged = match merge.clone().merge().await {
            // All conflicts are resolved as the destination has them. A merge with a strategy is not refused either.
            Err(error) if error.kind() == ErrorKind::NoChanges => merge.allow_empty(true).merge().await,
            merged => merged,
        };
        match merged {
            Err(error) if error.kind() == ErrorKind::MergeConflict => Err(self.moved()),
            merged => merged,
        }
    }

    fn moved(&self) -> Error {
        let (destination, repository) = (self.destination.expression(), self.destination.repository().name());
        let message = format!("branch {destination:?} moved while the conflicts were resolved");
        Error::lost_race(message).during("merge_into_branch", || {
            format!("merge into branch {destination:?} of repository {repository:?}")
        })
    }

    /// Brings the temporary branch to the result of the merge.
    async fn prepare(
        &self,
        mut resolutions: BTreeMap<String, ConflictResolution>,
        conflict: Error,
    ) -> Result<()> {
        let strategy = self.strategy.unwrap_or(fewer_writes(&resolutions));
        let results = self.merge_both_ways(strategy).await?;
        let paths = resolutions.keys().cloned().collect();
        let conflicts = self.conflicts(&results, &paths, conflict).await?;
        let writes = conflicts.into_iter().filter_map(|conflict| {
            let resolution = resolutions.remove(&conflict.path)?;
            Some(self.write(&results, conflict, resolution))
        });
        let writes: Vec<_> = writes.collect();
        let written: Vec<_> = stream::iter(writes).buffer_unordered(CONCURRENCY).try_collect().await?;
        if !written.contains(&true) {
            return Ok(());
        }
        let models::Merge { message, metadata, .. } = &self.merge.body;
        let mut commit = CommitRequest::new(self.temporary.clone(), message.clone().unwrap_or_default());
        for (key, value) in metadata {
            commit = commit.metadata(key, value);
        }
        match commit.force(self.force()).send().await {
            // A resolution may be equal to the version of the side that won.
            Err(error) if error.kind() != ErrorKind::NoChanges => Err(error),
            _ => Ok(()),
        }
    }

    fn force(&self) -> bool {
        self.merge.body.force.is_some()
    }

    /// Merges the source into the temporary branch with either strategy, and leaves it at the result of `current`.
    async fn merge_both_ways(&self, current: MergeStrategy) -> Result<Results> {
        let other = match current {
            MergeStrategy::SourceWins => MergeStrategy::DestinationWins,
            MergeStrategy::DestinationWins => MergeStrategy::SourceWins,
        };
        let first = self.merge_with(other).await?;
        let reset = HardResetRequest::new(self.temporary.clone(), RefExpr::from(&*self.head));
        reset.force(self.force()).send().await?;
        let second = self.merge_with(current).await?;
        Ok(match current {
            MergeStrategy::SourceWins => Results { source_wins: second, destination_wins: first, current },
            MergeStrategy::DestinationWins => {
                Results { source_wins: first, destination_wins: second, current }
            }
        })
    }

    async fn merge_with(&self, strategy: MergeStrategy) -> Result<RefScope> {
        let merge = MergeRequest::new(self.merge.source.clone(), BranchName::of(&self.temporary));
        let merge = merge.apply_if_some(self.merge.body.message.as_ref(), MergeRequest::message);
        let merged = merge.strategy(strategy).force(self.force()).merge().await?;
        Ok(self.temporary.repository().reference(merged.reference))
    }

    /// The conflicts at `paths`, which have a resolution. A path is a conflict if the two results differ there.
    ///
    /// # Errors
    /// `conflict` with the conflicts that have neither a resolution nor a strategy.
    async fn conflicts(
        &self,
        results: &Results,
        paths: &BTreeSet<String>,
        conflict: Error,
    ) -> Result<Vec<Diff>> {
        let right = RefExpr::of(&results.source_wins);
        let mut list = DiffEntries::new(results.destination_wins.clone(), right).two_dot(true);
        let (mut resolved, mut unresolved) = (Vec::new(), Vec::new());
        let mut is_truncated = false;
        while let Some(entry) = list.try_next().await? {
            if paths.contains(&entry.path) {
                resolved.push(entry);
            } else if self.strategy.is_none() {
                is_truncated = unresolved.len() == MAX_CONFLICTS;
                if is_truncated {
                    break;
                }
                unresolved.push(Conflict::from(entry));
            } else if paths.last().is_none_or(|last| *last < entry.path) {
                break;
            }
        }
        if unresolved.is_empty() {
            Ok(resolved)
        } else {
            Err(conflict.with_conflicts(unresolved, is_truncated))
        }
    }

    /// Writes the resolution of a conflict, and returns whether there was anything to write.
    async fn write(&self, results: &Results, conflict: Diff, resolution: ConflictResolution) -> Result<bool> {
        let object = self.temporary.object(&*conflict.path);
        let [of_destination, of_source] =
            [&results.destination_wins, &results.source_wins].map(|result| result.object(&*conflict.path));
        // The right side of the list is the result in which the source wins.
        let is_deleted_by_source = conflict.type_ == DiffType::Removed;
        let is_deleted_by_destination = conflict.type_ == DiffType::Added;
        match (resolution, results.current) {
            (ConflictResolution::Source, MergeStrategy::SourceWins)
            | (ConflictResolution::Destination, MergeStrategy::DestinationWins) => return Ok(false),
            (ConflictResolution::Source, _) if !is_deleted_by_source => {
                self.restore(object, of_source).await?;
            }
            (ConflictResolution::Destination, _) if !is_deleted_by_destination => {
                self.restore(object, of_destination).await?;
            }
            (ConflictResolution::Object(body), _) => {
                let version = if is_deleted_by_source { of_destination } else { of_source };
                let content_type = StatRequest::new(version).send().await?.content_type;
                let upload = UploadRequest::new(object, body);
                let upload = upload.apply_if_some(content_type, UploadRequest::content_type);
                upload.force(self.force()).send().await?;
            }
            (_, _) => DeleteObjectRequest::new(object).force(self.force()).send().await?,
        }
        Ok(true)
    }

    /// Creates an object like the version at another ref, with the same data in the storage.
    async fn restore(&self, object: ObjectScope, version: ObjectScope) -> Result<()> {
        let stats = StatRequest::new(version).send().await?;
        let size = stats.size().unwrap_or_default();
        let mut stage = StageRequest::new(object, stats.physical_address, stats.checksum, size)
            .apply_if_some(stats.content_type, StageRequest::content_type)
            .apply_if_some(from_unix_seconds(stats.mtime), StageRequest::mtime);
        for (key, value) in stats.metadata.map(|ObjectUserMetadata(pairs)| pairs).unwrap_or_default() {
            stage = stage.metadata(key, value);
        }
        stage.force(self.force()).send().await?;
        Ok(())
    }
}

/// The strategy that leaves fewer resolutions to be written.
fn fewer_writes(resolutions: &BTreeMap<String, ConflictResolution>) -> MergeStrategy {
    let (mut of_source, mut of_destination) = (0, 0);
    for resolution in resolutions.values() {
        match resolution {
            ConflictResolution::Source => of_source += 1,
            ConflictResolution::Destination => of_destination += 1,
            ConflictResolution::Object(_) | ConflictResolution::Delete => {}
        }
    }
    if of_source >= of_destination { MergeStrategy::SourceWins } else { MergeStrategy::DestinationWins }
}
