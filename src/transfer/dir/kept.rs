//! Lists that are gone through twice: to look at the names, and to move what they name.

use futures::stream::{self, BoxStream, Stream, StreamExt as _};

use crate::Result;

/// How long a list may be to be kept.
const LONGEST: usize = 10_000;

/// What the first pass has seen, for the second one. Of a list that is longer nothing is kept, and it is made again.
#[derive(Debug)]
pub(crate) struct Kept<T>(Option<Vec<T>>);

impl<T: Send + 'static> Kept<T> {
    pub(crate) fn new() -> Self {
        Self(Some(Vec::new()))
    }

    pub(crate) fn push(&mut self, item: T) {
        match &mut self.0 {
            Some(items) if items.len() < LONGEST => items.push(item),
            items => *items = None,
        }
    }

    /// The list once more, and for the last time.
    pub(crate) fn again<S>(self, anew: impl FnOnce() -> S) -> BoxStream<'static, Result<T>>
    where
        S: Stream<Item = Result<T>> + Send + 'static,
    {
        match self.0 {
            Some(items) => stream::iter(items).map(Ok).boxed(),
            None => anew().boxed(),
        }
    }
}

impl<T: Clone + Send + 'static> Kept<T> {
    /// The list once more, and not for the last time.
    pub(crate) fn once_more<S>(&self, anew: impl FnOnce() -> S) -> BoxStream<'static, Result<T>>
    where
        S: Stream<Item = Result<T>> + Send + 'static,
    {
        Self(self.0.clone()).again(anew)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_short_list_is_kept_and_a_long_one_is_made_again() {
        for (length, from) in [(0, 0), (LONGEST, 0), (LONGEST + 1, 7), (3 * LONGEST, 7)] {
            let mut kept = Kept::new();
            (0..length).for_each(|item| kept.push(item));
            let again: Vec<_> =
                kept.again(|| stream::iter((7..length + 7).map(Ok))).try_collect().await.unwrap();
            assert_eq!(again, (from..length + from).collect::<Vec<_>>());
        }
    }
}
