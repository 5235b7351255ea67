//! Assertions about results and identifiers.

use std::fmt::Debug;

use lakefs::{Error, ErrorKind};

/// Asserts that a call fails, and returns its error. `status` is `None` for an error that the client reports itself;
/// `words` is a part of the message.
#[track_caller]
pub(crate) fn expect_error<T: Debug>(
    result: Result<T, Error>,
    operation: &str,
    status: impl Into<Option<u16>>,
    kind: ErrorKind,
    words: &str,
) -> Error {
    let error = result.expect_err("the call succeeds, but must fail");
    let expected = (Some(operation), status.into(), kind);
    assert_eq!((error.operation(), error.status(), error.kind()), expected, "{error}");
    assert!(error.message().contains(words), "{words:?} is not in {:?}", error.message());
    error
}

/// Asserts that a call fails because of several objects, and returns their paths, sorted. The message starts with the first
/// of them.
#[track_caller]
pub(crate) fn expect_failed_paths<T: Debug>(result: Result<T, Error>, kind: ErrorKind) -> Vec<String> {
    let error = result.expect_err("the call succeeds, but must fail");
    assert_eq!(error.kind(), kind, "{error}");
    let mut paths: Vec<_> = failed_paths(&error).into_iter().map(str::to_owned).collect();
    assert!(error.message().starts_with(&format!("{:?}: ", paths[0])), "{error}");
    paths.sort_unstable();
    paths
}

/// Returns the paths of the objects that failed, in the order of the error.
pub(crate) fn failed_paths(error: &Error) -> Vec<&str> {
    error.failed_objects().iter().filter_map(|failed| failed.path.as_deref()).collect()
}

/// Returns true if the text has the form of the identifier of a commit or of a metarange.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
