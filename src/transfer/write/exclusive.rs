//! Exclusive creations that lakeFS accepts from two writers.
//!
//! If a commit ends while lakeFS evaluates the condition of a second creator, it can miss the object of the first one,
//! which the commit has just moved out of the staging area. It accepts both creators, and the uncommitted object of the
//! second one hides the committed object of the first one. [`confirm`] notices that, and lets the second one fail.
//!
//! The first one may have been refused because of the same commit, and have found the object of the second one. It waits
//! until that one gives way.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result, optional};
use crate::http::reconcile::Checks;
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
    let created = match created {
        Ok(created) => created,
        Err(error) if error.kind() == ErrorKind::PreconditionFailed && matches!(before, Ok(None)) => {
            return reclaim(object, identity, error).await;
        }
        Err(error) => return Err(error),
    };
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

/// Returns the result of a creation that was refused because another object exists, and whose own object did not exist
/// before it in the head commit. If it does now, the other object hides it, and the writer of that one restores it.
async fn reclaim(object: &ObjectScope, identity: &Identity, error: Error) -> Result<ObjectStats> {
    let is_own = |found: &ObjectStats| identity.is_of(found, None, Instant::now());
    if !matches!(committed(object).await, Ok(Some(found)) if is_own(&found)) {
        return Err(error);
    }
    let mut checks = Checks::start_fast(object.api().retries());
    loop {
        match checks.run(StatRequest::new(object.clone()).send()).await {
            Ok(current) if is_own(&current) => return Ok(current),
            // The other writer has not noticed it, or never will.
            _ if !checks.wait().await => {
                let attempts = error.attempts();
                return Err(error.after(attempts, true));
            }
            _ => {}
        }
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
