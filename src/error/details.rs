//! Details of errors: paths and branches that the messages name.

/// The start of the names of the temporary branches that the client creates.
pub(crate) const TEMPORARY_BRANCH_PREFIX: &str = "lakefs-rs-tx-";

/// A path that both sides of a merge changed; see [`Error::conflicts`](super::Error::conflicts).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Conflict {
    /// The path of the object.
    pub path: String,
}

/// An object that could not be deleted or transferred; see [`Error::failed_objects`](super::Error::failed_objects).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FailedObject {
    /// The path of the object. `None` if the server did not report it.
    pub path: Option<String>,
    /// Why it failed.
    pub message: String,
    /// The HTTP status of the failure, or 0 if it failed without a response: a local file, a lost connection.
    pub status: u16,
}

/// The conflicts of an error.
#[derive(Clone, Default)]
pub(super) struct ConflictList {
    pub(super) conflicts: Vec<Conflict>,
    /// There may be more conflicts.
    pub(super) is_truncated: bool,
}

impl Conflict {
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self { path: path.into() }
    }
}

impl FailedObject {
    pub(crate) fn new(path: Option<String>, message: impl Into<String>, status: u16) -> Self {
        Self { path, message: message.into(), status }
    }
}

/// The first failure, and the number of the others.
pub(super) fn summary(failed: &[FailedObject]) -> String {
    let Some((first, others)) = failed.split_first() else { return String::new() };
    let path = first.path.as_ref().map(|path| format!("{path:?}: ")).unwrap_or_default();
    let others = match others.len() {
        0 => String::new(),
        others => format!(" (and {others} more failed)"),
    };
    format!("{path}{}{others}", first.message)
}
