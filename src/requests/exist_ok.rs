//! The option `exist_ok` of requests that create something.

use crate::error::{ErrorKind, Result};

/// Replaces the error that something exists already by what exists, if the caller accepts that.
///
/// The error stays where `get` finds nothing: the name is then that of something else, such as a tag where a branch
/// was to be created.
pub(crate) async fn or_existing<T>(
    created: Result<T>,
    exist_ok: bool,
    get: impl Future<Output = Result<Option<T>>>,
) -> Result<T> {
    match created {
        Err(error) if exist_ok && error.kind() == ErrorKind::AlreadyExists => get.await?.ok_or(error),
        created => created,
    }
}
