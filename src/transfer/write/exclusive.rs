//! Exclusive creations that lakeFS accepts from two writers.
//!
//! If a commit ends while lakeFS evaluates the condition of a second creator, it can miss the object of the first one,
//! which the commit has just moved out of the staging area. It accepts both creators, and the uncommitted object of the
//! second one hides the committed object of the first one. [`confirm`] notices that, and lets the second one fail.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result, optional};
use crate::models::{ObjectStageCreation, ObjectStats};
use crate::scope::ObjectScope;
use crate::transfer::stat::StatRequest;
use crate::transfer::write::create::{Identity, in_head};

/// The time for a check. If it fails, the success that lakeFS reports is believed.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a request does, for error messages: the operation and its description.
pub(crate) type Action<'a> = (&'static str, &'a str);

/// Returns the result of a creation whose object has this identity. If another object was committed at its path in the
/// meantime, restores that one.
///
/// # Errors
/// Those of the creation. [`PreconditionFailed`](ErrorKind::PreconditionFailed): another writer has created the object.
pub(crate) async fn confirm(
    object: &ObjectScope,
    identity: &Identity,
    (operation, action): Action<'_>,
    creation: impl Future<Output = Result<ObjectStats>>,
) -> Result<ObjectStats> {
    let (created, before) = futures::join!(creation, committed(object));
    let created = created?;
    // An object that was committed before the creation has been deleted since.
    let Ok(None) = before else { return Ok(created) };
    let other = match committed(object).await {
        Ok(Some(found)) if !identity.is_of(&found, None, Instant::now()) => found,
        _ => return Ok(created),
    };
    let message = "another writer created the object at the same time, and a commit contains it";
    let error =
        Error::new(ErrorKind::PreconditionFailed, "", message).during(operation, || action.to_owned());
    match restore(object, identity, other).await {
        Ok(()) => Err(error.after(1, false)),
        Err(failure) => Err(error.after(1, true).with_source(failure)),
    }
}

/// Returns the object in the head commit of the branch.
async fn committed(object: &ObjectScope) -> Result<Option<ObjectStats>> {
    match timeout(TIMEOUT, StatRequest::new(in_head(object)).send()).await {
        Ok(found) => optional(found),
        Err(_) => Err(Error::transport(ErrorKind::Timeout, "the check took too long", true)),
    }
}

/// Replaces the object of the failed creation, if it is still there, by the committed one. Its data are not copied.
async fn restore(object: &ObjectScope, identity: &Identity, committed: ObjectStats) -> Result<()> {
    let current = optional(StatRequest::new(object.clone()).send().await)?;
    if !current.is_some_and(|current| identity.is_of(&current, None, Instant::now())) {
        return Ok(());
    }
    let body = ObjectStageCreation {
        physical_address: committed.physical_address,
        checksum: committed.checksum,
        size_bytes: committed.size_bytes.unwrap_or_default(),
        content_type: committed.content_type,
        force: None,
        metadata: committed.metadata,
        mtime: Some(committed.mtime),
    };
    let request = object.api().stage_object().repository(object.repository().name());
    request.branch(object.reference().expression()).path(object.path()).body(body).send().await?;
    Ok(())
}
