//! Responses of the API: JSON as lakeFS writes it, plain text, and errors.

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, X_CONTENT_TYPE_OPTIONS};
use serde::Serialize;

use crate::http::{Response, empty, with_content_type};
use crate::model;

/// The result of a handler.
pub(crate) type ApiResult = Result<Response, ApiError>;

/// An error response.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// A status and a message, in JSON.
    Message(StatusCode, String),
    /// A parameter or body that lakeFS's parameter binding rejects. The response is plain text.
    Binding(String),
}

impl ApiError {
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

    pub(crate) fn into_response(self) -> Response {
        match self {
            Self::Message(status, message) => {
                json_text(status, &serde_json::json!({ "message": message }).to_string())
            }
            Self::Binding(message) => {
                let mut response = text(StatusCode::BAD_REQUEST, message + "\n");
                response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
                response
            }
        }
    }
}

impl From<model::Error> for ApiError {
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

/// The one place that maps kinds of errors to statuses.
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

/// Creates a JSON response.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> ApiResult {
    let body = serde_json::to_string(body)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(json_text(status, &body))
}

fn json_text(status: StatusCode, body: &str) -> Response {
    let mut response = with_content_type(status, "application/json", escape(body) + "\n");
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Creates a JSON response with status 200.
pub(crate) fn ok(body: &impl Serialize) -> ApiResult {
    json(StatusCode::OK, body)
}

/// Creates a JSON response with status 201.
pub(crate) fn created(body: &impl Serialize) -> ApiResult {
    json(StatusCode::CREATED, body)
}

/// Creates a response with status 204.
#[expect(clippy::unnecessary_wraps, reason = "it is the last expression of handlers that return a result")]
pub(crate) fn no_content() -> ApiResult {
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Creates a plain text response.
pub(crate) fn text(status: StatusCode, body: String) -> Response {
    with_content_type(status, "text/plain; charset=utf-8", body)
}

/// Creates an HTML response with status 200.
pub(crate) fn html(body: &'static str) -> Response {
    with_content_type(StatusCode::OK, "text/html; charset=utf-8", body)
}

/// Escapes the characters that Go's JSON encoder escapes. JSON has them only within strings.
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
    fn json_is_escaped_like_in_go() {
        assert_eq!(
            escape("{\"a<b>\":\"&\u{2028}\u{2029}é\"}"),
            r#"{"a\u003cb\u003e":"\u0026\u2028\u2029é"}"#
        );
    }
}
