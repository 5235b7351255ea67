//! Checks before the data of an upload are sent.
//!
//! lakeFS reports a missing branch and an existing object only after it has received the data, or after the storage
//! has. For large data, it is cheaper to check first.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::transfer::part_size::MIN_PRESIGNED_LENGTH;
use crate::transfer::stat::StatRequest;
use crate::transfer::write::spec::UploadSpec;

/// The time for a check. The data are sent without it if it takes longer or fails: the server then reports what is wrong.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Checks the branch and the path of a conditional upload, if the data are large or their length is unknown.
///
/// # Errors
/// [`PreconditionFailed`](ErrorKind::PreconditionFailed): there is an object. [`NotFound`](ErrorKind::NotFound): the
/// branch does not exist.
pub(crate) async fn condition(spec: &UploadSpec, length: Option<u64>) -> Result<()> {
    if !spec.is_create() || length.is_some_and(|length| length < MIN_PRESIGNED_LENGTH) {
        return Ok(());
    }
    let stat = StatRequest::new(spec.object.clone()).user_metadata(false).send();
    let (branch, object) = futures::join!(branch(spec), tokio::time::timeout(TIMEOUT, stat));
    branch?;
    match object {
        Ok(Ok(_)) => {
            let message = "path already exists; the data were not sent";
            Err(spec.failed(Error::new(ErrorKind::PreconditionFailed, "", message)))
        }
        _ => Ok(()),
    }
}

/// Checks that the branch exists.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound): the branch does not exist.
pub(crate) async fn branch(spec: &UploadSpec) -> Result<()> {
    let object = &spec.object;
    let request = object.api().get_branch().repository(object.repository().name());
    let request = request.branch(object.reference().expression()).send();
    match tokio::time::timeout(TIMEOUT, request).await {
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
