//! How errors are made: from failures, from responses, and with what is added to them on their way to the caller.

use std::sync::Arc;
use std::{fmt, io};

use bytes::Bytes;

use super::details::ConflictList;
use super::response::{ErrorPayload, storage_code};
use super::{
    Conflict, Error, ErrorKind, ErrorResponse, FailedObject, Inner, ResponseOrigin, RetryHint, Writer,
};
use super::{classify, details};

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
    pub(crate) fn storage(origin: &ResponseOrigin, response: ErrorResponse) -> Self {
        let (status, endpoint) = (response.status, &origin.endpoint);
        let (kind, message) = match storage_code(&response.body) {
            _ if (300..400).contains(&status) && status != 304 => {
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

    /// The refusal of a conditional creation, by an object that does not exist.
    pub(crate) fn with_lost_race(mut self, message: impl Into<String>, attempts: u32) -> Self {
        (self.0.kind, self.0.message) = (ErrorKind::Conflict, message.into());
        (self.0.lost_race, self.0.not_applied) = (true, true);
        self.after(attempts, false)
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

    /// Adds a remark to the message.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.0.message = format!("{}; {note}", self.0.message);
        self
    }

    /// Adds that the objects after the failed one were not attempted.
    pub(crate) fn leaving_rest(mut self) -> Self {
        self.0.message = format!("{}; the rest was not tried", self.0.message);
        self
    }
}

/// Whether a plain text with this status is one of the web framework of lakeFS: a parameter that it cannot parse, or
/// headers that are too long.
fn is_text_of_lakefs(status: u16) -> bool {
    matches!(status, 400 | 431)
}
