//! Macros and helpers that request and list builders share.

/// Makes a request a future, and gives it an inherent `send`.
///
/// The request implements `async fn execute(self) -> Result<$output>`.
macro_rules! impl_into_future {
    ($request:ty => $output:ty) => {
        impl $request {
            /// Sends the request.
            ///
            /// Awaiting the request does the same. The returned future is `Send` and `'static`: use it where a
            /// future is needed, such as in `tokio::spawn`, `try_join_all` or `buffer_unordered`. Nothing is sent
            /// before the future is polled.
            pub fn send(self) -> futures::future::BoxFuture<'static, $crate::error::Result<$output>> {
                Box::pin(self.execute())
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

pub(crate) use {bool_setters, impl_into_future, impl_list};

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
