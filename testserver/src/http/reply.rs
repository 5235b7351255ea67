//! Replies: JSON as lakeFS writes it, plain text, and errors.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Response, StatusCode};
use serde::Serialize;

use crate::model;

/// A reply.
pub(crate) type Reply = Response<Body>;

/// What a handler comes to.
pub(crate) type Outcome = Result<Reply, Failure>;

/// A reply that is not what the client asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The common form: a status and a message.
    Message(StatusCode, String),
    /// A request that the generated part of lakeFS's server could not read; it answers in plain text.
    Binding(String),
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Message(status, message.into())
    }

    pub(crate) fn not_implemented() -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "Not Implemented")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "error authenticating request")
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Message(status, _) => *status,
            Self::Binding(_) => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) fn into_reply(self) -> Reply {
        match self {
            Self::Message(status, message) => {
                json_text(status, &serde_json::json!({ "message": message }).to_string())
            }
            Self::Binding(message) => {
                let mut reply = text(StatusCode::BAD_REQUEST, message + "\n");
                reply.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
                reply
            }
        }
    }
}

impl From<model::Error> for Failure {
    fn from(error: model::Error) -> Self {
        let status = status_of(error.kind());
        let message = match error.kind() {
            model::ErrorKind::PreconditionFailed => "Precondition failed".to_owned(),
            model::ErrorKind::NoData => "No data".to_owned(),
            _ => error.to_string(),
        };
        Self::new(status, message)
    }
}

/// The one place where kinds of errors become statuses.
fn status_of(kind: model::ErrorKind) -> StatusCode {
    use model::ErrorKind as Kind;
    match kind {
        Kind::NotFound
        | Kind::RepositoryNotFound
        | Kind::BranchNotFound
        | Kind::TagNotFound
        | Kind::CommitNotFound
        | Kind::PullRequestNotFound
        | Kind::RuleNotFound => StatusCode::NOT_FOUND,
        Kind::WriteToProtectedBranch
        | Kind::CommitToProtectedBranch
        | Kind::ProtectedBranch
        | Kind::ReadOnlyRepository
        | Kind::DeleteDefaultBranch => StatusCode::FORBIDDEN,
        Kind::InvalidValue
        | Kind::InvalidRef
        | Kind::InvalidBranchId
        | Kind::InvalidTagId
        | Kind::InvalidRepositoryId
        | Kind::InvalidStorageId
        | Kind::InvalidCommitId
        | Kind::InvalidPullRequestId
        | Kind::InvalidNamespace
        | Kind::NamespaceInUse
        | Kind::MissingPath
        | Kind::NoChanges
        | Kind::DirtyBranch
        | Kind::MetaRangeOnDirtyBranch
        | Kind::StagingIsNotACommit
        | Kind::CherryPickMergeNoParent
        | Kind::ParentOutOfRange
        | Kind::SameBranch
        | Kind::LinkAddressInvalid
        | Kind::InvalidAddress
        | Kind::NotSupported
        | Kind::NotEmptyRepository => StatusCode::BAD_REQUEST,
        Kind::NotUnique
        | Kind::BranchExists
        | Kind::TagExists
        | Kind::CommitExists
        | Kind::Conflict
        | Kind::RevertMergeNoParent => StatusCode::CONFLICT,
        Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Kind::NoData => StatusCode::GONE,
        Kind::RequiredValue | Kind::CreateBranchNoCommit | Kind::NoMergeBase => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// A JSON reply.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Outcome {
    let body = serde_json::to_string(body)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(json_text(status, &body))
}

fn json_text(status: StatusCode, body: &str) -> Reply {
    let mut reply = typed(status, "application/json", escape(body) + "\n");
    reply.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// A JSON reply of status 200.
pub(crate) fn ok(body: &impl Serialize) -> Outcome {
    json(StatusCode::OK, body)
}

/// A JSON reply of status 201.
pub(crate) fn created(body: &impl Serialize) -> Outcome {
    json(StatusCode::CREATED, body)
}

/// A reply that says nothing but that it is done.
#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which may fail before")]
pub(crate) fn no_content() -> Outcome {
    Ok(empty(StatusCode::NO_CONTENT))
}

/// A reply without a body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

/// A plain text reply.
pub(crate) fn text(status: StatusCode, body: String) -> Reply {
    typed(status, "text/plain; charset=utf-8", body)
}

/// A page for a browser.
pub(crate) fn html(body: &'static str) -> Reply {
    typed(StatusCode::OK, "text/html; charset=utf-8", body)
}

fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// Sets a header, unless its value cannot be one.
pub(crate) fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

/// Escapes what Go's encoder escapes in strings; outside of strings JSON has none of these characters.
fn escape(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_go_does() {
        assert_eq!(
            escape("{\"a<b>\":\"&\u{2028}\u{2029}é\"}"),
            r#"{"a\u003cb\u003e":"\u0026\u2028\u2029é"}"#
        );
    }
}
