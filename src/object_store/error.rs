//! From errors of this crate to those of the `object_store` crate.

use std::sync::Arc;

use object_store::path::Path;

use crate::{Error, ErrorKind};

/// How errors name this store.
const STORE: &str = "lakeFS";

/// What an error of a read means for the object at `location`. It is kept as the source.
pub(super) fn failure(location: &Path, error: impl Into<Failure>) -> object_store::Error {
    let Failure { kind, source } = error.into();
    of_kind(kind, location, source)
}

/// The same for a write, where it is the branch that was not found. That is no `NotFound`, which those who delete take
/// for a success.
pub(super) fn not_written(location: &Path, error: impl Into<Failure>) -> object_store::Error {
    let Failure { kind, source } = error.into();
    let kind = if kind == ErrorKind::NotFound { ErrorKind::Unsupported } else { kind };
    of_kind(kind, location, source)
}

/// An error, which can be that of many objects at once.
pub(super) struct Failure {
    kind: ErrorKind,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { kind: error.kind(), source: error.into() }
    }
}

impl From<&Arc<Error>> for Failure {
    fn from(error: &Arc<Error>) -> Self {
        Self { kind: error.kind(), source: error.clone().into() }
    }
}

fn of_kind(
    kind: ErrorKind,
    location: &Path,
    source: Box<dyn std::error::Error + Send + Sync>,
) -> object_store::Error {
    use object_store::Error as Out;
    let path = location.to_string();
    match kind {
        ErrorKind::NotFound => Out::NotFound { path, source },
        // The one condition that this store sends with a write is that there be no object.
        ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists => Out::AlreadyExists { path, source },
        ErrorKind::NotModified => Out::NotModified { path, source },
        ErrorKind::Unauthenticated => Out::Unauthenticated { path, source },
        ErrorKind::PermissionDenied | ErrorKind::WriteProtected => Out::PermissionDenied { path, source },
        ErrorKind::Unsupported => Out::NotSupported { source },
        // `Gone` as well: that there is no object would be another thing to say than that its data are lost.
        _ => Out::Generic { store: STORE, source },
    }
}

/// A failure that is none of a call.
pub(super) fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> object_store::Error {
    object_store::Error::Generic { store: STORE, source: source.into() }
}

/// What this store cannot do, and does not do in part.
pub(super) fn not_implemented(operation: &str) -> object_store::Error {
    object_store::Error::NotImplemented { operation: operation.to_owned(), implementer: STORE.to_owned() }
}
