//! The one error of this crate, and the one place where a reply becomes one.

mod kind;
mod reply;

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

pub use kind::ErrorKind;
pub(crate) use reply::REQUEST_ID;

use crate::models;
use reply::{
    Reply, Words, described_body, request_id, server_words, storage_code, storage_request_id, unexplained,
};

/// The result of this crate's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

const TOO_LONG: &str = "the server took too long";

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong, of which kind, and while doing what.
///
/// `Display` is one line: what was being done, to what, and why it failed. The cause below it, if there is one, is
/// only in [`source`](std::error::Error::source).
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

struct Inner {
    kind: ErrorKind,
    /// What was being done: `commit to branch "exp" of repository "example"`.
    action: String,
    message: String,
    operation: Option<&'static str>,
    reply: Option<Reply>,
    /// Nothing was sent, or the server says that it did nothing.
    refused: bool,
    /// This attempt or one before it may have been acted upon.
    uncertain: bool,
    attempts: u32,
    conflicts: Vec<models::Diff>,
    failed_objects: Vec<models::ObjectError>,
    source: Option<Source>,
}

impl Error {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status, if the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.reply.as_ref().map(|reply| reply.status.as_u16())
    }

    /// Why it failed: the server's words where it has said something.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The server's identifier of the request, to look up in its logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.reply.as_ref()?.request_id.as_deref()
    }

    /// The operation of the API, by the name of its method on [`api::Client`](crate::api::Client).
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// The body of the reply as it came (its first 64 KiB), empty if there was none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.0.reply.as_ref().map_or(&[], |reply| &reply.body)
    }

    /// How often the request was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The conflicting paths of a [`MergeConflict`](ErrorKind::MergeConflict).
    #[must_use]
    pub fn conflicts(&self) -> &[models::Diff] {
        &self.0.conflicts
    }

    /// The objects that a deletion of many could not delete, or that could not be moved from or to a directory: for each
    /// the path, why, and the status, which is 0 where no server has said so.
    #[must_use]
    pub fn failed_objects(&self) -> &[models::ObjectError] {
        &self.0.failed_objects
    }

    /// The identifier of the run in which a hook failed, for a [`HookFailed`](ErrorKind::HookFailed): see
    /// [`Repository::action_run`](crate::Repository::action_run).
    #[must_use]
    pub fn action_run_id(&self) -> Option<&str> {
        let said = (self.kind() == ErrorKind::HookFailed).then(|| self.message())?;
        said.split_once("hook aborted, run id '")?.1.split_once('\'').map(|(id, _)| id)
    }

    /// Whether the same call may succeed later, with nothing changed by the caller.
    ///
    /// The client has already repeated what is safe to repeat. For what is not, such as a commit, look whether it
    /// happened before you call again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimited | ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Conflict => self.is_lost_race(),
            ErrorKind::Server => matches!(self.status(), Some(502..=504)),
            _ => false,
        }
    }

    /// Two writers met on one branch, and this one changed nothing.
    pub(crate) fn is_lost_race(&self) -> bool {
        self.status() == Some(500) && kind::is_lost_race(self.message())
    }

    /// Whether it is certain that the server did nothing.
    pub(crate) fn was_refused(&self) -> bool {
        self.0.refused
    }

    /// Whether there was nobody to send it to.
    pub(crate) fn is_unreached(&self) -> bool {
        self.kind() == ErrorKind::Transport && self.was_refused()
    }

    /// Whether it may have happened all the same: a reply was lost, of this attempt or of one before it.
    ///
    /// The client has then looked whether it happened, where that can be told, and could not. It is never so for calls
    /// that may safely be repeated.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.uncertain
    }

    pub(crate) fn new(kind: ErrorKind, action: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            action: action.into(),
            message: message.into(),
            operation: None,
            reply: None,
            refused: false,
            uncertain: false,
            attempts: 0,
            conflicts: Vec::new(),
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

    /// A body that cannot be read to its end. The server has not got it, and has done nothing.
    pub(crate) fn unreadable(error: std::io::Error) -> Self {
        let mut new = Self::invalid("", "the data to send cannot be read");
        new.0.refused = true;
        new.with_source(error)
    }

    /// A server that has all of a request, and says nothing.
    pub(crate) fn silent() -> Self {
        Self::new(ErrorKind::Timeout, "", TOO_LONG)
    }

    /// A failure below HTTP.
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        let (kind, message) = if error.is_timeout() {
            (ErrorKind::Timeout, TOO_LONG)
        } else if error.is_connect() {
            (ErrorKind::Transport, "the server could not be reached")
        } else if error.is_builder() {
            (ErrorKind::InvalidRequest, "the request cannot be sent")
        } else if error.is_redirect() {
            (ErrorKind::Server, "the server redirects in a way that cannot be followed")
        } else {
            (ErrorKind::Transport, "the connection broke")
        };
        let mut new = Self::new(kind, "", message);
        new.0.refused = error.is_connect() || error.is_builder();
        // The URL may hold a signature, and what was being done says enough.
        new.with_source(error.without_url())
    }

    /// A reply that is not a success.
    pub(crate) fn reply(
        operation: &'static str,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Self {
        let words = server_words(status, headers, &body);
        let message = match (&words, status) {
            (Words::Lakefs(message), _) if !message.is_empty() => message.clone(),
            (Words::Plain(text), _) => text.clone(),
            (_, StatusCode::CONFLICT) => "conflict found".to_owned(),
            (_, status) => unexplained(status, headers, &body),
        };
        // A proxy's 404 says nothing about the thing that was asked for. The reply to HEAD has no body to tell by.
        let spoken = matches!(words, Words::Lakefs(_)) || method == Method::HEAD;
        let kind = ErrorKind::of_reply(operation, status, &message, spoken);
        let mut new = Self::new(kind, "", message);
        new.0.reply = Some(Reply { status, request_id: request_id(headers), body });
        // The merge of a pull request may have happened when only the update of its status lost a race.
        let lost_race = new.is_lost_race() && operation != "merge_pull_request";
        let not_done = matches!(kind, ErrorKind::InvalidRequest | ErrorKind::Unsupported);
        new.0.refused = lost_race || not_done || matches!(status.as_u16(), 400..=499 | 503);
        new
    }

    /// A reply of the storage that is not a success, or is one from somewhere `elsewhere`.
    ///
    /// Nothing of it is kept but its code: a storage repeats what was signed.
    pub(crate) fn storage(status: StatusCode, headers: &HeaderMap, body: &[u8], elsewhere: bool) -> Self {
        let code = storage_code(body);
        let (kind, message) = match code {
            _ if elsewhere || status.is_redirection() => {
                (ErrorKind::Server, format!("the storage redirects ({status}), which is not followed"))
            }
            Some(code) => {
                (ErrorKind::of_storage(status, code), format!("the storage answered {status}: {code}"))
            }
            None => (ErrorKind::of_storage(status, ""), format!("the storage answered {status}")),
        };
        let mut new = Self::new(kind, "", message);
        new.0.reply = Some(Reply { status, request_id: storage_request_id(headers), body: Bytes::new() });
        new.0.refused = true;
        new
    }

    /// Failures of single objects, in replies that are successes. At least one.
    pub(crate) fn objects(
        operation: &'static str,
        action: impl Into<String>,
        failed: Vec<models::ObjectError>,
    ) -> Self {
        let (kind, message) = match failed.first() {
            Some(first) => {
                let status = u16::try_from(first.status_code).ok();
                let status = status.and_then(|status| StatusCode::from_u16(status).ok());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (ErrorKind::of_reply(operation, status, &first.message, true), first_of(&failed))
            }
            None => (ErrorKind::Server, "objects failed".to_owned()),
        };
        let mut new = Self::new(kind, action, message);
        new.0.operation = Some(operation);
        new.with_failed_objects(failed)
    }

    /// A success whose body is not what the contract says.
    pub(crate) fn decode(
        status: StatusCode,
        headers: &HeaderMap,
        body: Bytes,
        source: impl Into<Source>,
    ) -> Self {
        let what = described_body(headers, &body);
        let mut new =
            Self::new(ErrorKind::Decode, "", format!("the reply ({status}, {what}) cannot be read"));
        new.0.reply = Some(Reply { status, request_id: request_id(headers), body });
        new.with_source(source)
    }

    /// A failure of what the server has done in the background, by its own report.
    pub(crate) fn task(operation: &'static str, action: impl FnOnce() -> String, message: String) -> Self {
        Self::new(ErrorKind::of_task(&message), "", message).during(operation, action)
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says what was being done, unless that is known already.
    pub(crate) fn during(mut self, operation: &'static str, action: impl FnOnce() -> String) -> Self {
        self.0.operation.get_or_insert(operation);
        if self.0.action.is_empty() {
            self.0.action = action();
        }
        self
    }

    pub(crate) fn after(mut self, attempts: u32, uncertain: bool) -> Self {
        self.0.attempts = attempts;
        self.0.uncertain = uncertain;
        self
    }

    /// The first of failures of single objects, which tells of all of them.
    #[cfg(feature = "fs")]
    pub(crate) fn of_many(mut self, action: impl Into<String>, failed: Vec<models::ObjectError>) -> Self {
        self.0.action = action.into();
        self.0.message = first_of(&failed);
        self.with_failed_objects(failed)
    }

    pub(crate) fn with_failed_objects(mut self, failed: Vec<models::ObjectError>) -> Self {
        self.0.failed_objects = failed;
        self
    }

    /// Says that nothing more was begun after it.
    pub(crate) fn leaving_rest(mut self) -> Self {
        self.0.message = format!("{}; the rest was not tried", self.0.message);
        self
    }

    /// Says that a branch could not be cleaned up.
    pub(crate) fn leaving_behind(mut self, branch: &str) -> Self {
        self.0.message = format!("{}; the hidden branch {branch:?} is left behind", self.0.message);
        self
    }

    pub(crate) fn with_conflicts(mut self, conflicts: Vec<models::Diff>) -> Self {
        self.0.conflicts = conflicts;
        self
    }
}

/// What the first of some failures says, and how many more there are.
fn first_of(failed: &[models::ObjectError]) -> String {
    let Some((first, others)) = failed.split_first() else { return String::new() };
    let path = first.path.as_ref().map(|path| format!("{path:?}: ")).unwrap_or_default();
    let others = match others.len() {
        0 => String::new(),
        others => format!(" (and {others} more failed)"),
    };
    format!("{path}{}{others}", first.message)
}

/// Returns `None` for what does not exist, which includes what cannot exist by its name.
pub(crate) fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    let cannot_exist = |error: &Error| {
        error.kind() == ErrorKind::InvalidRequest
            && match error.status() {
                Some(_) => error.message().contains("invalid value: validation error"),
                None => error.message().contains("cannot be a name in a request"),
            }
    };
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound || cannot_exist(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { action, message, attempts, uncertain, .. } = &*self.0;
        if !action.is_empty() {
            write!(f, "{action}: ")?;
        }
        f.write_str(message)?;
        if *attempts > 1 {
            write!(f, " (after {attempts} attempts)")?;
        }
        if *uncertain {
            f.write_str("; it may have happened all the same")?;
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
        if let Some(reply) = &inner.reply {
            debug.field("status", &reply.status.as_u16()).field("request_id", &reply.request_id);
        }
        if inner.attempts > 1 {
            debug.field("attempts", &inner.attempts);
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

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind().into(), error)
    }
}
