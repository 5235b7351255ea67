//! Transactions: all of the changes, or none of them.

use std::collections::BTreeMap;

use crate::handles::branch::Branch;
use crate::requests::merge::MergeStrategy;
use crate::requests::support::flags;
use crate::{Error, ErrorKind, Result, models};

/// Changes to a branch that happen together; see [`Branch::transaction`].
#[derive(Clone, Debug)]
#[must_use = "a transaction does nothing until it is run"]
pub struct Transaction {
    branch: Branch,
    message: String,
    metadata: BTreeMap<String, String>,
    tag: Option<String>,
    strategy: Option<MergeStrategy>,
    force: Option<bool>,
}

/// What became of a transaction that succeeded.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransactionOutcome<T> {
    /// What the work answered.
    pub value: T,
    /// The commit of the changes; `None` if nothing was changed.
    pub commit: Option<models::Commit>,
    /// The id of the merge commit on the branch; `None` if nothing was changed.
    pub merge: Option<String>,
    /// The tag at the merge commit, if one was asked for and something was changed. That it could not be made is no
    /// failure of the transaction, whose changes are merged.
    pub tag: Option<Result<models::Ref>>,
    /// The hidden branch, if it could not be deleted afterwards, and why not. The changes are merged all the same.
    pub left_behind: Option<(Branch, Error)>,
}

impl Transaction {
    pub(crate) fn new(branch: Branch, message: String) -> Self {
        Self { branch, message, metadata: BTreeMap::new(), tag: None, strategy: None, force: None }
    }

    /// Adds a pair to the metadata of the commit, and of the merge.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Tags the result.
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.tag = Some(name.into());
        self
    }

    /// What becomes of paths that were changed on the branch in the meantime. Without a strategy they are an error.
    pub fn strategy(mut self, strategy: MergeStrategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    flags! {
        /// Writes even if the repository is read-only.
        force => force;
    }

    /// Runs the work on a hidden branch; then commits, merges, and deletes that branch.
    ///
    /// The work is given the hidden branch, which begins at the head of the target, and writes there. If it fails, or
    /// anything before the merge does, or the returned future is dropped, the target is as it was.
    ///
    /// # Errors
    /// Of what the work answered, a [`lakefs::Error`](Error) comes back as it is, and any other error as the
    /// [`source`](std::error::Error::source) of one of kind [`Cancelled`](ErrorKind::Cancelled).
    /// [`MergeConflict`](ErrorKind::MergeConflict) has the [paths](Error::conflicts) that were changed on the target
    /// in the meantime. A hidden branch that could not be deleted is named in the message.
    pub async fn run<T, E>(
        self,
        work: impl AsyncFnOnce(&Branch) -> Result<T, E>,
    ) -> Result<TransactionOutcome<T>>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let repository = self.branch.repository();
        let hidden = repository.branch(format!("tx-{:032x}", fastrand::u128(..)));
        let mut guard = Guard(Some(hidden.clone()));
        let create = hidden.create(self.branch.name()).hidden(true).force(self.force.is_some());
        let base = create.await?.commit_id;
        let outcome = self.work_and_merge(&hidden, &base, work).await;
        let deleted = hidden.delete().force(self.force.is_some()).await;
        guard.0 = None;
        match (outcome, deleted) {
            (Ok(transacted), Ok(())) => Ok(transacted),
            (Ok(transacted), Err(error)) => {
                Ok(TransactionOutcome { left_behind: Some((hidden, error)), ..transacted })
            }
            (Err(error), Ok(())) => Err(error),
            (Err(error), Err(_)) => Err(error.leaving_behind(hidden.name())),
        }
    }

    async fn work_and_merge<T, E>(
        &self,
        hidden: &Branch,
        base: &str,
        work: impl AsyncFnOnce(&Branch) -> Result<T, E>,
    ) -> Result<TransactionOutcome<T>>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let value = work(hidden).await.map_err(|error| self.aborted(error.into()))?;
        let mut transacted =
            TransactionOutcome { value, commit: None, merge: None, tag: None, left_behind: None };

        let mut commit = hidden.commit(&self.message).force(self.force.is_some());
        for (key, value) in &self.metadata {
            commit = commit.metadata(key, value);
        }
        match commit.await {
            Ok(commit) => transacted.commit = Some(commit),
            Err(error) if error.kind() == ErrorKind::NoChanges => {
                // The work may have made commits of its own.
                let head = hidden.get_commit().await?;
                if head.id == base {
                    return Ok(transacted);
                }
                transacted.commit = Some(head);
            }
            Err(error) => return Err(error),
        }

        let mut merge =
            hidden.merge_into(self.branch.name()).message(&self.message).force(self.force.is_some());
        for (key, value) in &self.metadata {
            merge = merge.metadata(key, value);
        }
        if let Some(strategy) = self.strategy {
            merge = merge.strategy(strategy);
        }
        let merged = merge.await?.reference;
        if let Some(name) = &self.tag {
            let tag = self.branch.repository().tag(name).create(&merged).force(self.force.is_some());
            transacted.tag = Some(tag.await);
        }
        transacted.merge = Some(merged);
        Ok(transacted)
    }

    fn aborted(&self, error: Box<dyn std::error::Error + Send + Sync>) -> Error {
        match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(error) => {
                let (branch, repository) = (self.branch.name(), self.branch.repository().name());
                let action = format!("transaction on branch {branch:?} of repository {repository:?}");
                Error::new(ErrorKind::Cancelled, action, "the work failed, and nothing was changed")
                    .with_source(error)
            }
        }
    }
}

/// Deletes the hidden branch when the transaction is dropped half-way.
struct Guard(Option<Branch>);

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(hidden) = self.0.take() else { return };
        // Without a runtime there is nobody to delete it; hidden and unmerged, it harms nobody.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = hidden.delete().await {
                tracing::warn!(branch = hidden.name(), %error, "a dropped transaction left its branch behind");
            }
        });
    }
}
