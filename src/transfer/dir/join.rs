//! Two lists in one order, side by side.

use std::cmp::Ordering;

use futures::stream::{self, Stream, TryStreamExt as _};

use crate::Result;

/// What has a name below the directory.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

/// What one of the lists has at a name, or both of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pair<L, R> {
    Left(L),
    Right(R),
    Both(L, R),
}

/// An item of two lists, and what the second one has behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Joined<L, R> {
    pub(crate) pair: Pair<L, R>,
    /// Whether the right list has anything in the directory that is the left item.
    pub(crate) needed: bool,
}

/// Merges two lists that are in the order of the bytes of their names. It holds one item of each.
pub(crate) fn join<L, R>(
    left: impl Stream<Item = Result<L>> + Send + Unpin,
    right: impl Stream<Item = Result<R>> + Send + Unpin,
) -> impl Stream<Item = Result<Joined<L, R>>> + Send
where
    L: Named + Send,
    R: Named + Send,
{
    let state = (left, right, None, None);
    stream::try_unfold(state, |(mut left, mut right, mut l, mut r)| async move {
        // An exhausted stream of these is asked again, and ends again.
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
        // The next name of the right is the first one behind: where it is not in the directory, none is.
        let needed = match (&pair, &r) {
            (Pair::Left(l), Some(r)) => r.name().starts_with(l.name()),
            (pair, _) => matches!(pair, Pair::Both(..)),
        };
        Ok(Some((Joined { pair, needed }, (left, right, l, r))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for &'static str {
        fn name(&self) -> &str {
            self
        }
    }

    async fn joined(left: &[&'static str], right: &[&'static str]) -> Vec<String> {
        let list = |names: &[&'static str]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            stream::iter(names.into_iter().map(Ok))
        };
        let describe = |joined: Joined<&str, &str>| match joined {
            Joined { pair: Pair::Left(name), needed } => {
                format!("<{name}{}", if needed { " needed" } else { "" })
            }
            Joined { pair: Pair::Right(name), .. } => format!(">{name}"),
            Joined { pair: Pair::Both(name, _), .. } => format!("={name}"),
        };
        join(list(left), list(right)).map_ok(describe).try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn each_name_comes_once_in_order_and_from_where_it_is() {
        assert_eq!(joined(&[], &[]).await, [""; 0]);
        assert_eq!(joined(&["a", "c"], &[]).await, ["<a", "<c"]);
        assert_eq!(joined(&[], &["a", "c"]).await, [">a", ">c"]);
        assert_eq!(joined(&["b", "c", "d"], &["a", "b", "d", "e"]).await, [">a", "=b", "<c", "=d", ">e"]);
        assert_eq!(
            joined(&["a.txt", "a/", "a/b", "a-b"], &["a/b", "a0", "a-b"]).await,
            ["=a-b", "<a.txt", "<a/ needed", "=a/b", ">a0"]
        );
    }

    #[tokio::test]
    async fn a_directory_is_needed_where_something_is_in_it() {
        assert_eq!(
            joined(&["a/", "a/b/", "a/b/c"], &["a/c"]).await,
            ["<a/ needed", "<a/b/", "<a/b/c", ">a/c"]
        );
        assert_eq!(joined(&["a/"], &["a0"]).await, ["<a/", ">a0"]);
        assert_eq!(joined(&["a/"], &["a/"]).await, ["=a/"]);
    }

    #[tokio::test]
    async fn an_error_of_either_ends_it() {
        let broken = || stream::iter([Ok("a"), Err(crate::Error::invalid("list", "no"))]);
        let outcome: Result<Vec<_>> = join(broken(), stream::iter([Ok("b")])).try_collect().await;
        assert!(outcome.is_err());
        let outcome: Result<Vec<_>> = join(stream::iter([Ok("b")]), broken()).try_collect().await;
        assert!(outcome.is_err());
    }
}
