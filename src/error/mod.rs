//! The error type of this crate. Only this module converts responses to errors.
//!
//! This module uses no HTTP library and no generated code: it receives statuses, media types and bodies as plain data.

mod classify;
mod constructors;
mod details;
mod kind;
mod one_line;
mod response;
mod retry_hint;
mod temporary_branch;

use std::sync::Arc;
use std::{fmt, io};

pub(crate) use details::TEMPORARY_BRANCH_PREFIX;
pub use details::{Conflict, FailedObject};
pub use kind::ErrorKind;
pub(crate) use response::{ErrorResponse, ResponseOrigin};
pub(crate) use retry_hint::RetryHint;

use details::ConflictList;
use one_line::OneLine;

/// The result of the calls of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Shared by the copies of an error.
type Source = Arc<dyn std::error::Error + Send + Sync>;

/// A failed call: its kind, what was attempted, and why it failed.
///
/// `Display` writes one line with the operation, the resource and the cause, such as
/// `commit to branch "exp" of repository "example": no changes`. Where the connection failed, the line has the endpoint
/// (never a query, a user name or a signature) and the reason. A long message is cut; [`message`](Self::message) returns all
/// of it. Errors contain no secrets.
///
/// To decide how to react, use [`kind`](Self::kind), [`is_retryable`](Self::is_retryable) and
/// [`is_outcome_unknown`](Self::is_outcome_unknown):
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// use lakefs::ErrorKind;
///
/// match client.repository("example").branch("exp").commit("Add data").await {
///     Ok(commit) => println!("{}", commit.id),
///     Err(error) if error.kind() == ErrorKind::NoChanges => println!("nothing to commit"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    /// What was attempted: `commit to branch "exp" of repository "example"`.
    action: String,
    message: String,
    operation: Option<&'static str>,
    response: Option<ErrorResponse>,
    /// Who wrote the response.
    writer: Writer,
    /// It is certain that the attempt changed nothing.
    not_applied: bool,
    /// This attempt or an earlier one may have taken effect.
    outcome_unknown: bool,
    /// The client found that a branch moved, before it changed anything.
    lost_race: bool,
    attempts: u32,
    retry_hint: RetryHint,
    conflicts: ConflictList,
    failed_objects: Vec<FailedObject>,
    source: Option<Source>,
}

/// Who wrote a response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// lakeFS: the body is one of its errors.
    Lakefs,
    /// A storage that a pre-signed URL names.
    Storage,
    /// Anything else, such as a proxy or a web page; or there was no response.
    Foreign,
}

impl Error {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the HTTP status, if there was a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.response.as_ref().map(|response| response.status)
    }

    /// Returns the cause alone: the message of the server, where it sent one.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the identifier of the request in the logs of the server, or of the storage.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.response.as_ref()?.request_id.as_deref()
    }

    /// Returns the operation of the API that was called: the name of a method of [`api::Client`](crate::api::Client).
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// Returns the first 64 KiB of the body of the response.
    ///
    /// Empty if there was none, if it came from a storage, or if responses of the operation can contain a secret.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.0.response.as_ref().map_or(&[], |response| &response.body)
    }

    /// Returns how many times the request was sent. 0 if the call failed before that.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the conflicting paths of a [`MergeConflict`](ErrorKind::MergeConflict), in the order of the paths.
    ///
    /// lakeFS does not report them, so the client compares both sides when a merge, a cherry-pick or a revert fails. The
    /// comparison takes at most 10 seconds and 20 pages of changes, and finds at most 10,000 paths;
    /// [`conflicts_truncated`](Self::conflicts_truncated) returns whether the list may lack paths.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.0.conflicts.conflicts
    }

    /// Returns whether the list of [conflicts](Self::conflicts) may lack paths: a limit was reached, or a request for
    /// them failed.
    ///
    /// [`Branch::conflicts_with`](crate::Branch::conflicts_with) lists all conflicts of a merge without these limits.
    /// Always `false` for errors of another kind than [`MergeConflict`](ErrorKind::MergeConflict).
    #[must_use]
    pub fn conflicts_truncated(&self) -> bool {
        self.0.conflicts.is_truncated
    }

    /// Returns the objects that could not be deleted, or transferred from or to a directory.
    #[must_use]
    pub fn failed_objects(&self) -> &[FailedObject] {
        &self.0.failed_objects
    }

    /// Returns the id of the action run of a [`HookFailed`](ErrorKind::HookFailed), to pass to
    /// [`Repository::action_run`](crate::Repository::action_run).
    #[must_use]
    pub fn action_run_id(&self) -> Option<&str> {
        let message = (self.kind() == ErrorKind::HookFailed).then(|| self.message())?;
        message.split_once("hook aborted, run id '")?.1.split_once('\'').map(|(id, _)| id)
    }

    /// Returns whether the same call may succeed later without a change by the caller.
    ///
    /// The client has already retried idempotent operations. Before you retry another one, such as a commit, check
    /// [`is_outcome_unknown`](Self::is_outcome_unknown).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimited | ErrorKind::Transport | ErrorKind::Timeout => {
                self.retry_hint() != RetryHint::Never
            }
            ErrorKind::Conflict => self.is_lost_race(),
            ErrorKind::Server => matches!(self.status(), Some(502..=504)),
            _ => false,
        }
    }

    /// Returns whether the operation may have taken effect although it failed, because a response was lost.
    ///
    /// The client checks this where it can; `true` means that it could not determine the outcome. Check the state of
    /// the resource before you retry the call. Always `false` for idempotent operations, except uploads whose data cannot
    /// be sent again.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// Whether two writers changed one branch at the same time, and this one changed nothing.
    pub(crate) fn is_lost_race(&self) -> bool {
        self.0.lost_race || (self.status() == Some(500) && classify::is_lost_race(self.message()))
    }

    /// Whether lakeFS itself wrote the response.
    pub(crate) fn is_from_lakefs(&self) -> bool {
        self.0.writer == Writer::Lakefs
    }

    /// Whether a storage wrote the response.
    pub(crate) fn is_from_storage(&self) -> bool {
        self.0.writer == Writer::Storage
    }

    /// Whether it is certain that the attempt changed nothing. For a response of the server, the HTTP layer decides.
    pub(crate) fn not_applied(&self) -> bool {
        self.0.not_applied
    }

    /// Whether the error is retried less than the retry policy permits.
    pub(crate) fn retry_hint(&self) -> RetryHint {
        self.0.retry_hint
    }

    /// Whether a storage does not serve a request, and would not serve it at another attempt either. A range outside the
    /// object is a result, not a refusal.
    pub(crate) fn is_refused_by_storage(&self) -> bool {
        let is_refusal = |status| matches!(status, 300..=499) && !matches!(status, 408 | 416 | 429);
        self.is_from_storage() && self.status().is_some_and(is_refusal)
    }

    /// Whether no connection could be established.
    pub(crate) fn is_unreached(&self) -> bool {
        let is_transport = matches!(self.kind(), ErrorKind::Transport | ErrorKind::Timeout);
        is_transport && self.not_applied() && self.status().is_none()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { action, message, attempts, outcome_unknown, .. } = &*self.0;
        if !action.is_empty() {
            write!(f, "{}: ", OneLine(action))?;
        }
        write!(f, "{}", OneLine(message))?;
        if *attempts > 1 {
            write!(f, " (after {attempts} attempts)")?;
        }
        if *outcome_unknown {
            f.write_str("; the outcome is unknown: it may have taken effect")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &inner.kind).field("action", &inner.action).field("message", &inner.message);
        if let Some(operation) = inner.operation {
            debug.field("operation", &operation);
        }
        if let Some(response) = &inner.response {
            debug.field("status", &response.status).field("request_id", &response.request_id);
        }
        if inner.attempts > 1 {
            debug.field("attempts", &inner.attempts);
        }
        if inner.outcome_unknown {
            debug.field("outcome_unknown", &true);
        }
        if let Some(source) = &inner.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

impl From<Error> for io::Error {
    /// Wraps the error. For [`ErrorKind::Io`], the result has the [`io::ErrorKind`] of the local failure. For other
    /// kinds, it has the [`io::ErrorKind`] that corresponds to [`kind`](Error::kind).
    fn from(error: Error) -> Self {
        let local = error.0.source.as_ref().and_then(|source| source.downcast_ref::<io::Error>());
        let kind = match local {
            Some(local) if error.kind() == ErrorKind::Io => local.kind(),
            _ => error.kind().into(),
        };
        Self::new(kind, error)
    }
}

/// The message of a request with a name that no URL can contain.
pub(crate) const INVALID_NAME: &str = "cannot be a name in a request";

/// Returns `None` for a resource that does not exist, or that cannot exist because its name is invalid.
pub(crate) fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound || has_invalid_name(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn has_invalid_name(error: &Error) -> bool {
    let says = |text: &str| error.message().contains(text);
    error.kind() == ErrorKind::InvalidRequest
        && match error.status() {
            Some(_) => says("invalid value: validation error"),
            None => says(INVALID_NAME),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_resource_is_none() {
        let of = |kind, message: String| optional::<()>(Err(Error::new(kind, "", message)));
        assert_eq!(optional(Ok(7)).unwrap(), Some(7));
        assert!(of(ErrorKind::NotFound, "branch not found".to_owned()).unwrap().is_none());
        assert!(of(ErrorKind::InvalidRequest, format!("\"..\" {INVALID_NAME}")).unwrap().is_none());
        assert!(of(ErrorKind::InvalidRequest, "wrong".to_owned()).is_err());
        assert!(of(ErrorKind::UnexpectedResponse, "not found".to_owned()).is_err());
    }
}
