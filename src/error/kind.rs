//! The kinds of errors.

use std::{fmt, io};

/// The category of an [`Error`](super::Error). Errors of one kind call for the same reaction.
///
/// Kinds may be added in later versions, so a `match` needs a wildcard arm. `Display` writes the kind in words, such as
/// `not found`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The repository, branch, tag, commit, object or other resource does not exist.
    ///
    /// `get_opt` and `exists` return `None` and `false` instead of this error.
    NotFound,
    /// A resource of this name already exists: HTTP status 409 of a `create` call or of the setup.
    ///
    /// Use another name, or use the existing resource.
    AlreadyExists,
    /// The operation lost a race with another writer, or the state of the resource does not allow it.
    ///
    /// Nothing was changed. After a lost race, [`Error::is_retryable`](super::Error::is_retryable) returns `true`:
    /// retry the same call.
    Conflict,
    /// Both sides of a merge, revert or cherry-pick changed the same paths, or a working copy and its ref did.
    ///
    /// [`Error::conflicts`](super::Error::conflicts) lists the paths. Resolve those of a merge with a strategy or
    /// [path by path](crate::requests::MergeRequest::resolve), or change one of the sides.
    MergeConflict,
    /// There is nothing to commit, merge or revert.
    ///
    /// To make an empty commit anyway, set `allow_empty`.
    NoChanges,
    /// The branch has uncommitted changes, and the operation requires that it has none.
    ///
    /// Commit the changes, or discard them with `reset`. For local changes of a working copy, use its `commit` and
    /// `discard`.
    UncommittedChanges,
    /// The credentials are missing, wrong or expired: HTTP status 401. Or a
    /// [`CredentialProvider`](crate::CredentialProvider) returned none; there is no status then.
    ///
    /// Check the access key, or renew the token.
    Unauthenticated,
    /// The credentials are valid but do not permit the operation.
    ///
    /// Ask an administrator of lakeFS for the permission; for a failed access to a storage, check the permissions of
    /// lakeFS there.
    PermissionDenied,
    /// The branch is protected, the repository is read-only, or the branch is the default branch.
    ///
    /// Write to another branch and merge it, or set `force` for a read-only repository.
    WriteProtected,
    /// A condition of the request (`if_match`, `if_none_match`) does not hold: HTTP status 412.
    PreconditionFailed,
    /// The object still has the `ETag` that was passed to `if_none_match` of a read: HTTP status 304.
    ///
    /// Use the copy that you have.
    NotModified,
    /// The requested range lies outside the object: HTTP status 416.
    ///
    /// Read the size with `stat` and request a range within it.
    RangeNotSatisfiable,
    /// A hook of the repository rejected the operation.
    ///
    /// [`Error::action_run_id`](super::Error::action_run_id) identifies the run; its hook runs hold the output.
    HookFailed,
    /// The operation was cancelled, by this program or by another client.
    Cancelled,
    /// The request is invalid: a name, a ref expression or an option.
    ///
    /// The message names the problem. Correct the request: a retry of the same call fails again.
    InvalidRequest,
    /// The resource existed, but its data were deleted: HTTP status 410.
    ///
    /// Garbage collection or a lifecycle rule of the storage removed the data, or the repository is being deleted.
    DataDeleted,
    /// The server or the storage received too many requests and rejected this one, also when it was retried.
    ///
    /// Send fewer requests at once, or raise the limits of the [`RetryPolicy`](crate::RetryPolicy).
    RateLimited,
    /// This version of the server, or its storage, does not support the operation.
    Unsupported,
    /// The response does not come from lakeFS: a web page, the `404` of a proxy, or a redirect.
    ///
    /// Check the endpoint, and the proxies between this program and the server. The message has the endpoint, the
    /// status, the media type and the start of the body.
    UnexpectedResponse,
    /// The server or the storage failed with a status of 5xx, or gave the request up with status 499.
    ///
    /// Look up [`Error::request_id`](super::Error::request_id) in the logs of the server.
    Server,
    /// The connection could not be established, or it broke before the response was complete.
    ///
    /// The message has the endpoint and the cause: an unknown host, a refused connection, an untrusted certificate, or
    /// `https` and `http` mixed up.
    Transport,
    /// The server or the storage did not respond in time.
    ///
    /// See [`ClientBuilder::response_timeout`](crate::ClientBuilder::response_timeout) and
    /// [`connect_timeout`](crate::ClientBuilder::connect_timeout).
    Timeout,
    /// A local file, directory or stream failed.
    ///
    /// The [`source`](std::error::Error::source) is the [`std::io::Error`].
    Io,
    /// lakeFS sent a successful response that cannot be decoded.
    ///
    /// This is a bug of this crate, or a server of an incompatible version; please report it.
    Decode,
    /// The client is not configured, or its configuration is invalid.
    ///
    /// The message names the variable, the file or the option.
    Config,
    /// The received data differs from the data that was sent: a size or a checksum does not match.
    Integrity,
}

impl ErrorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::Conflict => "conflict",
            Self::MergeConflict => "merge conflict",
            Self::NoChanges => "no changes",
            Self::UncommittedChanges => "uncommitted changes",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission denied",
            Self::WriteProtected => "write-protected",
            Self::PreconditionFailed => "precondition failed",
            Self::NotModified => "not modified",
            Self::RangeNotSatisfiable => "range not satisfiable",
            Self::HookFailed => "hook failed",
            Self::Cancelled => "cancelled",
            Self::InvalidRequest => "invalid request",
            Self::DataDeleted => "data deleted",
            Self::RateLimited => "rate limited",
            Self::Unsupported => "unsupported",
            Self::UnexpectedResponse => "unexpected response",
            Self::Server => "server error",
            Self::Transport => "transport error",
            Self::Timeout => "timeout",
            Self::Io => "I/O error",
            Self::Decode => "invalid response",
            Self::Config => "invalid configuration",
            Self::Integrity => "integrity error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<ErrorKind> for io::ErrorKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::AlreadyExists => Self::AlreadyExists,
            ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::WriteProtected => {
                Self::PermissionDenied
            }
            ErrorKind::InvalidRequest | ErrorKind::RangeNotSatisfiable => Self::InvalidInput,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Timeout => Self::TimedOut,
            ErrorKind::Decode | ErrorKind::Integrity | ErrorKind::UnexpectedResponse => Self::InvalidData,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_displayed_in_words() {
        assert_eq!(ErrorKind::NotFound.to_string(), "not found");
        assert_eq!(format!("{:>20}", ErrorKind::RateLimited), "        rate limited");
    }
}
