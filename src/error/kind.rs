//! The kinds of errors, and what tells them apart: statuses, and the words of the server.

use std::io;

use reqwest::StatusCode;

/// The kinds of [`Error`](super::Error), by what a program would do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The repository, branch, tag, commit, object or other thing does not exist.
    NotFound,
    /// It exists already, or another writer was faster.
    Conflict,
    /// Both sides changed the same paths; [`Error::conflicts`](super::Error::conflicts) names them.
    MergeConflict,
    /// There is nothing to commit, merge or revert.
    NoChanges,
    /// The credentials are missing, wrong or expired.
    Unauthenticated,
    /// The credentials are good, but do not permit this.
    PermissionDenied,
    /// A branch protection rule, a read-only repository or its default branch stand against it.
    WriteProtected,
    /// A condition of the request (`if_match`, `if_none_match`) did not hold.
    PreconditionFailed,
    /// The object is the one that the caller has already (`if_none_match` on a read).
    NotModified,
    /// A hook of the repository refused it; [`Error::action_run_id`](super::Error::action_run_id) leads to what the hook said.
    HookFailed,
    /// It was cancelled, by this program or by another one.
    Cancelled,
    /// The request itself is wrong: a name, a reference, an option.
    InvalidRequest,
    /// It existed, and its data are gone, or the repository is being deleted.
    DataDeleted,
    /// Too many requests, also after the retries.
    RateLimited,
    /// This server, or the storage behind it, cannot do this.
    Unsupported,
    /// The server failed.
    Server,
    /// The server could not be reached, or the connection broke.
    Transport,
    /// The server took too long.
    Timeout,
    /// The reply is not what the contract says.
    Decode,
    /// The client is not configured, or not well.
    Config,
    /// The data that arrived are not the data that were sent.
    Integrity,
    /// The caller's own work in a transaction failed.
    Aborted,
}

impl ErrorKind {
    /// The kind of a reply that is not a success. lakeFS has no codes of its own, so its texts have to tell.
    pub(super) fn of_reply(operation: &str, status: StatusCode, message: &str, spoken: bool) -> Self {
        let says = |text: &str| message.contains(text);
        match status.as_u16() {
            304 => Self::NotModified,
            400 if says("no changes") => Self::NoChanges,
            400 if says("operation not supported") => Self::Unsupported,
            401 if says("insufficient permissions") => Self::PermissionDenied,
            401 => Self::Unauthenticated,
            403 if says("protected branch") || says("read-only repository") || says("default branch") => {
                Self::WriteProtected
            }
            403 if says("not supported") => Self::Unsupported,
            403 => Self::PermissionDenied,
            404 if !spoken || says("invalid API endpoint") => Self::Unsupported,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            409 if says("must specify") => Self::InvalidRequest,
            409 if matches!(
                operation,
                "merge_into_branch" | "merge_pull_request" | "revert_branch" | "cherry_pick"
            ) =>
            {
                Self::MergeConflict
            }
            409 => Self::Conflict,
            410 => Self::DataDeleted,
            412 if says("hook aborted") => Self::HookFailed,
            412 => Self::PreconditionFailed,
            429 => Self::RateLimited,
            400..=499 => Self::InvalidRequest,
            // The server answers so, too, for a name that is empty or a reference that is none.
            500 if says("validation error") || says("can't create a branch without commit") => {
                Self::InvalidRequest
            }
            500 if says("operation not supported") => Self::Unsupported,
            500 if is_lost_race(message) => Self::Conflict,
            501 => Self::Unsupported,
            _ => Self::Server,
        }
    }

    /// The kind of a refusal of the storage, by its status and its code.
    pub(super) fn of_storage(status: StatusCode, code: &str) -> Self {
        match (status.as_u16(), code) {
            (_, "BadDigest" | "Md5Mismatch" | "InvalidDigest") => Self::Integrity,
            (_, "SlowDown" | "ServerBusy") | (429, _) => Self::RateLimited,
            (_, "RequestTimeout") | (408 | 504, _) => Self::Timeout,
            // What expires is the signature, or the credentials behind it.
            (_, "ExpiredToken") | (401 | 403, _) => Self::PermissionDenied,
            (404, _) => Self::NotFound,
            (409, _) => Self::Conflict,
            (412, _) => Self::PreconditionFailed,
            (501, _) => Self::Unsupported,
            (400..=499, _) => Self::InvalidRequest,
            _ => Self::Server,
        }
    }

    /// The kind of what failed in the background, by the server's report of it.
    pub(super) fn of_task(message: &str) -> Self {
        match message {
            words if words.contains("hook aborted") => Self::HookFailed,
            words if words.contains("read-only repository") => Self::WriteProtected,
            words if words.contains("dirty branch") => Self::InvalidRequest,
            words if words.ends_with("Canceled") => Self::Cancelled,
            words if words.ends_with("forbidden") => Self::PermissionDenied,
            words if words.ends_with("not found") => Self::NotFound,
            words if words.ends_with("No data") => Self::DataDeleted,
            _ => Self::Server,
        }
    }
}

/// Whether it is said that two writers met on one branch. A database in memory adds where.
pub(super) fn is_lost_race(message: &str) -> bool {
    message.rsplit_once("predicate failed").is_some_and(|(before, after)| {
        (before.is_empty() || before.ends_with(": "))
            && (after.is_empty() || after.starts_with(": partition="))
    })
}

impl From<ErrorKind> for io::ErrorKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Conflict => Self::AlreadyExists,
            ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::WriteProtected => {
                Self::PermissionDenied
            }
            ErrorKind::InvalidRequest => Self::InvalidInput,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Timeout => Self::TimedOut,
            ErrorKind::Decode | ErrorKind::Integrity => Self::InvalidData,
            _ => Self::Other,
        }
    }
}
