//! Transactions with a blocking closure.

use crate::blocking::runtime::{block_in_place, block_on};
use crate::error::Error;
use crate::handles::branch::Branch;
use crate::handles::transaction::attempts::TransactionAttempts;
use crate::handles::transaction::outcome::TransactionOutcome;
use crate::handles::transaction::request::TransactionRequest;

impl TransactionRequest {
    /// Runs a blocking closure on a temporary branch; then commits, merges into the target, and deletes the temporary
    /// branch. It is [`run`](Self::run) for programs without an async runtime.
    ///
    /// Inside the closure, use [`block_on`](crate::blocking::BlockOn::block_on). The error type is your own: any type
    /// that implements `From<lakefs::Error>`. An error of the closure is returned as it is.
    ///
    /// ```no_run
    /// use lakefs::Client;
    /// use lakefs::blocking::BlockOn as _;
    ///
    /// let main = Client::from_env()?.repository("example").branch("main");
    /// let outcome = main.transaction("Load the day").run_blocking(|tx| {
    ///     tx.object("day/1.csv").upload("a,b\n").block_on()?;
    ///     tx.object("day/2.csv").upload("c,d\n").block_on()?;
    ///     Ok::<_, lakefs::Error>(2)
    /// })?;
    /// println!("{} files merged as {:?}", outcome.value, outcome.merge);
    /// # Ok::<_, lakefs::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is called in async
    /// code.
    pub fn run_blocking<T, E>(
        self,
        closure: impl FnOnce(&Branch) -> Result<T, E>,
    ) -> Result<TransactionOutcome<T>, E>
    where
        E: From<Error> + 'static,
    {
        // The closure blocks on futures of its own, which only a thread outside of the runtime may do.
        block_on(self.run(async |temporary| block_in_place(|| closure(temporary))))?
    }
}

impl TransactionAttempts {
    /// Runs a blocking closure on a temporary branch, commits and merges, and does so again after a merge conflict. It is
    /// [`run`](Self::run) for programs without an async runtime.
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is called in async
    /// code.
    pub fn run_blocking<T, E>(
        self,
        mut closure: impl FnMut(&Branch) -> Result<T, E>,
    ) -> Result<TransactionOutcome<T>, E>
    where
        E: From<Error> + 'static,
    {
        block_on(self.run(async |temporary| block_in_place(|| closure(temporary))))?
    }
}
