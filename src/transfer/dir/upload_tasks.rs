//! Turns the merged entries and objects into the tasks of an upload.

use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};

use crate::error::Result;
use crate::transfer::delete::BATCH_SIZE;
use crate::transfer::dir::listing::ListedObject;
use crate::transfer::dir::merge::Pair;
use crate::transfer::dir::walk::LocalEntry;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UploadTask {
    /// Handles a local entry, given the object of the same name.
    Entry(LocalEntry, Option<ListedObject>),
    /// Deletes the objects of these names, which have no local entry: at most as many as one request can delete.
    Delete(Vec<String>),
}

/// Yields a task for each entry at once, and collects the objects without an entry into batches. Holds one batch.
pub(crate) fn upload_tasks(
    pairs: impl Stream<Item = Result<Pair<LocalEntry, ListedObject>>> + Send + Unpin,
) -> impl Stream<Item = Result<UploadTask>> + Send {
    let state = (pairs.fuse(), Vec::new());
    stream::try_unfold(state, |(mut pairs, mut names)| async move {
        while let Some(pair) = pairs.try_next().await? {
            let task = match pair {
                Pair::Left(entry) => UploadTask::Entry(entry, None),
                Pair::Both(entry, object) => UploadTask::Entry(entry, Some(object)),
                Pair::Right(ListedObject { name, .. }) => {
                    names.push(name);
                    if names.len() < BATCH_SIZE {
                        continue;
                    }
                    UploadTask::Delete(std::mem::take(&mut names))
                }
            };
            return Ok(Some((task, (pairs, names))));
        }
        Ok((!names.is_empty()).then(|| (UploadTask::Delete(names), (pairs, Vec::new()))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::dir::walk::EntryKind;

    fn entry(name: &str) -> LocalEntry {
        LocalEntry { name: name.to_owned(), kind: EntryKind::Symlink }
    }

    fn object(name: String) -> ListedObject {
        ListedObject { name, bytes: 0, checksum: String::new(), modified: 0, rejection: None }
    }

    #[tokio::test]
    async fn objects_without_an_entry_are_deleted_in_batches() {
        let numbers = |range: std::ops::Range<usize>| range.map(|number| number.to_string());
        let pairs: Vec<_> = [Pair::Left(entry("a")), Pair::Right(object("-".to_owned()))]
            .into_iter()
            .chain([Pair::Both(entry("b"), object("b".to_owned()))])
            .chain(numbers(0..BATCH_SIZE).map(|name| Pair::Right(object(name))))
            .map(Ok)
            .collect();
        let tasks: Vec<_> = upload_tasks(stream::iter(pairs)).try_collect().await.unwrap();
        let first = ["-".to_owned()].into_iter().chain(numbers(0..BATCH_SIZE - 1)).collect();
        let expected = [
            UploadTask::Entry(entry("a"), None),
            UploadTask::Entry(entry("b"), Some(object("b".to_owned()))),
            UploadTask::Delete(first),
            UploadTask::Delete(numbers(BATCH_SIZE - 1..BATCH_SIZE).collect()),
        ];
        assert!(tasks == expected, "{tasks:?}");
    }
}
