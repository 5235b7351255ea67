//! The request of a call that has no options of its own.

use std::fmt;

use futures::future::BoxFuture;

use crate::error::{Result, optional};
use crate::http::deadline;
use crate::http::options::{CallOptions, HasOptions};
use crate::macros::call_options;

/// A request whose only options are those that every request has: time limits, retries and headers. `T` is its result.
///
/// Methods such as [`Branch::get`](crate::Branch::get) return it.
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// use std::time::Duration;
///
/// let head = branch.get().timeout(Duration::from_secs(2)).await?.commit_id;
/// # Ok(())
/// # }
/// ```
#[must_use = "a request does nothing until it is awaited"]
pub struct Request<T> {
    options: CallOptions,
    call: Call<T>,
}

/// Makes the requests of a call, with the given options.
type Call<T> = Box<dyn FnOnce(CallOptions) -> BoxFuture<'static, Result<T>> + Send + Sync>;

impl<T: 'static> Request<T> {
    /// A request which `call` makes with a copy of `scope` that has the options of the request.
    pub(crate) fn new<S, F>(scope: &S, call: impl FnOnce(S) -> F + Send + Sync + 'static) -> Self
    where
        S: HasOptions + Clone + Send + Sync + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut scope = scope.clone();
        let options = std::mem::take(scope.options_mut());
        let call = |options| -> BoxFuture<'static, Result<T>> {
            *scope.options_mut() = options;
            Box::pin(call(scope))
        };
        Self { options, call: Box::new(call) }
    }

    /// Converts the result.
    pub(crate) fn map_result<U: 'static>(
        self,
        convert: impl FnOnce(Result<T>) -> Result<U> + Send + Sync + 'static,
    ) -> Request<U> {
        let Self { options, call } = self;
        let call = |options| -> BoxFuture<'static, Result<U>> {
            let call = call(options);
            Box::pin(async move { convert(call.await) })
        };
        Request { options, call: Box::new(call) }
    }

    /// Returns `None` for a resource that does not exist.
    pub(crate) fn optional(self) -> Request<Option<T>> {
        self.map_result(optional)
    }

    /// Returns whether the resource exists.
    pub(crate) fn found(self) -> Request<bool> {
        self.map_result(|found| Ok(optional(found)?.is_some()))
    }

    call_options! {
        /// Bounds this call as a whole, with its retries. Default: no limit besides the timeouts and the retry policy of
        /// the client.
        ///
        /// The time starts when the call is first polled. A retry that could not start in time is not waited for; the
        /// call then returns the error of the last attempt. `Duration::MAX` means no limit.
        ///
        /// # Errors
        /// [`Timeout`](crate::ErrorKind::Timeout): the call is not completed in time. If a change was in flight,
        /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
        self, set => self.options.set_options(set)
    }

    /// Sends the request.
    ///
    /// Awaiting the request does the same. The returned future is `Send` and `'static`: use it where a future is needed,
    /// such as in `tokio::spawn`, `try_join_all` or `buffer_unordered`. Nothing is sent before the future is polled.
    #[must_use]
    pub fn send(mut self) -> BoxFuture<'static, Result<T>> {
        Box::pin(async move {
            let deadline = self.options.start();
            deadline::bound(deadline, (self.call)(self.options)).await
        })
    }
}

impl<T: 'static> IntoFuture for Request<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send()
    }
}

impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("options", &self.options).finish_non_exhaustive()
    }
}
