//! The JSON types of responses, transcribed from the contract. Members are in alphabetical order, as lakeFS
//! writes them.

use axum::http::StatusCode;
use serde::Serialize;

use super::response::ApiError;
use crate::http::lossy;
use crate::model::{self, CommitId, Location, Metadata, Page};

const MAX_PER_PAGE: usize = 1000;

#[derive(Debug, Serialize)]
pub(crate) struct Pagination {
    pub(crate) has_more: bool,
    pub(crate) max_per_page: usize,
    pub(crate) next_offset: String,
    pub(crate) results: usize,
}

/// A page of results.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    pub(crate) pagination: Pagination,
    pub(crate) results: Vec<T>,
}

impl<T> List<T> {
    /// Creates a page. `next_offset` is the `offset` of its last result if there are more.
    pub(crate) fn new(page: Page<T>, offset: impl FnOnce(&T) -> &str) -> Self {
        let last = page.results.last().filter(|_| page.has_more);
        let pagination = Pagination {
            has_more: page.has_more,
            max_per_page: MAX_PER_PAGE,
            next_offset: last.map(offset).unwrap_or_default().to_owned(),
            results: page.results.len(),
        };
        Self { pagination, results: page.results }
    }

    pub(crate) fn empty() -> Self {
        Self::new(Page { results: Vec::new(), has_more: false }, |_| "")
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Repository<'a> {
    pub(crate) creation_date: i64,
    pub(crate) default_branch: &'a str,
    pub(crate) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_only: Option<bool>,
    pub(crate) storage_id: &'a str,
    pub(crate) storage_namespace: &'a str,
}

impl<'a> From<&'a model::Repository> for Repository<'a> {
    fn from(repository: &'a model::Repository) -> Self {
        Self {
            creation_date: repository.created.seconds,
            default_branch: &repository.default_branch,
            id: &repository.id,
            read_only: Some(repository.read_only),
            storage_id: "",
            storage_namespace: &repository.namespace,
        }
    }
}

/// A branch or a tag.
#[derive(Debug, Serialize)]
pub(crate) struct Ref<'a> {
    commit_id: &'a str,
    pub(crate) id: &'a str,
}

impl<'a> Ref<'a> {
    pub(crate) fn new(id: &'a str, commit_id: &'a CommitId) -> Self {
        Self { commit_id: commit_id.as_str(), id }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Commit<'a> {
    committer: &'a str,
    creation_date: i64,
    generation: i64,
    pub(crate) id: &'a str,
    message: &'a str,
    meta_range_id: &'a str,
    metadata: &'a Metadata,
    parents: Vec<&'a str>,
    version: i32,
}

impl<'a> Commit<'a> {
    pub(crate) fn new(id: &'a CommitId, commit: &'a model::Commit) -> Self {
        Self {
            committer: &commit.committer,
            creation_date: commit.created.seconds,
            generation: commit.generation,
            id: id.as_str(),
            message: &commit.message,
            meta_range_id: &commit.meta_range_id,
            metadata: &commit.metadata,
            parents: commit.parents.iter().map(CommitId::as_str).collect(),
            version: commit.version,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PathType {
    Object,
    CommonPrefix,
}

#[derive(Debug, Serialize)]
pub(crate) struct ObjectStats {
    pub(crate) checksum: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Metadata>,
    pub(crate) mtime: i64,
    pub(crate) path: String,
    pub(crate) path_type: PathType,
    pub(crate) physical_address: String,
    /// When a pre-signed URL in `physical_address` expires, in seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) physical_address_expiry: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size_bytes: Option<i64>,
}

impl ObjectStats {
    pub(crate) fn object(namespace: &str, path: &[u8], entry: &model::Entry) -> Result<Self, ApiError> {
        Ok(Self::with_address(physical_address(namespace, &entry.location)?, path, entry))
    }

    /// Creates the stats of an object with this physical address.
    pub(crate) fn with_address(physical_address: String, path: &[u8], entry: &model::Entry) -> Self {
        Self {
            checksum: entry.checksum.clone(),
            content_type: Some(entry.content_type.clone()),
            metadata: Some(entry.metadata.clone()),
            mtime: entry.modified.seconds,
            path: lossy(path).into_owned(),
            path_type: PathType::Object,
            physical_address,
            physical_address_expiry: None,
            size_bytes: Some(entry.size),
        }
    }

    pub(crate) fn common_prefix(path: &[u8]) -> Self {
        Self {
            checksum: String::new(),
            content_type: None,
            metadata: None,
            mtime: 0,
            path: lossy(path).into_owned(),
            path_type: PathType::CommonPrefix,
            physical_address: String::new(),
            physical_address_expiry: None,
            size_bytes: None,
        }
    }
}

/// Returns the physical address of an object.
pub(crate) fn physical_address(namespace: &str, location: &Location) -> Result<String, ApiError> {
    match location {
        Location::Relative(path) => Ok(format!("{}/{path}", namespace.trim_end_matches('/'))),
        Location::Full(address) => parsed_address(address),
    }
}

/// Normalizes a physical address as lakeFS does when it parses it. Clients can link addresses that cannot be
/// parsed.
pub(crate) fn parsed_address(address: &str) -> Result<String, ApiError> {
    let reason = match address.split_once("://") {
        Some((_, rest)) if !rest.contains('/') => return Ok(format!("{address}/")),
        Some(_) => return Ok(address.to_owned()),
        None if address.is_empty() => "empty url",
        None => "invalid URI for request",
    };
    let message = format!("could not parse URI: parse \"{address}\": {reason}");
    Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message))
}

#[derive(Debug, Serialize)]
pub(crate) struct Diff {
    pub(crate) path: String,
    pub(crate) path_type: PathType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) right: Option<RightStats>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size_bytes: Option<i64>,
    pub(crate) r#type: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct RightStats {
    checksum: String,
    content_type: String,
    metadata: Metadata,
    mtime: i64,
}

impl Diff {
    pub(crate) fn new(change: &model::Change, with_right_stats: bool) -> Self {
        let is_prefix = change.kind == model::ChangeKind::PrefixChanged;
        let right = change.entry.as_ref().filter(|_| with_right_stats);
        Self {
            path: lossy(&change.path).into_owned(),
            path_type: if is_prefix { PathType::CommonPrefix } else { PathType::Object },
            right: right.map(|entry| RightStats {
                checksum: entry.checksum.clone(),
                content_type: entry.content_type.clone(),
                metadata: entry.metadata.clone(),
                mtime: entry.modified.seconds,
            }),
            size_bytes: (!is_prefix)
                .then(|| change.entry.as_ref().map(|entry| entry.size).unwrap_or_default()),
            r#type: match change.kind {
                model::ChangeKind::Added => "added",
                model::ChangeKind::Removed => "removed",
                model::ChangeKind::Changed => "changed",
                model::ChangeKind::Conflict => "conflict",
                model::ChangeKind::PrefixChanged => "prefix_changed",
            },
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct MergeResult<'a> {
    pub(crate) reference: &'a str,
}

/// A location in the storage.
#[derive(Debug, Serialize)]
pub(crate) struct StorageUri {
    pub(crate) location: String,
}
