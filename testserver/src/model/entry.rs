//! The entries of objects.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::identity::{Identity, IdentityHasher};
use super::time::Timestamp;

/// User metadata of an object, a commit or a repository.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The content type of objects that are written without one.
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// The physical address of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A path in the storage namespace of the repository.
    Relative(String),
    /// A URL.
    Full(String),
}

/// The metadata of an object on a branch or in a commit.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) size: i64,
    pub(crate) checksum: String,
    pub(crate) content_type: String,
    pub(crate) metadata: Metadata,
    pub(crate) modified: Timestamp,
    pub(crate) location: Location,
    /// The content, if it was written through this server.
    pub(crate) content: Option<Bytes>,
    identity: Identity,
}

/// The fields of a new [`Entry`].
#[derive(Debug)]
pub(crate) struct NewEntry {
    pub(crate) size: i64,
    pub(crate) checksum: String,
    pub(crate) content_type: String,
    pub(crate) metadata: Metadata,
    pub(crate) modified: Timestamp,
    pub(crate) location: Location,
    pub(crate) content: Option<Bytes>,
}

impl Entry {
    pub(crate) fn new(parts: NewEntry) -> Self {
        let NewEntry { size, checksum, mut content_type, metadata, modified, location, content } = parts;
        if content_type.is_empty() {
            DEFAULT_CONTENT_TYPE.clone_into(&mut content_type);
        }
        let identity = IdentityHasher::default()
            .int(size)
            .string(&checksum)
            .map(&metadata)
            .string(&content_type)
            .finish();
        Self { size, checksum, content_type, metadata, modified, location, content, identity }
    }

    /// Returns the same object with other user metadata.
    pub(crate) fn with_metadata(&self, metadata: Metadata) -> Self {
        let Self { size, checksum, content_type, modified, location, content, .. } = self.clone();
        Self::new(NewEntry { size, checksum, content_type, metadata, modified, location, content })
    }

    /// Returns a copy of the object at another location, modified now.
    pub(crate) fn copied_to(&self, location: Location) -> Self {
        Self { location, modified: Timestamp::now(), ..self.clone() }
    }

    /// Returns the hash that decides whether two entries differ. It covers size, checksum, user metadata and
    /// content type, but neither the modification time nor the location.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }
}
