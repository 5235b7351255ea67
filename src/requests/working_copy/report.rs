//! What the requests of working copies return.

use std::path::PathBuf;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::models;
use crate::transfer::working::apply::Applied;
use crate::transfer::working::plan::{OnConflict, RemoteChange};
use crate::transfer::working::scan::{LocalChange, Scan};
use crate::uri::Uri;

/// What a directory is linked to; see [`WorkingCopy::get`](crate::WorkingCopy::get).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WorkingCopyInfo {
    /// The directory that has the index file.
    pub root: PathBuf,
    /// The URI of the prefix.
    pub source: Uri,
    /// The id of the commit that local changes are relative to.
    pub base: String,
    /// The operation that was interrupted or is running, such as `pull`.
    pub active_operation: Option<String>,
}

/// How a file was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileChangeKind {
    /// The file was added.
    Added,
    /// The content was changed.
    Changed,
    /// The file was removed.
    Removed,
}

/// A file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct FileChange {
    /// The path of the file below the directory, with slashes.
    pub path: String,
    /// How it was changed.
    pub kind: FileChangeKind,
}

/// An entry of the directory, or an object, that cannot be a file of a working copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct UnsupportedFile {
    /// The path of the entry below the directory, or of the object after the prefix.
    pub path: String,
    /// Why it is not supported: a symbolic link, a special file, or a name that is not valid.
    pub reason: String,
}

/// The changes of a working copy; see [`WorkingCopy::status`](crate::WorkingCopy::status).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WorkingCopyStatus {
    /// What the directory is linked to.
    pub info: WorkingCopyInfo,
    /// The id of the commit that the ref names, if [`remote`](crate::requests::WorkingCopyStatusRequest::remote) was
    /// requested.
    pub head: Option<String>,
    /// The files that differ from the base, in byte order of their paths.
    pub local: Vec<FileChange>,
    /// The objects that differ between the base and the head, in byte order of their paths.
    pub remote: Vec<FileChange>,
    /// The paths that both sides changed differently. A pull or a commit fails because of them.
    pub conflicts: Vec<String>,
    /// What cannot be a file of a working copy.
    pub unsupported: Vec<UnsupportedFile>,
}

impl WorkingCopyStatus {
    /// Returns whether neither side has changes, and no operation was interrupted.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.local.is_empty() && self.remote.is_empty() && self.info.active_operation.is_none()
    }
}

/// What an update of a working copy did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WorkingCopyReport {
    /// The id of the commit that local changes are relative to now.
    pub base: String,
    /// How many files were downloaded.
    pub downloaded: u64,
    /// How many bytes they have.
    pub bytes_downloaded: u64,
    /// How many downloaded files have bytes that could not be verified against the checksum of the object.
    pub unverified: u64,
    /// How many local files were removed.
    pub removed: u64,
    /// The objects that cannot be files, and were [left out](crate::requests::WorkingCopyPullRequest::skip_unsupported).
    pub unsupported: Vec<UnsupportedFile>,
}

/// What a commit of a working copy did.
#[derive(Debug)]
#[non_exhaustive]
pub struct WorkingCopyCommit {
    /// The commit on the branch.
    pub commit: models::Commit,
    /// How many files were uploaded.
    pub uploaded: u64,
    /// How many bytes they have.
    pub bytes_uploaded: u64,
    /// How many objects were deleted.
    pub deleted: u64,
    /// What the changes of other writers, which the commit contains, did to the directory. After an error, the commit
    /// exists nevertheless, and [`pull`](crate::WorkingCopy::pull) updates the directory.
    pub update: Result<WorkingCopyReport>,
    /// The error of the clean-up, if the temporary branch could not be deleted. It names the branch.
    pub cleanup_error: Option<Error>,
}

/// What a pull does with files that both sides changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PullConflicts {
    /// Fails, and changes nothing.
    #[default]
    Refuse,
    /// Keeps the local files. The next commit replaces the objects.
    KeepLocal,
    /// Replaces the local files by the objects. The local changes are lost.
    TakeRemote,
}

impl PullConflicts {
    pub(super) fn action(self) -> OnConflict {
        match self {
            Self::Refuse => OnConflict::Refuse,
            Self::KeepLocal => OnConflict::KeepLocal,
            Self::TakeRemote => OnConflict::TakeRemote,
        }
    }
}

impl WorkingCopyReport {
    pub(super) fn add(&mut self, applied: Applied) {
        self.downloaded += applied.written;
        self.bytes_downloaded += applied.bytes_written;
        self.unverified += applied.unverified;
        self.removed += applied.removed;
    }
}

pub(super) fn local_change(change: &LocalChange) -> FileChange {
    let kind = match (&change.base, change.stamp) {
        (None, _) => FileChangeKind::Added,
        (Some(_), None) => FileChangeKind::Removed,
        (Some(_), Some(_)) => FileChangeKind::Changed,
    };
    FileChange { path: change.name.clone(), kind }
}

pub(super) fn remote_change(change: &RemoteChange) -> FileChange {
    let kind = match (&change.entry, change.is_added) {
        (None, _) => FileChangeKind::Removed,
        (Some(_), true) => FileChangeKind::Added,
        (Some(_), false) => FileChangeKind::Changed,
    };
    FileChange { path: change.name.clone(), kind }
}

pub(super) fn unsupported(scan: &Scan) -> Vec<UnsupportedFile> {
    let local = scan.unsupported.iter().map(|(path, reason)| (path, (*reason).to_owned()));
    let objects = scan.impossible.iter().map(|(path, reason)| (path, reason.clone()));
    local.chain(objects).map(|(path, reason)| UnsupportedFile { path: path.clone(), reason }).collect()
}
