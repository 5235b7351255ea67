//! Deletions in batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use super::error::write_error;
use super::location::{Root, StoreObject};
use super::version::object_store::Result;
use super::version::object_store::path::Path;
use crate::error::Error;

/// How many locations are deleted with one request: the most that the server accepts.
const BATCH_SIZE: usize = 1000;

/// How many batches are deleted concurrently.
const CONCURRENCY: usize = 8;

/// Deletes the objects at the locations that a stream yields. Missing objects are ignored. Yields the outcome of each
/// location, in the order of the stream.
pub(super) fn delete_stream(
    root: Root,
    locations: BoxStream<'static, Result<Path>>,
) -> BoxStream<'static, Result<Path>> {
    locations
        .chunks(BATCH_SIZE)
        .map(move |batch| delete_batch(root.clone(), batch))
        .buffered(CONCURRENCY)
        .flat_map(stream::iter)
        .boxed()
}

async fn delete_batch(root: Root, batch: Vec<Result<Path>>) -> Vec<Result<Path>> {
    // The objects of each branch, with their index in the batch.
    let mut branches: BTreeMap<String, Vec<(usize, StoreObject)>> = BTreeMap::new();
    let mut outcomes = Vec::with_capacity(batch.len());
    for (index, location) in batch.into_iter().enumerate() {
        match location.and_then(|location| root.object(&location)) {
            Ok(object) => {
                let branch = object.object.branch().name().to_owned();
                branches.entry(branch).or_default().push((index, object));
            }
            Err(error) => outcomes.push((index, Err(error))),
        }
    }
    for objects in branches.into_values() {
        outcomes.extend(delete_on_branch(objects).await);
    }
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn delete_on_branch(objects: Vec<(usize, StoreObject)>) -> Vec<(usize, Result<Path>)> {
    if let [(index, StoreObject { object, location })] = &*objects {
        let outcome = object.delete().await.map_err(|error| write_error(location, error));
        return vec![(*index, outcome.map(|()| location.clone()))];
    }
    let Some((_, first)) = objects.first() else { return Vec::new() };
    let paths: Vec<_> = objects.iter().map(|(_, target)| target.object.path().to_owned()).collect();
    let Err(error) = first.object.branch().delete_objects(paths).await.map_err(Arc::new) else {
        return objects.into_iter().map(|(index, target)| (index, Ok(target.location))).collect();
    };
    let failed: BTreeMap<_, _> = error
        .failed_objects()
        .iter()
        .map(|failed| (failed.path.as_deref().unwrap_or_default(), failed))
        .collect();
    objects
        .into_iter()
        .map(|(index, StoreObject { object, location })| {
            let outcome = match failed.get(object.path()) {
                Some(failed) => {
                    let action = format!("delete {}", object.uri());
                    let error = Error::objects("delete_objects", action, vec![(*failed).clone()]);
                    Err(write_error(&location, error))
                }
                // If the server names the objects that failed, the others have succeeded.
                None if !failed.is_empty() => Ok(location),
                None => Err(write_error(&location, &error)),
            };
            (index, outcome)
        })
        .collect()
}
