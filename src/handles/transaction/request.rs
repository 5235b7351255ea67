//! The options of a transaction, and its start.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::handles::branch::Branch;
use crate::handles::transaction::attempts::TransactionAttempts;
use crate::handles::transaction::open::Transaction;
use crate::handles::transaction::outcome::TransactionOutcome;
use crate::http::options::HasOptions as _;
use crate::macros::call_options;
use crate::requests::merge::MergeStrategy;

/// Runs a transaction on a branch. Returned by [`Branch::transaction`].
///
/// [`run`](Self::run) takes the changes as a closure. [`begin`](Self::begin) returns a value that is committed or rolled
/// back later.
#[derive(Clone, Debug)]
#[must_use = "a transaction does nothing until it is begun or run"]
pub struct TransactionRequest {
    options: Options,
}

/// The options of a transaction.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) target: Branch,
    pub(super) message: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tag: Option<String>,
    pub(super) strategy: Option<MergeStrategy>,
    pub(super) squash: bool,
    pub(super) force: bool,
}

impl TransactionRequest {
    pub(crate) fn new(target: Branch, message: String) -> Self {
        let options = Options {
            target,
            message,
            metadata: BTreeMap::new(),
            tag: None,
            strategy: None,
            squash: false,
            force: false,
        };
        Self { options }
    }

    /// Adds a key and a value to the metadata of the commit and of the merge commit. Default: no metadata.
    ///
    /// If a key is set twice, the last value applies.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.metadata.insert(key.into(), value.into());
        self
    }

    /// Creates a tag at the merge commit. Default: no tag.
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.options.tag = Some(name.into());
        self
    }

    /// Sets which side wins if another writer changed a path of the transaction on the branch in the meantime. Default:
    /// none, and such paths fail the transaction with [`MergeConflict`](crate::ErrorKind::MergeConflict).
    pub fn strategy(mut self, strategy: MergeStrategy) -> Self {
        self.options.strategy = Some(strategy);
        self
    }

    /// Merges with a commit that has only the previous head of the target as its parent, so that the commits of the
    /// temporary branch are not part of its history. Default: `false`.
    pub fn squash(mut self, yes: bool) -> Self {
        self.options.squash = yes;
        self
    }

    /// Runs the transaction even if the repository is read-only. Default: `false`.
    ///
    /// Writes to the temporary branch need their own option `force`.
    pub fn force(mut self, yes: bool) -> Self {
        self.options.force = yes;
        self
    }

    call_options! {
        /// Bounds each request of the transaction itself, with all its attempts. Default: no limit besides the timeouts
        /// and the retry policy of the client.
        ///
        /// The requests that the caller makes on the temporary branch have their own options. The deletion of the
        /// temporary branch has no limit. `Duration::MAX` means no limit.
        ///
        /// # Errors
        /// [`Timeout`](crate::ErrorKind::Timeout): a request is not completed in time.
        self, set => self.options.target.set_options(set)
    }

    /// Runs the closure up to this many times if the merge has a conflict. Default: once.
    ///
    /// Set the other options before this one. With a [strategy](Self::strategy) there are no conflicts.
    pub fn attempts(self, attempts: u32) -> TransactionAttempts {
        TransactionAttempts::new(self.options, attempts)
    }

    /// Creates the temporary branch of the transaction, and returns the open transaction.
    ///
    /// The temporary branch is hidden, its name starts with `lakefs-rs-tx-`, and it starts at the head of the target.
    ///
    /// ```
    /// # async fn example(main: lakefs::Branch) -> lakefs::Result<()> {
    /// let tx = main.transaction("Load the day").begin().await?;
    /// match tx.branch().object("day/1.csv").upload("a,b\n").await {
    ///     Ok(_) => println!("merged as {:?}", tx.commit().await?.merge),
    ///     Err(_) => tx.rollback().await?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): the target has uncommitted changes. The server does
    ///   not merge into such a branch, so there is no option to continue.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the target does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the repository is read-only. See [`force`](Self::force).
    /// * [`HookFailed`](crate::ErrorKind::HookFailed): a hook prevented the creation of the temporary branch.
    pub async fn begin(self) -> Result<Transaction> {
        Transaction::begin(self.options).await
    }

    /// Runs a closure on a temporary branch; then commits, merges into the target, and deletes the temporary branch.
    ///
    /// The closure receives the temporary branch, which is hidden and starts at the head of the target, and makes its
    /// changes there. If the closure or any step up to the merge fails, or if the returned future is dropped before the
    /// merge, the target is unchanged. If the future is dropped during the merge, the server decides: it completes a
    /// merge that it has begun, and nobody learns whether it did.
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
    /// * The errors of the closure. A [`WriteProtected`](crate::ErrorKind::WriteProtected) that names the temporary branch
    ///   means that a branch protection rule, such as `*`, includes this branch.
    /// * The errors of [`begin`](Self::begin) and [`Transaction::commit`].
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
        let transaction = self.begin().await?;
        match closure(transaction.branch()).await {
            Ok(value) => Ok(transaction.commit().await?.with_value(value)),
            Err(error) => Err(transaction.roll_back_after(error).await),
        }
    }
}
