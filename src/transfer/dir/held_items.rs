//! Checks the first items of a transfer before anything is transferred.

use std::future;

use futures::stream::{Stream, TryStreamExt as _};

use crate::error::{Error, Result};
use crate::transfer::dir::compact_list::{Compact, CompactList};
use crate::transfer::dir::outcomes::Outcomes;

/// How many of the items are checked before the transfer starts, and what happens with rejected ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    /// The number of items.
    pub(crate) limit: usize,
    /// Keeps rejected items in the list, instead of recording them as failures.
    pub(crate) keeps_rejected: bool,
}

/// Reads up to `limit` items and holds them. After a rejection, reads all items to record all rejections, up to the maximum
/// number of failures.
pub(crate) async fn hold_items<T: Compact>(
    items: &mut (impl Stream<Item = Result<T>> + Unpin),
    check: Check,
    rejection: impl Fn(&T) -> Option<Error>,
    outcomes: &mut Outcomes<'_>,
) -> Result<CompactList<T>> {
    let mut list = CompactList::new();
    while list.len() < check.limit || outcomes.has_failures() {
        let Some(item) = items.try_next().await? else { break };
        if outcomes.stop() {
            break;
        }
        match rejection(&item) {
            Some(error) if !check.keeps_rejected => outcomes.record(item.name(), Err(error)),
            _ => list.push(&item),
        }
    }
    Ok(list)
}

/// Yields only rejected items after the first rejected one, so that nothing else is transferred and all are reported.
pub(crate) fn stop_at_rejection<T: Send>(
    items: impl Stream<Item = Result<T>> + Send,
    is_rejected: impl Fn(&T) -> bool + Send,
) -> impl Stream<Item = Result<T>> + Send {
    let mut is_stopped = false;
    items.try_filter(move |item| {
        let is_rejected = is_rejected(item);
        is_stopped |= is_rejected;
        future::ready(is_rejected || !is_stopped)
    })
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;
    use crate::transfer::dir::compact_list::Decoder;
    use crate::transfer::dir::report::EntryCallback;

    /// An item that is rejected if its name starts with `x`.
    impl Compact for String {
        fn name(&self) -> &str {
            self
        }

        fn encode(&self, _to: &mut Vec<u8>) {}

        fn decode(name: String, _from: &mut Decoder<'_>) -> Option<Self> {
            Some(name)
        }
    }

    #[expect(clippy::ptr_arg, reason = "the function gets an item")]
    fn rejection(name: &String) -> Option<Error> {
        name.starts_with('x').then(|| Error::invalid("", "no"))
    }

    /// Returns the names that are held, those that are still to come, and those that have failed.
    async fn hold(
        names: &[&str],
        limit: usize,
        keeps_rejected: bool,
    ) -> (Vec<String>, Vec<String>, Vec<String>) {
        let on_entry = EntryCallback::default();
        let mut outcomes = Outcomes::new("", &on_entry);
        let mut items = stream::iter(names.iter().map(|name| Ok((*name).to_owned())));
        let check = Check { limit, keeps_rejected };
        let held = hold_items(&mut items, check, rejection, &mut outcomes).await.unwrap();
        let rest = items.map_ok(|name| name).try_collect().await.unwrap();
        let failed = outcomes.finish(String::new).err();
        let failed = failed.iter().flat_map(|error| error.failed_objects().to_vec());
        (held.into_iter().collect(), rest, failed.filter_map(|failed| failed.path).collect())
    }

    #[tokio::test]
    async fn items_up_to_the_limit_are_held() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(hold(&["a", "b", "c"], 2, false).await, (names(&["a", "b"]), names(&["c"]), vec![]));
        assert_eq!(hold(&["a", "b", "c"], 3, false).await, (names(&["a", "b", "c"]), vec![], vec![]));
        assert_eq!(hold(&["a", "b", "x"], 0, false).await, (vec![], names(&["a", "b", "x"]), vec![]));
        // A rejection among them leads to all others.
        let (_, rest, failed) = hold(&["a", "x1", "b", "c", "x2"], 2, false).await;
        assert_eq!((rest, failed), (vec![], names(&["x1", "x2"])));
        let (held, rest, failed) = hold(&["a", "x1", "b", "x2"], 2, true).await;
        assert_eq!((held, rest, failed), (names(&["a", "x1"]), names(&["b", "x2"]), vec![]));
    }

    #[tokio::test]
    async fn only_rejected_items_follow_a_rejected_one() {
        let items = stream::iter(["a", "b", "x1", "c", "x2", "d"].map(|name| Ok(name.to_owned())));
        let rest: Vec<_> =
            stop_at_rejection(items, |name| rejection(name).is_some()).try_collect().await.unwrap();
        assert_eq!(rest, ["a", "b", "x1", "x2"]);
    }
}
