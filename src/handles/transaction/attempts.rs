//! Transactions that run again after a merge conflict.

use crate::error::{Error, ErrorKind};
use crate::handles::branch::Branch;
use crate::handles::transaction::open::Transaction;
use crate::handles::transaction::outcome::TransactionOutcome;
use crate::handles::transaction::request::Options;

/// Runs a transaction on a branch, several times if necessary. Returned by
/// [`TransactionRequest::attempts`](crate::TransactionRequest::attempts).
#[derive(Clone, Debug)]
#[must_use = "a transaction does nothing until it is run"]
pub struct TransactionAttempts {
    options: Options,
    attempts: u32,
}

impl TransactionAttempts {
    pub(super) fn new(options: Options, attempts: u32) -> Self {
        Self { options, attempts }
    }

    /// Runs a closure on a temporary branch, commits and merges, as
    /// [`TransactionRequest::run`](crate::TransactionRequest::run) does, and does so again after a merge conflict.
    ///
    /// Each attempt has a new temporary branch, which starts at the head of the target at that time. The closure must
    /// therefore read what it depends on in each attempt. Only a conflict of the merge of the transaction leads to
    /// another attempt; an error of the closure is returned.
    ///
    /// If the returned future is spawned as a task, the closure must own what it uses: write `async move |tx| { … }`. The
    /// compiler cannot prove yet that a closure that borrows local variables is `Send`.
    ///
    /// ```
    /// # async fn example(main: lakefs::Branch) -> lakefs::Result<()> {
    /// main.transaction("Count")
    ///     .attempts(3)
    ///     .run(async |tx| {
    ///         let counter = tx.object("counter");
    ///         let count: u64 = String::from_utf8_lossy(&counter.read().await?).parse().unwrap_or(0);
    ///         counter.upload((count + 1).to_string()).await
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`TransactionRequest::run`](crate::TransactionRequest::run), and
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the number of attempts is 0.
    pub async fn run<T, E>(
        self,
        mut closure: impl AsyncFnMut(&Branch) -> Result<T, E>,
    ) -> Result<TransactionOutcome<T>, E>
    where
        E: From<Error> + 'static,
    {
        let mut failed = None;
        for attempt in 1..=self.attempts {
            let transaction = Transaction::begin(self.options.clone()).await?;
            let value = match closure(transaction.branch()).await {
                Ok(value) => value,
                Err(error) => return Err(transaction.roll_back_after(error).await),
            };
            match transaction.commit().await {
                Ok(outcome) => return Ok(outcome.with_value(value)),
                Err(error) if error.kind() == ErrorKind::MergeConflict => {
                    tracing::debug!(attempt, %error, "a transaction has a merge conflict");
                    failed = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(failed.unwrap_or_else(|| self.no_attempts()).into())
    }

    fn no_attempts(&self) -> Error {
        let target = &self.options.target;
        let action = format!(
            "run a transaction on branch {:?} of repository {:?}",
            target.name(),
            target.repository().name()
        );
        Error::invalid(action, "the number of attempts is 0")
    }
}
