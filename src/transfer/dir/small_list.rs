//! A list that is read twice: to check all names first, and then to transfer what they name.

use futures::stream::{self, BoxStream, Stream, StreamExt as _};

use crate::error::Result;

/// The longest list that is kept in memory.
const MAX_ITEMS: usize = 10_000;

/// The items of the first pass, for the passes after it. A list that is too long is dropped, and requested again.
#[derive(Debug)]
pub(crate) struct SmallList<T>(Option<Vec<T>>);

impl<T: Send + 'static> SmallList<T> {
    pub(crate) fn new() -> Self {
        Self(Some(Vec::new()))
    }

    pub(crate) fn push(&mut self, item: T) {
        match &mut self.0 {
            Some(items) if items.len() < MAX_ITEMS => items.push(item),
            items => *items = None,
        }
    }

    /// Returns the items, from memory or from `list_again`.
    pub(crate) fn into_stream<S>(self, list_again: impl FnOnce() -> S) -> BoxStream<'static, Result<T>>
    where
        S: Stream<Item = Result<T>> + Send + 'static,
    {
        match self.0 {
            Some(items) => stream::iter(items).map(Ok).boxed(),
            None => list_again().boxed(),
        }
    }

    /// Returns the items like [`into_stream`](Self::into_stream), and keeps the list for another pass.
    pub(crate) fn stream<S>(&self, list_again: impl FnOnce() -> S) -> BoxStream<'static, Result<T>>
    where
        T: Clone,
        S: Stream<Item = Result<T>> + Send + 'static,
    {
        Self(self.0.clone()).into_stream(list_again)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn short_list_is_kept_and_long_list_is_requested_again() {
        for (length, from) in [(0, 0), (MAX_ITEMS, 0), (MAX_ITEMS + 1, 7), (3 * MAX_ITEMS, 7)] {
            let mut list = SmallList::new();
            (0..length).for_each(|item| list.push(item));
            let again = list.into_stream(|| stream::iter((7..length + 7).map(Ok)));
            let again: Vec<_> = again.try_collect().await.unwrap();
            assert_eq!(again, (from..length + from).collect::<Vec<_>>());
        }
    }
}
