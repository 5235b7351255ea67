//! Open transactions.

use std::any::Any;

use crate::error::{Error, ErrorKind, Result};
use crate::handles::branch::Branch;
use crate::handles::transaction::outcome::TransactionOutcome;
use crate::handles::transaction::request::Options;
use crate::http::options::HasOptions as _;
use crate::ref_expr::RefExpr;
use crate::requests::diff::ListUncommitted;
use crate::requests::temporary_branch::{TemporaryBranch, warn_of_failed_deletion};
use crate::scope::RefScope;

/// An open transaction. Returned by [`TransactionRequest::begin`](crate::TransactionRequest::begin).
///
/// Make the changes on its [`branch`](Self::branch), then call [`commit`](Self::commit) or
/// [`rollback`](Self::rollback). Dropping it rolls back: the temporary branch is deleted in the background, by a task of
/// the tokio runtime in which the transaction was begun. If that runtime has ended, the hidden branch remains;
/// [`Repository::abandoned_transactions`](crate::Repository::abandoned_transactions) lists it.
///
/// ```
/// # async fn example(main: lakefs::Branch) -> lakefs::Result<()> {
/// let tx = main.transaction("Load the day").begin().await?;
/// tx.branch().object("day/1.csv").upload("a,b\n").await?;
/// tx.branch().object("day/2.csv").upload("c,d\n").await?;
/// let outcome = tx.commit().await?;
/// println!("merged as {:?}", outcome.merge);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Transaction {
    options: Options,
    branch: Branch,
    /// The id of the commit that the temporary branch starts at.
    base: String,
    temporary: TemporaryBranch,
}

impl Transaction {
    pub(super) async fn begin(options: Options) -> Result<Self> {
        let target = options.target.scope();
        check_clean(&target).await?;
        let source = RefExpr::of(&target);
        let (temporary, base) = TemporaryBranch::create(target.repository(), source, options.force).await?;
        let branch = Branch::from_scope(temporary.scope()).without_options();
        Ok(Self { options, branch, base, temporary })
    }

    /// Returns the temporary branch of the transaction, which is hidden and starts at the head of the target.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        &self.branch
    }

    /// Commits the changes, merges them into the target, and deletes the temporary branch.
    ///
    /// If the returned future is dropped before the merge, the target is unchanged. If it is dropped during the merge, the
    /// server decides: it completes a merge that it has begun, and nobody learns whether it did. In both cases the
    /// temporary branch is deleted in the background.
    ///
    /// # Errors
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): the target changed the same
    ///   [paths](crate::Error::conflicts) in the meantime.
    /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): the target has got uncommitted changes in the
    ///   meantime.
    /// * The errors of [`Branch::commit`] and [`Branch::merge_into`].
    ///
    /// After an error the target is unchanged and the temporary branch is deleted, unless
    /// [`is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`. Then the changes may have been merged, and
    /// the temporary branch is kept, because it may be the only trace of them. The message names it. Check the log of the
    /// target, and merge or delete the branch. If the deletion of the branch fails, the message names it, too.
    pub async fn commit(self) -> Result<TransactionOutcome> {
        let Self { options, branch, base, temporary } = self;
        match apply(&options, &Branch::from_scope(temporary.scope()), &base).await {
            Ok(outcome) => {
                let cleanup_error = temporary.delete().await.err();
                Ok(TransactionOutcome { cleanup_error, ..outcome })
            }
            Err(error) if error.is_outcome_unknown() => {
                temporary.keep();
                Err(error.keeping(branch.name()))
            }
            Err(error) => match temporary.delete().await {
                Ok(()) => Err(error),
                Err(_) => Err(error.leaving_behind(branch.name())),
            },
        }
    }

    /// Deletes the temporary branch with its changes. The target is unchanged.
    ///
    /// # Errors
    /// The errors of [`Branch::delete`]. The message names the branch.
    pub async fn rollback(self) -> Result<()> {
        self.temporary.delete().await
    }

    /// Ends the transaction without a merge, and returns the temporary branch, which remains until it is deleted.
    ///
    /// For programs that commit and merge the branch themselves, and do not know whether their merge took effect.
    ///
    /// ```
    /// # async fn example(main: lakefs::Branch) -> lakefs::Result<()> {
    /// let tx = main.transaction("Load the day").begin().await?;
    /// tx.branch().object("day/1.csv").upload("a,b\n").await?;
    /// let branch = tx.into_branch();
    /// println!("to be merged later: {}", branch.name());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_branch(self) -> Branch {
        self.temporary.keep();
        self.branch
    }

    /// Rolls back because the closure of the transaction failed, and returns the error of the closure.
    ///
    /// If the branch cannot be deleted, the error says so. If the type of the error cannot contain this, a warning is
    /// logged.
    pub(super) async fn roll_back_after<E: 'static>(self, mut error: E) -> E {
        let scope = self.temporary.scope().clone();
        if let Err(cleanup) = self.temporary.delete().await {
            if let Some(error) = (&mut error as &mut dyn Any).downcast_mut::<Error>() {
                let own = std::mem::replace(error, Error::new(error.kind(), "", ""));
                *error = own.leaving_behind(scope.expression());
            } else {
                warn_of_failed_deletion(&scope, &cleanup);
            }
        }
        error
    }
}

/// Checks that the target has no uncommitted changes, which would make the merge fail after all the work.
async fn check_clean(target: &RefScope) -> Result<()> {
    let mut changes = ListUncommitted::new(target.clone()).page_size(1);
    let Some(change) = futures::TryStreamExt::try_next(&mut changes).await? else { return Ok(()) };
    let (branch, repository) = (target.expression(), target.repository().name());
    let message = format!(
        "branch {branch:?} has uncommitted changes, such as of {:?}; commit or reset them first",
        change.path
    );
    let action = || format!("begin a transaction on branch {branch:?} of repository {repository:?}");
    Err(Error::new(ErrorKind::UncommittedChanges, "", message).during("diff_branch", action))
}

/// Commits and merges. The outcome of an error is unknown only if that of the merge is.
async fn apply(options: &Options, temporary: &Branch, base: &str) -> Result<TransactionOutcome> {
    let Options { target, message, metadata, tag, strategy, squash, force } = options;
    let mut outcome = TransactionOutcome::unchanged();

    let mut commit = temporary.commit(message).force(*force);
    for (key, value) in metadata {
        commit = commit.metadata(key, value);
    }
    match commit.await {
        Ok(commit) => outcome.commit = Some(commit),
        Err(error) if error.kind() == ErrorKind::NoChanges => {
            // The caller may have created commits.
            let head = temporary.get_commit().await?;
            if head.id == base {
                return Ok(outcome);
            }
            outcome.commit = Some(head);
        }
        Err(error) => return Err(error.with_known_outcome()),
    }

    let mut merge = temporary.merge_into(target).message(message).squash(*squash).force(*force);
    for (key, value) in metadata {
        merge = merge.metadata(key, value);
    }
    if let Some(strategy) = strategy {
        merge = merge.strategy(*strategy);
    }
    let merged = merge.await?.reference;
    if let Some(name) = tag {
        outcome.tag = Some(target.repository().tag(name).create(&merged).force(*force).await);
    }
    outcome.merge = Some(merged);
    Ok(outcome)
}
