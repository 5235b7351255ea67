//! Operations that apply changes of other commits to a branch: merge, revert, cherry-pick.

use crate::model::catalog::Catalog;
use crate::model::commit::{COMMIT_VERSION, Commit, CommitId, CommitRecord};
use crate::model::diff;
use crate::model::entry::Metadata;
use crate::model::error::{Context, Error, ErrorKind, Result};
use crate::model::merge::{MergeBase, MetaRange, Strategy, merge};
use crate::model::names;
use crate::model::repository::{Repository, check_id};
use crate::model::time::Timestamp;
use crate::model::tree::Tree;

/// The metarange id of the empty content before the first commit.
const EMPTY_META_RANGE_ID: &str = "";
const STRATEGY_KEY: &str = ".lakefs.merge.strategy";

/// The arguments of a merge.
#[derive(Debug, Default)]
pub(crate) struct MergeRequest {
    pub(crate) committer: String,
    pub(crate) message: String,
    pub(crate) metadata: Metadata,
    pub(crate) strategy: String,
    pub(crate) squash: bool,
    pub(crate) allow_empty: bool,
    pub(crate) force: bool,
}

/// Replacements for the default message and metadata of a commit.
#[derive(Debug, Default)]
pub(crate) struct CommitOverrides {
    pub(crate) message: String,
    /// Not replaced if empty.
    pub(crate) metadata: Metadata,
}

/// The arguments of a revert.
#[derive(Debug)]
pub(crate) struct Revert {
    pub(crate) reference: String,
    pub(crate) committer: String,
    pub(crate) parent_number: i64,
    pub(crate) overrides: CommitOverrides,
    pub(crate) allow_empty: bool,
    pub(crate) force: bool,
}

/// The arguments of a cherry-pick.
#[derive(Debug)]
pub(crate) struct CherryPick {
    pub(crate) reference: String,
    pub(crate) committer: String,
    pub(crate) parent_number: Option<i64>,
    pub(crate) overrides: CommitOverrides,
    pub(crate) force: bool,
}

impl Catalog {
    pub(crate) fn merge(
        &mut self,
        repository: &str,
        source: &str,
        destination: &str,
        request: MergeRequest,
    ) -> Result<CommitId> {
        check_id(repository, "repository")?;
        names::branch(destination).argument("destination")?;
        names::reference(source).argument("source")?;
        let strategy = Strategy::parse(&request.strategy)
            .ok_or_else(|| Error::from(ErrorKind::InvalidValue))
            .argument("strategy")?;
        let repository = self.find_repository_mut(repository)?;
        repository.check_writable(request.force)?;
        repository.prepare_head_update(destination)?;
        let commit = repository
            .merge_commit(source, destination, strategy, request)
            .context(format_args!("update branch {destination}"))?;
        repository.set_head(destination, commit)
    }

    /// Returns the commits of two refs and their merge base.
    pub(crate) fn find_merge_base(
        &self,
        repository: &str,
        destination: &str,
        source: &str,
    ) -> Result<MergeBase> {
        check_id(repository, "repository")?;
        names::reference(destination).argument("destination")?;
        names::reference(source).argument("source")?;
        self.find_repository(repository)?.find_merge_base(destination, source)
    }

    pub(crate) fn revert(&mut self, repository: &str, branch: &str, revert: Revert) -> Result<CommitId> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::reference(&revert.reference).argument("ref")?;
        if revert.parent_number < 0 {
            return Err(ErrorKind::InvalidValue.into()).argument("parentNumber");
        }
        let repository = self.find_repository_mut(repository)?;
        repository.check_writable(revert.force)?;
        let (_, reverted) = repository
            .commit_at(&revert.reference)
            .context(format_args!("get commit from ref {}", revert.reference))?;
        if reverted.parents.len() > 1 && revert.parent_number == 0 {
            return Err(ErrorKind::RevertMergeNoParent.into());
        }
        let number = usize::try_from(revert.parent_number).unwrap_or(usize::MAX);
        if number > reverted.parents.len() {
            return Err(Error::from(ErrorKind::ParentOutOfRange).detail(format_args!("parent {number}")));
        }
        repository.prepare_head_update(branch)?;
        let before = repository.parent_meta_range(&reverted, number.saturating_sub(1))?;
        let commit = repository
            .apply_changes_between(
                branch,
                before.as_meta_range(),
                MetaRange::from(&*reverted),
                revert.allow_empty,
            )
            .and_then(|(mut commit, changed)| {
                if !changed && !revert.allow_empty {
                    return Err(ErrorKind::NoChanges.into());
                }
                commit.committer = revert.committer;
                commit.message = format!("Revert {}", revert.reference);
                commit.apply(revert.overrides);
                Ok(commit)
            })
            .context("update branch")?;
        repository.set_head(branch, commit)
    }

    pub(crate) fn cherry_pick(
        &mut self,
        repository: &str,
        branch: &str,
        pick: CherryPick,
    ) -> Result<CommitRecord> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::reference(&pick.reference).argument("ref")?;
        if pick.parent_number.is_some_and(|number| number <= 0) {
            return Err(Error::from(ErrorKind::InvalidValue).context("value should be greater than 0"))
                .argument("parentNumber");
        }
        let repository = self.find_repository_mut(repository)?;
        repository.check_writable(pick.force)?;
        let (picked_id, picked) = repository
            .commit_at(&pick.reference)
            .context(format_args!("get commit from ref {}", pick.reference))?;
        if pick.parent_number.is_none() && picked.parents.len() > 1 {
            return Err(ErrorKind::CherryPickMergeNoParent.into());
        }
        let number = usize::try_from(pick.parent_number.unwrap_or(1)).unwrap_or(usize::MAX);
        if number > picked.parents.len() {
            return Err(Error::from(ErrorKind::ParentOutOfRange).context(format_args!("parent {number}")));
        }
        repository.prepare_head_update(branch)?;
        let before = repository.parent_meta_range(&picked, number - 1)?;
        let (mut commit, _) = repository
            .apply_changes_between(branch, MetaRange::from(&*picked), before.as_meta_range(), false)
            .context("update branch")?;
        commit.committer = pick.committer;
        commit.message.clone_from(&picked.message);
        commit.metadata.clone_from(&picked.metadata);
        commit.apply(pick.overrides);
        commit.metadata.insert("cherry-pick-origin".into(), picked_id.to_string());
        commit.metadata.insert("cherry-pick-committer".into(), picked.committer.clone());
        let id = repository.set_head(branch, commit)?;
        let commit = repository.commit(id.as_str())?.clone();
        Ok((id, commit))
    }
}

/// The content of a commit, or the empty content before the first commit.
struct OwnedMetaRange {
    id: String,
    tree: Tree,
}

impl OwnedMetaRange {
    fn as_meta_range(&self) -> MetaRange<'_> {
        MetaRange { id: &self.id, tree: &self.tree }
    }
}

impl Repository {
    /// Prepares a branch for a new head. Fails if it has uncommitted changes.
    fn prepare_head_update(&mut self, branch: &str) -> Result<()> {
        let tree = self.head(branch)?.tree.clone();
        let branch = self.branch_mut(branch)?;
        if diff::is_dirty(&tree, branch.uncommitted()) {
            return Err(ErrorKind::DirtyBranch.into());
        }
        branch.seal();
        Ok(())
    }

    fn set_head(&mut self, branch: &str, commit: Commit) -> Result<CommitId> {
        let id = self.add_commit(commit);
        self.branch_mut(branch)?.advance(id.clone());
        Ok(id)
    }

    fn parent_meta_range(&self, commit: &Commit, index: usize) -> Result<OwnedMetaRange> {
        let Some(parent) = commit.parents.get(index) else {
            return Ok(OwnedMetaRange { id: EMPTY_META_RANGE_ID.to_owned(), tree: Tree::default() });
        };
        let parent = self.commit(parent.as_str())?;
        Ok(OwnedMetaRange { id: parent.meta_range_id.clone(), tree: parent.tree.clone() })
    }

    /// Creates a commit on top of a branch with the changes from `base` to `source`. Returns it, and whether
    /// it changes the branch.
    fn apply_changes_between(
        &self,
        branch: &str,
        source: MetaRange<'_>,
        base: MetaRange<'_>,
        allow_empty: bool,
    ) -> Result<(Commit, bool)> {
        let head = self.head(branch)?;
        let (tree, meta_range_id) =
            merge(MetaRange::from(&**head), source, base, Strategy::Default, allow_empty)?;
        let changed = meta_range_id != head.meta_range_id;
        let commit = Commit {
            committer: String::new(),
            message: String::new(),
            created: Timestamp::now(),
            metadata: Metadata::new(),
            parents: vec![self.branch(branch)?.head.clone()],
            generation: head.generation + 1,
            version: COMMIT_VERSION,
            meta_range_id,
            tree,
        };
        Ok((commit, changed))
    }

    fn merge_commit(
        &self,
        source: &str,
        destination: &str,
        strategy: Strategy,
        request: MergeRequest,
    ) -> Result<Commit> {
        let MergeBase { from, to, base } = self.find_merge_base(source, destination)?;
        let (tree, meta_range_id) = merge(
            MetaRange::from(&*to.1),
            MetaRange::from(&*from.1),
            MetaRange::from(&*base.1),
            strategy,
            request.allow_empty || request.force,
        )?;
        let message = match request.message.as_str() {
            "" => format!("Merge '{source}' into '{destination}'"),
            _ => request.message,
        };
        let mut metadata = request.metadata;
        metadata.insert(STRATEGY_KEY.to_owned(), strategy.metadata_value().to_owned());
        let generation = to.1.generation.max(from.1.generation) + 1;
        let parents = if request.squash { vec![to.0] } else { vec![to.0, from.0] };
        Ok(Commit {
            committer: request.committer,
            message,
            created: Timestamp::now(),
            metadata,
            parents,
            generation,
            version: COMMIT_VERSION,
            meta_range_id,
            tree,
        })
    }
}

impl Commit {
    fn apply(&mut self, overrides: CommitOverrides) {
        if !overrides.message.is_empty() {
            self.message = overrides.message;
        }
        if !overrides.metadata.is_empty() {
            self.metadata = overrides.metadata;
        }
    }
}
