//! Merges two streams that are sorted by name.

use std::cmp::Ordering;

use futures::stream::{self, Stream, TryStreamExt as _};

use crate::error::Result;

/// An item with a name relative to the directory or prefix. Names of directories end with a slash.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

/// The items of both streams that have one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pair<L, R> {
    Left(L),
    Right(R),
    Both(L, R),
}

/// A pair, and what is known of the names after it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged<L, R> {
    pub(crate) pair: Pair<L, R>,
    /// The left item is a directory, and the right stream has that directory or an item below it.
    pub(crate) on_right: bool,
}

/// Merges two streams that are sorted by the bytes of their names. Holds one item of each.
pub(crate) fn merge<L, R>(
    left: impl Stream<Item = Result<L>> + Send + Unpin,
    right: impl Stream<Item = Result<R>> + Send + Unpin,
) -> impl Stream<Item = Result<Merged<L, R>>> + Send
where
    L: Named + Send,
    R: Named + Send,
{
    let state = (left, right, None, None);
    stream::try_unfold(state, |(mut left, mut right, mut l, mut r)| async move {
        // Both streams can be polled after their end, and return `None` again.
        if l.is_none() {
            l = left.try_next().await?;
        }
        if r.is_none() {
            r = right.try_next().await?;
        }
        let (pair, l, r) = match (l, r) {
            (None, None) => return Ok(None),
            (Some(l), None) => (Pair::Left(l), None, None),
            (None, Some(r)) => (Pair::Right(r), None, None),
            (Some(l), Some(r)) => match l.name().cmp(r.name()) {
                Ordering::Less => (Pair::Left(l), None, Some(r)),
                Ordering::Greater => (Pair::Right(r), Some(l), None),
                Ordering::Equal => (Pair::Both(l, r), None, None),
            },
        };
        // `r` is the first name of the right stream after `l`: if it is not below the directory, no name is.
        let on_right = match (&pair, &r) {
            (Pair::Left(l), Some(r)) => r.name().starts_with(l.name()),
            (pair, _) => matches!(pair, Pair::Both(..)),
        };
        Ok(Some((Merged { pair, on_right }, (left, right, l, r))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    impl Named for &'static str {
        fn name(&self) -> &str {
            self
        }
    }

    async fn merged(left: &[&'static str], right: &[&'static str]) -> Vec<String> {
        let list = |names: &[&'static str]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            stream::iter(names.into_iter().map(Ok))
        };
        let describe = |merged: Merged<&str, &str>| match merged {
            Merged { pair: Pair::Left(name), on_right } => {
                format!("<{name}{}", if on_right { " on right" } else { "" })
            }
            Merged { pair: Pair::Right(name), .. } => format!(">{name}"),
            Merged { pair: Pair::Both(name, _), .. } => format!("={name}"),
        };
        merge(list(left), list(right)).map_ok(describe).try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn every_name_is_yielded_once_in_order_with_its_sides() {
        assert_eq!(merged(&[], &[]).await, [""; 0]);
        assert_eq!(merged(&["a", "c"], &[]).await, ["<a", "<c"]);
        assert_eq!(merged(&[], &["a", "c"]).await, [">a", ">c"]);
        assert_eq!(merged(&["b", "c", "d"], &["a", "b", "d", "e"]).await, [">a", "=b", "<c", "=d", ">e"]);
        assert_eq!(
            merged(&["a.txt", "a/", "a/b", "a-b"], &["a/b", "a0", "a-b"]).await,
            ["=a-b", "<a.txt", "<a/ on right", "=a/b", ">a0"]
        );
    }

    #[tokio::test]
    async fn directory_is_on_the_right_if_a_right_name_is_below_it() {
        assert_eq!(
            merged(&["a/", "a/b/", "a/b/c"], &["a/c"]).await,
            ["<a/ on right", "<a/b/", "<a/b/c", ">a/c"]
        );
        assert_eq!(merged(&["a/"], &["a0"]).await, ["<a/", ">a0"]);
        assert_eq!(merged(&["a/"], &["a/"]).await, ["=a/"]);
    }

    #[tokio::test]
    async fn error_of_either_stream_ends_the_merge() {
        let broken = || stream::iter([Ok("a"), Err(Error::invalid("list", "no"))]);
        let outcome: Result<Vec<_>> = merge(broken(), stream::iter([Ok("b")])).try_collect().await;
        assert!(outcome.is_err());
        let outcome: Result<Vec<_>> = merge(stream::iter([Ok("b")]), broken()).try_collect().await;
        assert!(outcome.is_err());
    }
}
