//! The error type of the model: a kind, which determines the HTTP status, and lakeFS's message.

use std::fmt;

/// The kind of an error, which clients can distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ErrorKind {
    NotFound,
    RepositoryNotFound,
    BranchNotFound,
    TagNotFound,
    CommitNotFound,
    PullRequestNotFound,
    /// The repository already exists.
    NotUnique,
    BranchExists,
    TagExists,
    CommitExists,
    Conflict,
    InvalidValue,
    InvalidRef,
    InvalidBranchId,
    InvalidTagId,
    InvalidRepositoryId,
    InvalidStorageId,
    InvalidCommitId,
    InvalidPullRequestId,
    InvalidNamespace,
    NamespaceInUse,
    RequiredValue,
    MissingPath,
    NoChanges,
    DirtyBranch,
    MetaRangeOnDirtyBranch,
    WriteToProtectedBranch,
    CommitToProtectedBranch,
    ProtectedBranch,
    ReadOnlyRepository,
    DeleteDefaultBranch,
    StagingIsNotACommit,
    CreateBranchNoCommit,
    RevertMergeNoParent,
    CherryPickMergeNoParent,
    ParentOutOfRange,
    NoMergeBase,
    PreconditionFailed,
    SameBranch,
    LinkAddressInvalid,
    InvalidAddress,
    NotSupported,
    NoData,
    NotEmptyRepository,
    RuleNotFound,
}

impl ErrorKind {
    /// Returns lakeFS's message.
    fn message(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::RepositoryNotFound => "repository not found",
            Self::BranchNotFound => "branch not found",
            Self::TagNotFound => "tag not found",
            Self::CommitNotFound => "commit not found",
            Self::PullRequestNotFound => "pull request not found",
            Self::NotUnique => "not unique",
            Self::BranchExists => "branch already exists: not unique",
            Self::TagExists => "tag already exists: not unique",
            Self::CommitExists => "commit already exists: not unique",
            Self::Conflict => "conflict found",
            Self::InvalidValue => "invalid value: validation error",
            Self::InvalidRef => "ref: invalid value: validation error",
            Self::InvalidBranchId => "branch id: invalid value: validation error",
            Self::InvalidTagId => "tag id: invalid value: validation error",
            Self::InvalidRepositoryId => "repository id: invalid value: validation error",
            Self::InvalidStorageId => "storage id: invalid value: validation error",
            Self::InvalidCommitId => "commit id: invalid value: validation error",
            Self::InvalidPullRequestId => "pull request id: invalid value: validation error",
            Self::InvalidNamespace => "invalid namespace",
            Self::NamespaceInUse => "storage namespace already in use",
            Self::RequiredValue => "required value: validation error",
            Self::MissingPath => "missing path: required value: validation error",
            Self::NoChanges => "no changes",
            Self::DirtyBranch => "uncommitted changes (dirty branch)",
            Self::MetaRangeOnDirtyBranch => {
                "cannot use source MetaRange on a branch with uncommitted changes"
            }
            Self::WriteToProtectedBranch => "cannot write to protected branch",
            Self::CommitToProtectedBranch => "cannot commit to protected branch",
            Self::ProtectedBranch => "protected branch",
            Self::ReadOnlyRepository => "read-only repository",
            Self::DeleteDefaultBranch => "cannot delete repository default branch",
            Self::StagingIsNotACommit => "reference to staging area with $ is not a commit",
            Self::CreateBranchNoCommit => "can't create a branch without commit",
            Self::RevertMergeNoParent => "must specify 1-based parent number for reverting merge commit",
            Self::CherryPickMergeNoParent => {
                "must specify 1-based parent number for cherry-picking merge commit"
            }
            Self::ParentOutOfRange => "given commit does not have the given parent number",
            Self::NoMergeBase => "no merge base",
            Self::PreconditionFailed => "precondition failed",
            Self::SameBranch => "same branch validation error",
            Self::LinkAddressInvalid => "link address invalid",
            Self::InvalidAddress => "invalid address",
            Self::NotSupported => "operation not supported",
            Self::NoData => "No data",
            Self::RuleNotFound => "rule not found",
            Self::NotEmptyRepository => "can only restore into a bare repository",
        }
    }
}

/// An error of the model. Its message has the same prefixes as lakeFS's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Adds a prefix to the message: `context: …`.
    #[must_use]
    pub(crate) fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// Adds a suffix to the message: `…: detail`.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.message = format!("{}: {detail}", self.message);
        self
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, message: kind.message().to_owned() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Adds context to the error of a result.
pub(crate) trait Context<T> {
    fn context(self, context: impl fmt::Display) -> Result<T>;

    /// Attributes the error to the argument `name`.
    fn argument(self, name: &str) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn context(self, context: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.context(context))
    }

    fn argument(self, name: &str) -> Result<T> {
        self.map_err(|error| error.context(format_args!("argument {name}")))
    }
}
