//! The kind of a failed response. lakeFS has no error codes, so its messages distinguish the kinds.

use super::kind::ErrorKind;

/// Operations for which status 409 means that two sides changed the same paths.
const MERGES: [&str; 4] = ["merge_into_branch", "merge_pull_request", "revert_branch", "cherry_pick"];

/// The kind of an error that lakeFS reports with `status` and `message`.
pub(super) fn of_lakefs(operation: &str, status: u16, message: &str) -> ErrorKind {
    let says = |text: &str| message.contains(text);
    match status {
        400 if says("no changes") => ErrorKind::NoChanges,
        400 if is_uncommitted_changes(message) => ErrorKind::UncommittedChanges,
        401 if says("insufficient permissions") => ErrorKind::PermissionDenied,
        403 if says("protected branch") || says("read-only repository") || says("default branch") => {
            ErrorKind::WriteProtected
        }
        403 if says("not supported") => ErrorKind::Unsupported,
        // Servers before 1.75 report an unknown operation with 500.
        404 | 500 if says("invalid API endpoint") => ErrorKind::Unsupported,
        404 => ErrorKind::NotFound,
        409 if says("must specify") => ErrorKind::InvalidRequest,
        409 if MERGES.contains(&operation) => ErrorKind::MergeConflict,
        409 if is_creation(operation) || says("not unique") || says("lready exists") => {
            ErrorKind::AlreadyExists
        }
        // A broken file of actions aborts the operation with 500.
        412 | 500 if says("hook aborted") => ErrorKind::HookFailed,
        // The server reports empty names and invalid ref expressions with 500, too.
        500 if says("validation error") || says("can't create a branch without commit") => {
            ErrorKind::InvalidRequest
        }
        400 | 500 if says("operation not supported") => ErrorKind::Unsupported,
        // The local storage reports so if the last bytes of an empty object are requested.
        500 if operation == "get_object" && message == "bad index" => ErrorKind::RangeNotSatisfiable,
        500 if is_lost_race(message) => ErrorKind::Conflict,
        _ => of_status(status),
    }
}

/// The message of a failed response to HEAD, which has none; empty if the status says nothing about the resource.
pub(super) fn message_of_head(status: u16) -> String {
    let message = match status {
        404 => "the object, the ref or the repository does not exist",
        410 => "the data of the object was deleted",
        416 => "the range is outside the object",
        _ => "",
    };
    message.to_owned()
}

/// The kind of a failed response without a lakeFS error: its body is that of a proxy, or empty.
///
/// A proxy does not know lakeFS's resources: its 404 does not mean that one is missing.
pub(super) fn of_foreign(status: u16) -> ErrorKind {
    match status {
        304 => ErrorKind::NotModified,
        100..=399 | 400 | 404 | 405 => ErrorKind::UnexpectedResponse,
        _ => of_status(status),
    }
}

/// The kind that follows from the status alone.
pub(super) fn of_status(status: u16) -> ErrorKind {
    match status {
        304 => ErrorKind::NotModified,
        100..=399 => ErrorKind::UnexpectedResponse,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        409 => ErrorKind::Conflict,
        410 => ErrorKind::DataDeleted,
        412 => ErrorKind::PreconditionFailed,
        416 => ErrorKind::RangeNotSatisfiable,
        429 => ErrorKind::RateLimited,
        400..=498 => ErrorKind::InvalidRequest,
        501 => ErrorKind::Unsupported,
        // Also 499: the server or a proxy gave the request up, because the connection to the client seemed to be closed.
        _ => ErrorKind::Server,
    }
}

/// The kind of a failed response of a storage, by its status and error code.
pub(super) fn of_storage(operation: &str, status: u16, code: &str) -> ErrorKind {
    match (status, code) {
        (_, "BadDigest" | "Md5Mismatch" | "InvalidDigest") => ErrorKind::Integrity,
        (_, "SlowDown" | "ServerBusy") => ErrorKind::RateLimited,
        (_, "RequestTimeout") => ErrorKind::Timeout,
        // The signature expired, or the credentials that it was made with.
        (_, "ExpiredToken") | (401, _) => ErrorKind::PermissionDenied,
        // The object exists in lakeFS.
        (404, _) if operation.starts_with("get_") && operation.ends_with("object") => ErrorKind::DataDeleted,
        (410, _) => ErrorKind::InvalidRequest,
        _ => of_status(status),
    }
}

/// The kind of a background task's failure, by the message of the server.
pub(super) fn of_task(message: &str) -> ErrorKind {
    match message {
        text if text.contains("hook aborted") => ErrorKind::HookFailed,
        text if text.contains("read-only repository") => ErrorKind::WriteProtected,
        text if is_uncommitted_changes(text) => ErrorKind::UncommittedChanges,
        text if text.ends_with("Canceled") => ErrorKind::Cancelled,
        text if text.ends_with("forbidden") => ErrorKind::PermissionDenied,
        text if text.ends_with("not found") => ErrorKind::NotFound,
        text if text.ends_with("No data") => ErrorKind::DataDeleted,
        _ => ErrorKind::Server,
    }
}

/// Whether the message reports that two writers changed one branch at the same time. The in-memory database of a server
/// adds the key.
pub(super) fn is_lost_race(message: &str) -> bool {
    message.rsplit_once("predicate failed").is_some_and(|(before, after)| {
        (before.is_empty() || before.ends_with(": "))
            && (after.is_empty() || after.starts_with(": partition="))
    })
}

fn is_uncommitted_changes(message: &str) -> bool {
    message.contains("dirty branch") || message.contains("on a branch with uncommitted changes")
}

/// Whether status 409 of an operation means that the resource exists.
fn is_creation(operation: &str) -> bool {
    operation.starts_with("create_") || operation.starts_with("setup")
}
