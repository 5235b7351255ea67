//! Converts errors of this crate to errors of the `object_store` crate.

use std::sync::Arc;

use super::version::object_store;
use super::version::object_store::path::Path;
use crate::error::{Error, ErrorKind};

/// The name of this store in errors.
const STORE: &str = "lakeFS";

/// Converts the error of a read of the object at `location`, and keeps it as the source.
pub(super) fn read_error(location: &Path, error: impl Into<Cause>) -> object_store::Error {
    let Cause { kind, source } = error.into();
    convert(kind, location, source)
}

/// Converts the error of a write or a deletion.
///
/// If the branch was not found, the error is `NotSupported`: a caller that deletes takes `NotFound` for success.
pub(super) fn write_error(location: &Path, error: impl Into<Cause>) -> object_store::Error {
    let Cause { kind, source } = error.into();
    let kind = if kind == ErrorKind::NotFound { ErrorKind::Unsupported } else { kind };
    convert(kind, location, source)
}

/// An error with its kind. Several objects may share the error.
pub(super) struct Cause {
    kind: ErrorKind,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        Self { kind: kind_of(&error), source: error.into() }
    }
}

impl From<&Arc<Error>> for Cause {
    fn from(error: &Arc<Error>) -> Self {
        Self { kind: kind_of(error), source: error.clone().into() }
    }
}

/// The kind of an error. A failed precondition with an unknown outcome is none that a caller may rely on.
fn kind_of(error: &Error) -> ErrorKind {
    match error.kind() {
        ErrorKind::PreconditionFailed if error.is_outcome_unknown() => ErrorKind::Conflict,
        kind => kind,
    }
}

fn convert(
    kind: ErrorKind,
    location: &Path,
    source: Box<dyn std::error::Error + Send + Sync>,
) -> object_store::Error {
    use super::version::object_store::Error as Converted;
    let path = location.to_string();
    match kind {
        ErrorKind::NotFound => Converted::NotFound { path, source },
        // The only precondition that this store sends with a write is that no object exists.
        ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists => Converted::AlreadyExists { path, source },
        ErrorKind::NotModified => Converted::NotModified { path, source },
        ErrorKind::Unauthenticated => Converted::Unauthenticated { path, source },
        ErrorKind::PermissionDenied | ErrorKind::WriteProtected => {
            Converted::PermissionDenied { path, source }
        }
        ErrorKind::Unsupported => Converted::NotSupported { source },
        // `DataDeleted` is not `NotFound`: the object exists, and its data are lost.
        _ => Converted::Generic { store: STORE, source },
    }
}

/// An error that no request returned.
pub(super) fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> object_store::Error {
    object_store::Error::Generic { store: STORE, source: source.into() }
}

/// The error of an operation or an option that this store does not implement.
pub(super) fn not_implemented(operation: &str) -> object_store::Error {
    object_store::Error::NotImplemented { operation: operation.to_owned(), implementer: STORE.to_owned() }
}
