//! Iterators over lists.

use std::future::poll_fn;
use std::pin::Pin;

use futures::Stream;

use crate::blocking::runtime::block_on;
use crate::error::Result;

mod sealed {
    use futures::Stream;

    use crate::error::Result;

    /// Only this crate implements [`IntoBlockingIter`](super::IntoBlockingIter).
    pub trait IntoBlockingIter {}

    impl<T, S: Stream<Item = Result<T>> + Unpin> IntoBlockingIter for S {}
}

/// Turns a list into an iterator. All lists implement it, and all other streams of results of this crate.
///
/// ```no_run
/// use lakefs::Client;
/// use lakefs::blocking::IntoBlockingIter as _;
///
/// let client = Client::from_env()?;
/// for repository in client.repositories().into_blocking_iter() {
///     println!("{}", repository?.id);
/// }
/// # Ok::<_, lakefs::Error>(())
/// ```
///
/// This trait is sealed.
pub trait IntoBlockingIter: Stream + sealed::IntoBlockingIter + Sized {
    /// Returns an iterator over the items. It blocks the thread whenever the next page has to be requested, and ends
    /// after the first error.
    fn into_blocking_iter(self) -> BlockingIter<Self>;
}

impl<T, S: Stream<Item = Result<T>> + Unpin> IntoBlockingIter for S {
    fn into_blocking_iter(self) -> BlockingIter<S> {
        BlockingIter(self)
    }
}

/// An iterator over the items of a list. [`IntoBlockingIter::into_blocking_iter`] returns it.
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct BlockingIter<S>(S);

impl<T, S: Stream<Item = Result<T>> + Unpin> Iterator for BlockingIter<S> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        block_on(poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx))).unwrap_or_else(|error| Some(Err(error)))
    }
}
