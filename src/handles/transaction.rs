//! Transactions: several changes to a branch that take effect together or not at all.

use std::any::Any;
use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::handles::branch::Branch;
use crate::macros::bool_setters;
use crate::models;
use crate::requests::merge::MergeStrategy;

/// Runs a transaction on a branch. Returned by [`Branch::transaction`].
#[derive(Clone, Debug)]
#[must_use = "a transaction does nothing until it is run"]
pub struct TransactionRequest {
    branch: Branch,
    message: String,
    metadata: BTreeMap<String, String>,
    tag: Option<String>,
    strategy: Option<MergeStrategy>,
    force: Option<bool>,
}

/// The result of a successful transaction.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransactionOutcome<T> {
    /// The value that the closure returned.
    pub value: T,
    /// The commit of the changes; `None` if nothing changed.
    pub commit: Option<models::Commit>,
    /// The id of the merge commit on the branch; `None` if nothing changed.
    pub merge: Option<String>,
    /// The tag at the merge commit, if a [tag](TransactionRequest::tag) was requested and something changed. A failure
    /// to create the tag does not fail the transaction; its changes are already merged.
    pub tag: Option<Result<models::Ref>>,
    /// The error of the clean-up, if the temporary branch could not be deleted. It names the branch. The changes are
    /// merged nevertheless.
    pub cleanup_error: Option<Error>,
}

/// Why a transaction failed before its merge.
enum Failure<E> {
    /// The closure failed.
    Closure(E),
    /// A request of the transaction itself failed.
    Request(Error),
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Request(error)
    }
}

impl TransactionRequest {
    pub(crate) fn new(branch: Branch, message: String) -> Self {
        Self { branch, message, metadata: BTreeMap::new(), tag: None, strategy: None, force: None }
    }

    /// Adds a key and a value to the metadata of the commit and of the merge commit. Default: no metadata.
    ///
    /// If a key is set twice, the last value applies.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Creates a tag at the merge commit. Default: no tag.
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.tag = Some(name.into());
        self
    }

    /// Sets which side wins if another writer changed a path of the transaction on the branch in the meantime. Default:
    /// none, and such paths fail the transaction with [`MergeConflict`](crate::ErrorKind::MergeConflict).
    pub fn strategy(mut self, strategy: MergeStrategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    bool_setters! {
        /// Runs the transaction even if the repository is read-only. Default: `false`.
        force => force;
    }

    /// Runs a closure on a temporary branch; then commits, merges into the target, and deletes the temporary branch.
    ///
    /// The closure receives the temporary branch, which is hidden and starts at the head of the target, and makes its
    /// changes there. If the closure or any step up to the merge fails, or if the returned future is dropped before the
    /// merge, the target is unchanged. If the future is dropped during the merge, the merge may still take effect.
    ///
    /// The error type of the closure is your own: any type that implements `From<lakefs::Error>`, such as an enum of
    /// `thiserror`, `anyhow::Error`, or [`lakefs::Error`](crate::Error) itself. Its errors are returned as they are.
    ///
    /// ```
    /// # async fn example(main: lakefs::Branch) -> lakefs::Result<()> {
    /// let outcome = main
    ///     .transaction("Load the day")
    ///     .run(async |tx| {
    ///         tx.object("day/1.csv").upload("a,b\n").await?;
    ///         tx.object("day/2.csv").upload("c,d\n").await?;
    ///         Ok::<_, lakefs::Error>(2)
    ///     })
    ///     .await?;
    /// println!("{} files merged as {:?}", outcome.value, outcome.merge);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * The errors of the closure.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the target does not exist.
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): the target changed the same
    ///   [paths](crate::Error::conflicts) in the meantime.
    /// * The errors of [`Branch::commit`] and [`Branch::merge_into`].
    ///
    /// If the transaction fails and its temporary branch cannot be deleted, the message of a `lakefs::Error` names the
    /// branch. An error of another type cannot name the branch, so a warning is logged instead.
    pub async fn run<T, E>(
        self,
        closure: impl AsyncFnOnce(&Branch) -> Result<T, E>,
    ) -> Result<TransactionOutcome<T>, E>
    where
        E: From<Error> + 'static,
    {
        let force = self.force.is_some();
        let temporary = self.branch.repository().branch(format!("tx-{:032x}", fastrand::u128(..)));
        let mut guard = Guard(Some((temporary.clone(), force)));
        let create = temporary.create(&self.branch).hidden(true).force(force);
        let base = create.await?.commit_id;
        let outcome = self.apply(&temporary, &base, closure).await;
        let deleted = temporary.delete().force(force).await;
        guard.0 = None;
        match (outcome, deleted) {
            (Ok(outcome), deleted) => Ok(TransactionOutcome { cleanup_error: deleted.err(), ..outcome }),
            (Err(Failure::Request(error)), Ok(())) => Err(error.into()),
            (Err(Failure::Request(error)), Err(_)) => Err(error.leaving_behind(temporary.name()).into()),
            (Err(Failure::Closure(error)), Ok(())) => Err(error),
            (Err(Failure::Closure(error)), Err(cleanup)) => Err(with_cleanup(error, &temporary, &cleanup)),
        }
    }

    /// Runs the closure, commits and merges.
    async fn apply<T, E>(
        &self,
        temporary: &Branch,
        base: &str,
        closure: impl AsyncFnOnce(&Branch) -> Result<T, E>,
    ) -> Result<TransactionOutcome<T>, Failure<E>> {
        let force = self.force.is_some();
        let value = closure(temporary).await.map_err(Failure::Closure)?;
        let mut outcome =
            TransactionOutcome { value, commit: None, merge: None, tag: None, cleanup_error: None };

        let mut commit = temporary.commit(&self.message).force(force);
        for (key, value) in &self.metadata {
            commit = commit.metadata(key, value);
        }
        match commit.await {
            Ok(commit) => outcome.commit = Some(commit),
            Err(error) if error.kind() == ErrorKind::NoChanges => {
                // The closure may have created commits itself.
                let head = temporary.get_commit().await?;
                if head.id == base {
                    return Ok(outcome);
                }
                outcome.commit = Some(head);
            }
            Err(error) => return Err(error.into()),
        }

        let mut merge = temporary.merge_into(&self.branch).message(&self.message).force(force);
        for (key, value) in &self.metadata {
            merge = merge.metadata(key, value);
        }
        if let Some(strategy) = self.strategy {
            merge = merge.strategy(strategy);
        }
        let merged = merge.await?.reference;
        if let Some(name) = &self.tag {
            let tag = self.branch.repository().tag(name).create(&merged).force(force);
            outcome.tag = Some(tag.await);
        }
        outcome.merge = Some(merged);
        Ok(outcome)
    }
}

/// Adds to the error of a closure that the temporary branch was not deleted. Logs a warning if the type of the error
/// cannot contain this.
fn with_cleanup<E: 'static>(mut error: E, temporary: &Branch, cleanup: &Error) -> E {
    if let Some(error) = (&mut error as &mut dyn Any).downcast_mut::<Error>() {
        let own = std::mem::replace(error, Error::new(error.kind(), "", ""));
        *error = own.leaving_behind(temporary.name());
    } else {
        warn_left_branch(temporary, cleanup);
    }
    error
}

fn warn_left_branch(branch: &Branch, error: &Error) {
    let repository = branch.repository();
    tracing::warn!(
        repository = repository.name(),
        branch = branch.name(),
        %error,
        "the temporary branch of a transaction could not be deleted"
    );
}

/// Deletes the temporary branch if the transaction is dropped before it has done so.
struct Guard(Option<(Branch, bool)>);

impl Drop for Guard {
    fn drop(&mut self) {
        let Some((temporary, force)) = self.0.take() else { return };
        // Outside a runtime, the branch cannot be deleted. It remains, hidden and not merged.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = temporary.delete().force(force).await {
                warn_left_branch(&temporary, &error);
            }
        });
    }
}
