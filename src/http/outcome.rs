//! The effect of a failed attempt: whether it is certain that nothing changed.
//!
//! [`changed_nothing`] is the only place that decides this. Only an attempt that changed nothing is sent again, unless
//! the operation is idempotent. Every other outcome is unknown, and the caller
//! [reconciles](crate::http::reconcile) it.

use crate::error::{Error, ErrorKind};

/// Operations whose last write decides. If lakeFS reports that its database is too slow (503), that write did not
/// happen, and what was written before it has no effect of its own.
///
/// All other operations write several times. For example, `merge_pull_request` merges, and then updates the pull request;
/// and `create_repository` occupies the storage namespace first.
const SINGLE_WRITE: [&str; 11] = [
    "cherry_pick",
    "commit",
    "create_branch",
    "create_pull_request",
    "create_tag",
    "delete_branch",
    "delete_tag",
    "hard_reset_branch",
    "merge_into_branch",
    "revert_branch",
    "update_pull_request",
];

/// Operations that create a commit, and read it back for the response.
const READS_COMMIT_BACK: [&str; 2] = ["cherry_pick", "commit"];

/// The message of lakeFS if `DynamoDB` throttles it.
const SLOW_DOWN: &str = "Throughput exceeded. Slow down and retry";

/// Whether a failed attempt of an operation certainly changed nothing.
///
/// `error` is the failure of the attempt: nothing was sent, the connection failed, or a response is not a success.
pub(crate) fn changed_nothing(operation: &str, error: &Error) -> bool {
    let Some(status) = error.status() else { return error.not_applied() };
    if error.is_from_storage() {
        return error.not_applied();
    }
    if !error.is_from_lakefs() {
        // A proxy refuses a request before it forwards it, or redirects it. A status of 5xx also reports that the
        // response of lakeFS was lost; so do 408 and 499. A success that lakeFS did not write says nothing.
        return matches!(status, 300..=407 | 409..=498 | 501);
    }
    match status {
        408 | 499 => false,
        // The commit exists, but cannot be read: a missing branch has another message.
        404 if READS_COMMIT_BACK.contains(&operation) => error.message() != "commit not found",
        300..=498 => true,
        503 => error.message().contains(SLOW_DOWN) && SINGLE_WRITE.contains(&operation),
        // The branch may be merged when only the update of the pull request lost the race.
        500 if error.is_lost_race() => operation != "merge_pull_request",
        // The server reports invalid names and aborted hooks with 500, too.
        500.. => {
            matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::Unsupported | ErrorKind::HookFailed)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorResponse, ResponseOrigin};

    fn error(operation: &'static str, status: u16, media_type: &str, body: &str) -> Error {
        let origin =
            ResponseOrigin { operation, is_head: false, endpoint: "http://h".to_owned(), is_secret: false };
        let response = ErrorResponse {
            status,
            media_type: Some(media_type.to_owned()),
            request_id: Some("7".to_owned()),
            body: body.to_owned().into(),
        };
        Error::response(&origin, response)
    }

    #[test]
    fn error_of_lakefs_shows_whether_something_changed() {
        const PULL_REQUEST: &str = "merge_pull_request";
        for (operation, status, message, expected) in [
            ("commit", 400, "no changes", true),
            ("commit", 404, "branch not found", true),
            ("commit", 404, "commit not found", false),
            ("cherry_pick", 404, "commit not found", false),
            ("cherry_pick", 404, "get commit from ref x: not found", true),
            ("create_branch", 404, "commit not found", true),
            ("commit", 412, "pre-commit hook aborted, run id '7': no", true),
            ("commit", 500, "pre-commit hook aborted, run id '7': yaml: line 2", true),
            ("commit", 500, "internal server error", false),
            ("commit", 500, "update branch: predicate failed", true),
            (PULL_REQUEST, 500, "update branch: predicate failed", false),
            ("create_branch", 500, "argument branch: required value: validation error", true),
            ("commit", 429, "Too many attempts, try again later", true),
            ("commit", 501, "Not Implemented", true),
            ("commit", 503, SLOW_DOWN, true),
            (PULL_REQUEST, 503, SLOW_DOWN, false),
            ("create_repository", 503, SLOW_DOWN, false),
            ("commit", 503, "Service Unavailable", false),
            ("commit", 499, "", false),
        ] {
            let body = format!("{{\"message\":\"{message}\"}}");
            let error = error(operation, status, "application/json", &body);
            assert_eq!(changed_nothing(operation, &error), expected, "{operation} {status} {message}");
        }
    }

    #[test]
    fn error_of_a_proxy_shows_whether_it_forwarded_the_request() {
        let lost = "upstream connect error or disconnect/reset before headers";
        for (status, expected) in [
            (200, false),
            (302, true),
            (400, true),
            (403, true),
            (404, true),
            (408, false),
            (413, true),
            (429, true),
            (499, false),
            (500, false),
            (501, true),
            (502, false),
            (503, false),
            (504, false),
        ] {
            for (media_type, body) in [("text/html", "<html>"), ("text/plain", lost), ("", "")] {
                let error = error("commit", status, media_type, body);
                assert_eq!(changed_nothing("commit", &error), expected, "{status} {body}");
            }
        }
    }

    #[test]
    fn failure_without_a_response_is_what_the_connection_reports() {
        for not_applied in [true, false] {
            let error = Error::transport(ErrorKind::Transport, "broken", not_applied);
            assert_eq!(changed_nothing("commit", &error), not_applied);
        }
    }
}
