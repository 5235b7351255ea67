//! Macros and helpers that request and list builders share.

/// The options that every request and list has. `$change` changes the options in `$this`. The attributes document
/// `timeout`, whose meaning differs.
macro_rules! call_options {
    ($(#[$timeout_doc:meta])+ $this:ident, $set:ident => $change:expr) => {
        $(#[$timeout_doc])+
        pub fn timeout(mut $this, timeout: std::time::Duration) -> Self {
            let $set = |options: $crate::http::options::CallOptions| options.timeout(timeout);
            $change;
            $this
        }

        /// Bounds each attempt of the requests of this call. Default: no limit besides the timeouts of the client.
        ///
        /// An attempt that is not completed in time is retried like one that failed with another timeout. Where the
        /// data of an object are read, an attempt ends with the head of the response. `Duration::MAX` means no limit.
        ///
        /// # Errors
        /// [`Timeout`](crate::ErrorKind::Timeout): the last attempt was not completed in time.
        pub fn attempt_timeout(mut $this, timeout: std::time::Duration) -> Self {
            let $set = |options: $crate::http::options::CallOptions| options.attempt_timeout(timeout);
            $change;
            $this
        }

        /// Sets how often, how fast and for how long failed requests of this call are retried. Default: the
        /// [policy of the client](crate::ClientBuilder::retries).
        pub fn retries(mut $this, policy: $crate::http::retry::RetryPolicy) -> Self {
            let $set = |options: $crate::http::options::CallOptions| options.retries(policy);
            $change;
            $this
        }

        /// Adds an HTTP header to every request of this call that is sent to lakeFS. Default: no further headers.
        ///
        /// The header is not sent to the storage, nor with a login. If a name is set twice, the last value applies.
        ///
        /// # Errors
        /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), when a request is sent: the name or the value cannot be
        /// sent in a header; or the client sets the header itself, such as `Authorization`, `Host`, `Content-Length`,
        /// `Transfer-Encoding`, `Connection`, `Content-Type`, `Range`, or a header of the operation.
        pub fn header(mut $this, name: impl Into<String>, value: impl Into<String>) -> Self {
            let $set = |options: $crate::http::options::CallOptions| options.header(name, value);
            $change;
            $this
        }
    };
}

/// Makes a request a future, and gives it an inherent `send` and the [options of a call](call_options).
///
/// The request implements `async fn execute(self) -> Result<$output>`. `$field` holds the options: a scope, or something
/// that has one. The limit of the option `timeout` starts when the future is polled first.
macro_rules! impl_into_future {
    ($request:ty { $($field:tt).+ } => $output:ty) => {
        $crate::macros::impl_into_future! {
            /// Bounds this call as a whole: all its requests with their retries, and the check of an unknown outcome.
            /// Default: no limit besides the timeouts and the retry policy of the client.
            ///
            /// The time starts when the call is first polled. A retry that could not start in time is not waited for;
            /// the call then returns the error of the last attempt. `Duration::MAX` means no limit.
            ///
            /// # Errors
            /// [`Timeout`](crate::ErrorKind::Timeout): the call is not completed in time. If a change was in flight,
            /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
            $request { $($field).+ } => $output
        }
    };
    ($(#[$timeout_doc:meta])+ $request:ty { $($field:tt).+ } => $output:ty) => {
        impl $request {
            $crate::macros::call_options! {
                $(#[$timeout_doc])+
                self, set => $crate::http::options::HasOptions::set_options(&mut self.$($field).+, set)
            }

            /// Sends the request.
            ///
            /// Awaiting the request does the same. The returned future is `Send` and `'static`: use it where a
            /// future is needed, such as in `tokio::spawn`, `try_join_all` or `buffer_unordered`. Nothing is sent
            /// before the future is polled.
            pub fn send(mut self) -> futures::future::BoxFuture<'static, $crate::error::Result<$output>> {
                Box::pin(async move {
                    let deadline = $crate::http::options::HasOptions::start(&mut self.$($field).+);
                    $crate::http::deadline::bound(deadline, self.execute()).await
                })
            }
        }

        impl IntoFuture for $request {
            type Output = $crate::error::Result<$output>;
            type IntoFuture = futures::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                self.send()
            }
        }
    };
}

/// Setters of optional flags: `true` sets the option, `false` leaves it out.
macro_rules! bool_setters {
    ($($(#[$doc:meta])* $name:ident => $($field:ident).+;)+) => {
        $($(#[$doc])* pub fn $name(mut self, yes: bool) -> Self {
            self.$($field).+ = yes.then_some(true);
            self
        })+
    };
}

/// The [options of a call](call_options) for a list with a field `pager`.
macro_rules! list_call_options {
    () => {
        $crate::macros::call_options! {
            /// Bounds each wait for a page, with all its attempts. Default: no limit besides the timeouts and the
            /// retry policy of the client.
            ///
            /// The time starts when the list requests the page. A retry that could not start in time is not waited
            /// for; the list then returns the error of the last attempt. `Duration::MAX` means no limit.
            ///
            /// # Errors
            /// [`Timeout`](crate::ErrorKind::Timeout): a page has not arrived in time.
            self, set => self.pager = self.pager.with(|list| {
                $crate::http::options::HasOptions::set_options(list, set);
            })
        }
    };
}

/// Gives a list, which has a field `pager`, the options and the stream that all lists have.
macro_rules! impl_list {
    ($list:ty => $item:ty) => {
        impl $list {
            /// Sets the maximum number of items of a page, from 1 to 1000. Default: 1000.
            ///
            /// # Errors
            /// A size out of range fails with [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the list is
            /// read.
            pub fn page_size(mut self, items: u16) -> Self {
                self.pager = self.pager.page_size(items);
                self
            }

            /// Starts after this item (its name, path or id), which need not exist. Default: the start of the list.
            pub fn after(mut self, item: impl Into<String>) -> Self {
                self.pager = self.pager.after(item);
                self
            }

            /// Requests the next page while the items of this one are consumed. Default: `false`, because it may
            /// fetch a page that is never used.
            ///
            /// At most one page is held in advance. The request runs in a task of the tokio runtime, so it makes
            /// progress while the consumer awaits something else, and is cancelled when the list is dropped.
            pub fn prefetch(mut self, yes: bool) -> Self {
                self.pager = self.pager.prefetch(yes);
                self
            }

            $crate::macros::list_call_options!();

            /// Returns the list page by page instead of item by item.
            pub fn pages(self) -> $crate::pager::Pages<$item> {
                self.pager.pages()
            }
        }

        impl futures::Stream for $list {
            type Item = $crate::error::Result<$item>;

            fn poll_next(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Self::Item>> {
                std::pin::Pin::new(&mut self.pager).poll_next(cx)
            }
        }

        impl futures::stream::FusedStream for $list {
            fn is_terminated(&self) -> bool {
                self.pager.is_terminated()
            }
        }
    };
}

/// Implements `HasOptions` for a type with a field that has options.
macro_rules! impl_has_options {
    ($($type:ty { $($field:tt).+ }),+ $(,)?) => {$(
        impl $crate::http::options::HasOptions for $type {
            fn options_mut(&mut self) -> &mut $crate::http::options::CallOptions {
                $crate::http::options::HasOptions::options_mut(&mut self.$($field).+)
            }
        }
    )+};
}

pub(crate) use {
    bool_setters, call_options, impl_has_options, impl_into_future, impl_list, list_call_options,
};

/// Applies an option to a generated request builder only where the caller has set it.
pub(crate) trait ApplyIfSome: Sized {
    fn apply_if_some<V>(self, value: Option<V>, set: impl FnOnce(Self, V) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }
}

impl<T> ApplyIfSome for T {}
