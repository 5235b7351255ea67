//! Operations that carry changes from one place in history to another: merge, revert, cherry-pick.

use super::commit::{COMMIT_VERSION, Commit, CommitId};
use super::commits::Identified;
use super::diff;
use super::entry::Metadata;
use super::error::{Context, Error, ErrorKind, Result};
use super::lake::Lake;
use super::merge::{Content, MergeBase, Strategy, merge};
use super::names;
use super::repository::{Repository, check_id};
use super::time::Timestamp;
use super::tree::Tree;

/// The content of a repository before its first commit.
const NOTHING: &str = "";
const STRATEGY_KEY: &str = ".lakefs.merge.strategy";

/// A merge to make.
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

/// What to record instead of what an operation would record by itself.
#[derive(Debug, Default)]
pub(crate) struct CommitOverrides {
    pub(crate) message: String,
    /// Empty is the same as not given.
    pub(crate) metadata: Metadata,
}

/// A commit to undo.
#[derive(Debug)]
pub(crate) struct Revert {
    pub(crate) reference: String,
    pub(crate) committer: String,
    pub(crate) parent_number: i64,
    pub(crate) overrides: CommitOverrides,
    pub(crate) allow_empty: bool,
    pub(crate) force: bool,
}

/// A commit to do again elsewhere.
#[derive(Debug)]
pub(crate) struct CherryPick {
    pub(crate) reference: String,
    pub(crate) committer: String,
    pub(crate) parent_number: Option<i64>,
    pub(crate) overrides: CommitOverrides,
    pub(crate) force: bool,
}

impl Lake {
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
        let repository = self.existing_mut(repository)?;
        repository.writable(request.force)?;
        repository.prepare_move(destination)?;
        let commit = repository
            .merge_commit(source, destination, strategy, request)
            .context(format_args!("update branch {destination}"))?;
        repository.move_branch(destination, commit)
    }

    /// The commits of a destination, a source, and what they have in common.
    pub(crate) fn find_merge_base(
        &self,
        repository: &str,
        destination: &str,
        source: &str,
    ) -> Result<MergeBase> {
        check_id(repository, "repository")?;
        names::reference(destination).argument("destination")?;
        names::reference(source).argument("source")?;
        self.existing(repository)?.find_merge_base(destination, source)
    }

    pub(crate) fn revert(&mut self, repository: &str, branch: &str, revert: Revert) -> Result<CommitId> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::reference(&revert.reference).argument("ref")?;
        if revert.parent_number < 0 {
            return Err(ErrorKind::InvalidValue.into()).argument("parentNumber");
        }
        let repository = self.existing_mut(repository)?;
        repository.writable(revert.force)?;
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
        repository.prepare_move(branch)?;
        let before = repository.parent_content(&reverted, number.saturating_sub(1))?;
        let commit = repository
            .carry(branch, before.as_content(), Content::from(&*reverted), revert.allow_empty)
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
        repository.move_branch(branch, commit)
    }

    pub(crate) fn cherry_pick(
        &mut self,
        repository: &str,
        branch: &str,
        pick: CherryPick,
    ) -> Result<Identified> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::reference(&pick.reference).argument("ref")?;
        if pick.parent_number.is_some_and(|number| number <= 0) {
            return Err(Error::from(ErrorKind::InvalidValue).context("value should be greater than 0"))
                .argument("parentNumber");
        }
        let repository = self.existing_mut(repository)?;
        repository.writable(pick.force)?;
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
        repository.prepare_move(branch)?;
        let before = repository.parent_content(&picked, number - 1)?;
        let (mut commit, _) = repository
            .carry(branch, Content::from(&*picked), before.as_content(), false)
            .context("update branch")?;
        commit.committer = pick.committer;
        commit.message.clone_from(&picked.message);
        commit.metadata.clone_from(&picked.metadata);
        commit.apply(pick.overrides);
        commit.metadata.insert("cherry-pick-origin".into(), picked_id.to_string());
        commit.metadata.insert("cherry-pick-committer".into(), picked.committer.clone());
        let id = repository.move_branch(branch, commit)?;
        let commit = repository.commit(id.as_str())?.clone();
        Ok((id, commit))
    }
}

/// A content that may be that before the first commit.
struct OwnedContent {
    meta_range_id: String,
    tree: Tree,
}

impl OwnedContent {
    fn as_content(&self) -> Content<'_> {
        Content { meta_range_id: &self.meta_range_id, tree: &self.tree }
    }
}

impl Repository {
    /// Readies a branch for a new head: nothing may be uncommitted on it.
    fn prepare_move(&mut self, branch: &str) -> Result<()> {
        let tree = self.head(branch)?.tree.clone();
        let branch = self.branch_mut(branch)?;
        if diff::is_dirty(&tree, branch.uncommitted()) {
            return Err(ErrorKind::DirtyBranch.into());
        }
        branch.seal();
        Ok(())
    }

    fn move_branch(&mut self, branch: &str, commit: Commit) -> Result<CommitId> {
        let id = self.add_commit(commit);
        self.branch_mut(branch)?.advance(id.clone());
        Ok(id)
    }

    fn parent_content(&self, commit: &Commit, index: usize) -> Result<OwnedContent> {
        let Some(parent) = commit.parents.get(index) else {
            return Ok(OwnedContent { meta_range_id: NOTHING.to_owned(), tree: Tree::default() });
        };
        let parent = self.commit(parent.as_str())?;
        Ok(OwnedContent { meta_range_id: parent.meta_range_id.clone(), tree: parent.tree.clone() })
    }

    /// A commit on top of a branch with what lies between two contents, and whether it changes the branch.
    fn carry(
        &self,
        branch: &str,
        source: Content<'_>,
        base: Content<'_>,
        allow_empty: bool,
    ) -> Result<(Commit, bool)> {
        let head = self.head(branch)?;
        let (tree, meta_range_id) =
            merge(Content::from(&**head), source, base, Strategy::Default, allow_empty)?;
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
            Content::from(&*to.1),
            Content::from(&*from.1),
            Content::from(&*base.1),
            strategy,
            request.allow_empty || request.force,
        )?;
        let message = match request.message.as_str() {
            "" => format!("Merge '{source}' into '{destination}'"),
            _ => request.message,
        };
        let mut metadata = request.metadata;
        metadata.insert(STRATEGY_KEY.to_owned(), strategy.recorded_as().to_owned());
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
