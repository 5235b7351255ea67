//! The error type of this crate. Only this module converts responses to errors.
//!
//! This module uses no HTTP library and no generated code: it receives statuses, media types and bodies as plain data.

mod classify;
mod details;
mod kind;
mod one_line;
mod response;
mod retry_hint;
mod temporary_branch;

use std::sync::Arc;
use std::{fmt, io};

use bytes::Bytes;

pub(crate) use details::TEMPORARY_BRANCH_PREFIX;
pub use details::{Conflict, FailedObject};
pub use kind::ErrorKind;
pub(crate) use response::{ErrorResponse, ResponseOrigin};
pub(crate) use retry_hint::RetryHint;

use details::ConflictList;
use one_line::OneLine;
use response::{ErrorPayload, storage_code};

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
    /// the resource before you retry the call. Always `false` for idempotent operations.
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

    /// Whether no connection could be established.
    pub(crate) fn is_unreached(&self) -> bool {
        let is_transport = matches!(self.kind(), ErrorKind::Transport | ErrorKind::Timeout);
        is_transport && self.not_applied() && self.status().is_none()
    }
}

/// Constructors.
impl Error {
    pub(crate) fn new(kind: ErrorKind, action: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            action: action.into(),
            message: message.into(),
            operation: None,
            response: None,
            writer: Writer::Foreign,
            not_applied: false,
            outcome_unknown: false,
            lost_race: false,
            attempts: 0,
            retry_hint: RetryHint::Policy,
            conflicts: ConflictList::default(),
            failed_objects: Vec::new(),
            source: None,
        }))
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, "configure the client", message)
    }

    /// A request that cannot be sent.
    pub(crate) fn invalid(action: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, action, message)
    }

    /// A local file, directory or stream that failed. `message` names it and the failed action.
    pub(crate) fn io(action: impl Into<String>, message: impl fmt::Display, error: io::Error) -> Self {
        Self::new(ErrorKind::Io, action, format!("{message}: {error}")).with_source(error)
    }

    /// A request body that cannot be read to its end. The server did not receive all of it, and did nothing.
    pub(crate) fn unreadable(error: io::Error) -> Self {
        let mut new = Self::io("", "the data to send cannot be read", error);
        new.0.not_applied = true;
        new
    }

    /// A failure below HTTP. `not_applied` is whether it is certain that the server received nothing.
    pub(crate) fn transport(kind: ErrorKind, message: impl Into<String>, not_applied: bool) -> Self {
        let mut new = Self::new(kind, "", message);
        new.0.not_applied = not_applied;
        new
    }

    /// A response of the server that is not a success.
    pub(crate) fn response(origin: &ResponseOrigin, response: ErrorResponse) -> Self {
        let status = response.status;
        // A text may repeat the request, for example the one of a proxy.
        let unless_secret = |text: String| if origin.is_secret { String::new() } else { text };
        let (writer, kind, message) = match response.payload() {
            ErrorPayload::Lakefs(message) => {
                (Writer::Lakefs, classify::of_lakefs(origin.operation, status, &message), message)
            }
            ErrorPayload::Text(message) if is_text_of_lakefs(status) => {
                (Writer::Lakefs, classify::of_status(status), unless_secret(message))
            }
            ErrorPayload::Text(message) if !matches!(status, ..400 | 404 | 405) => {
                (Writer::Foreign, classify::of_status(status), unless_secret(message))
            }
            // The response to HEAD has no body that could show who wrote it. The validation of requests writes no id.
            ErrorPayload::Other
                if origin.is_head && (status == 400 || status > 400 && response.request_id.is_some()) =>
            {
                (Writer::Lakefs, classify::of_status(status), classify::message_of_head(status))
            }
            ErrorPayload::Text(_) | ErrorPayload::Other => {
                (Writer::Foreign, classify::of_foreign(status), String::new())
            }
        };
        let message = match (message.is_empty(), kind) {
            (false, _) => message,
            (true, ErrorKind::MergeConflict) => "conflict found".to_owned(),
            (true, ErrorKind::NotModified) => "not modified".to_owned(),
            (true, ErrorKind::UnexpectedResponse) => response.describe_foreign(origin),
            (true, _) => format!("{} responded with {}", origin.endpoint, response.summary()),
        };
        let mut new = Self::new(kind, "", message);
        new.0.response = Some(response.without_secrets(origin));
        new.0.writer = writer;
        new
    }

    /// A response that is a success by its status, and that lakeFS did not write: a web page, or the success of another
    /// operation.
    pub(crate) fn foreign(origin: &ResponseOrigin, response: ErrorResponse) -> Self {
        let mut new = Self::new(ErrorKind::UnexpectedResponse, "", response.describe_foreign(origin));
        new.0.response = Some(response.without_secrets(origin));
        new
    }

    /// A response of a storage that is not a success, or that was sent by another URL than the signed one.
    ///
    /// Only its error code is kept, because the body may repeat the signed request.
    pub(crate) fn storage(origin: &ResponseOrigin, is_elsewhere: bool, response: ErrorResponse) -> Self {
        let (status, endpoint) = (response.status, &origin.endpoint);
        let (kind, message) = match storage_code(&response.body) {
            _ if is_elsewhere || (300..400).contains(&status) && status != 304 => {
                let message = format!("the storage at {endpoint} redirects, which is not followed");
                (ErrorKind::UnexpectedResponse, format!("{message} (status {status})"))
            }
            Some(code) => {
                let message = format!("the storage at {endpoint} responded with status {status}: {code}");
                (classify::of_storage(origin.operation, status, code), message)
            }
            None => {
                let message = format!("the storage at {endpoint} responded with status {status}");
                (classify::of_storage(origin.operation, status, ""), message)
            }
        };
        let mut new = Self::new(kind, "", message);
        new.0.response = Some(ErrorResponse { body: Bytes::new(), ..response });
        new.0.writer = Writer::Storage;
        new.0.not_applied = true;
        new
    }

    /// A success whose body cannot be decoded. `is_document` is whether the body is complete in its format, such as JSON
    /// of another shape; anything else was not written by lakeFS.
    pub(crate) fn decode(
        origin: &ResponseOrigin,
        response: ErrorResponse,
        is_document: bool,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let new = if is_document {
            let message =
                format!("the response of {} cannot be decoded ({})", origin.endpoint, response.summary());
            let mut new = Self::new(ErrorKind::Decode, "", message);
            new.0.response = Some(response.without_secrets(origin));
            new
        } else {
            Self::foreign(origin, response)
        };
        // The message of a decoder quotes values.
        if origin.is_secret { new } else { new.with_source(source) }
    }

    /// Failures of single objects in a response that is a success. `failed` is not empty.
    pub(crate) fn objects(
        operation: &'static str,
        action: impl Into<String>,
        failed: Vec<FailedObject>,
    ) -> Self {
        let (kind, message) = match failed.first() {
            Some(first) => {
                (classify::of_lakefs(operation, first.status, &first.message), details::summary(&failed))
            }
            None => (ErrorKind::Server, "objects failed".to_owned()),
        };
        let mut new = Self::new(kind, action, message);
        new.0.operation = Some(operation);
        new.with_failed_objects(failed).with_advice()
    }

    /// A failure of a background task, as the server reports it.
    pub(crate) fn task(operation: &'static str, action: impl FnOnce() -> String, message: String) -> Self {
        Self::new(classify::of_task(&message), "", message).during(operation, action)
    }

    /// A copy, for another caller that waits for the same call.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    pub(crate) fn with_retry_hint(mut self, hint: RetryHint) -> Self {
        self.0.retry_hint = hint;
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Adds the description of the attempted action, unless the error has one.
    pub(crate) fn during(mut self, operation: &'static str, action: impl FnOnce() -> String) -> Self {
        self.0.operation.get_or_insert(operation);
        if self.0.action.is_empty() {
            self.0.action = action();
            return self.with_advice();
        }
        self
    }

    /// Sets whether it is certain that the attempt changed nothing.
    pub(crate) fn with_not_applied(mut self, not_applied: bool) -> Self {
        self.0.not_applied = not_applied;
        self
    }

    /// Adds the result of the attempts.
    pub(crate) fn after(mut self, attempts: u32, outcome_unknown: bool) -> Self {
        self.0.attempts = attempts;
        self.0.outcome_unknown = outcome_unknown;
        self
    }

    /// The first of several failures, with a message and details about all of them.
    #[cfg(feature = "fs")]
    pub(crate) fn of_many(mut self, action: impl Into<String>, failed: Vec<FailedObject>) -> Self {
        self.0.action = action.into();
        self.0.message = details::summary(&failed);
        self.with_failed_objects(failed)
    }

    pub(crate) fn with_failed_objects(mut self, failed: Vec<FailedObject>) -> Self {
        self.0.failed_objects = failed;
        self
    }

    pub(crate) fn with_conflicts(mut self, conflicts: Vec<Conflict>, truncated: bool) -> Self {
        self.0.conflicts = ConflictList { conflicts, is_truncated: truncated };
        self
    }

    /// Adds that the objects after the failed one were not attempted.
    pub(crate) fn leaving_rest(mut self) -> Self {
        self.0.message = format!("{}; the rest was not tried", self.0.message);
        self
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

/// Whether a plain text with this status is one of the web framework of lakeFS: a parameter that it cannot parse, or
/// headers that are too long.
fn is_text_of_lakefs(status: u16) -> bool {
    matches!(status, 400 | 431)
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
