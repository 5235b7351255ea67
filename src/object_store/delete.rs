//! Deletions, a thousand at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::Result;
use object_store::path::Path;

use super::error::not_written;
use super::location::Root;
use crate::Error;
use crate::handles::branch_object::BranchObject;

/// How many locations make a batch: as many as the server takes at once.
const BATCH: usize = 1000;

/// How many batches are under way at once.
const CONCURRENCY: usize = 8;

/// Deletes what a stream names, whether it is there or not, and tells of each in its order.
pub(super) fn delete_stream(
    root: Root,
    locations: BoxStream<'static, Result<Path>>,
) -> BoxStream<'static, Result<Path>> {
    locations
        .chunks(BATCH)
        .map(move |batch| delete(root.clone(), batch))
        .buffered(CONCURRENCY)
        .flat_map(stream::iter)
        .boxed()
}

async fn delete(root: Root, batch: Vec<Result<Path>>) -> Vec<Result<Path>> {
    // For each branch the objects, with their places in the batch.
    let mut branches: BTreeMap<String, Vec<(usize, Path, BranchObject)>> = BTreeMap::new();
    let mut outcomes = Vec::with_capacity(batch.len());
    for (place, location) in batch.into_iter().enumerate() {
        match location.and_then(|location| Ok((root.object(&location)?, location))) {
            Ok((object, location)) => {
                let branch = object.reference().expression().to_owned();
                branches.entry(branch).or_default().push((place, location, object));
            }
            Err(error) => outcomes.push((place, Err(error))),
        }
    }
    for objects in branches.into_values() {
        outcomes.extend(on_one_branch(objects).await);
    }
    outcomes.sort_unstable_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn on_one_branch(objects: Vec<(usize, Path, BranchObject)>) -> Vec<(usize, Result<Path>)> {
    if let [(place, location, object)] = &*objects {
        let outcome = object.delete().await.map_err(|error| not_written(location, error));
        return vec![(*place, outcome.map(|()| location.clone()))];
    }
    let Some((_, _, first)) = objects.first() else { return Vec::new() };
    let branch = first.branch();
    let paths: Vec<_> = objects.iter().map(|(_, _, object)| object.path().to_owned()).collect();
    let Err(error) = branch.delete_objects(paths).await.map_err(Arc::new) else {
        return objects.into_iter().map(|(place, location, _)| (place, Ok(location))).collect();
    };
    let failed: BTreeMap<_, _> = error
        .failed_objects()
        .iter()
        .map(|failed| (failed.path.as_deref().unwrap_or_default(), failed))
        .collect();
    objects
        .into_iter()
        .map(|(place, location, object)| {
            let outcome = match failed.get(object.path()) {
                Some(failed) => {
                    let action = format!("delete {}", object.uri());
                    let error = Error::objects("delete_objects", action, vec![(*failed).clone()]);
                    Err(not_written(&location, error))
                }
                // Of those that the server names, no other failed.
                None if !failed.is_empty() => Ok(location),
                None => Err(not_written(&location, &error)),
            };
            (place, outcome)
        })
        .collect()
}
