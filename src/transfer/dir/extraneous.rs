//! Objects that are no files.

use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};

use crate::Result;
use crate::transfer::delete::BATCH_SIZE as BATCH;
use crate::transfer::dir::join::Pair;
use crate::transfer::dir::listing::Listed;
use crate::transfer::dir::walk::Found;

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// With what has been found, and the object that has its name.
    Found(Found, Option<Listed>),
    /// With objects that have no file, by their names: as many as the server deletes at once.
    Extraneous(Vec<String>),
}

/// Puts together what the server does together. Nothing else waits for it, and it holds the names of one batch.
pub(crate) fn gather(
    pairs: impl Stream<Item = Result<Pair<Found, Listed>>> + Send + Unpin,
) -> impl Stream<Item = Result<Work>> + Send {
    let state = (pairs.fuse(), Vec::new());
    stream::try_unfold(state, |(mut pairs, mut names)| async move {
        while let Some(pair) = pairs.try_next().await? {
            let work = match pair {
                Pair::Left(found) => Work::Found(found, None),
                Pair::Both(found, listed) => Work::Found(found, Some(listed)),
                Pair::Right(Listed { name, .. }) => {
                    names.push(name);
                    if names.len() < BATCH {
                        continue;
                    }
                    Work::Extraneous(std::mem::take(&mut names))
                }
            };
            return Ok(Some((work, (pairs, names))));
        }
        Ok((!names.is_empty()).then(|| (Work::Extraneous(names), (pairs, Vec::new()))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::dir::walk::Kind;

    fn found(name: &str) -> Found {
        Found { name: name.to_owned(), kind: Kind::Link }
    }

    fn listed(name: String) -> Listed {
        Listed { name, bytes: 0, checksum: String::new() }
    }

    #[tokio::test]
    async fn those_without_a_file_come_in_batches_and_the_others_as_they_are() {
        let extraneous = |range: std::ops::Range<usize>| range.map(|number| number.to_string());
        let pairs: Vec<_> = [Pair::Left(found("a")), Pair::Right(listed("-".to_owned()))]
            .into_iter()
            .chain([Pair::Both(found("b"), listed("b".to_owned()))])
            .chain(extraneous(0..BATCH).map(|name| Pair::Right(listed(name))))
            .map(Ok)
            .collect();
        let gathered: Vec<_> = gather(stream::iter(pairs)).try_collect().await.unwrap();
        let first = ["-".to_owned()].into_iter().chain(extraneous(0..BATCH - 1)).collect();
        let expected = [
            Work::Found(found("a"), None),
            Work::Found(found("b"), Some(listed("b".to_owned()))),
            Work::Extraneous(first),
            Work::Extraneous(extraneous(BATCH - 1..BATCH).collect()),
        ];
        assert!(gathered == expected, "{gathered:?}");
    }
}
