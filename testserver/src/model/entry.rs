//! What a path points to.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::ident::{Address, Identity};
use super::time::Timestamp;

/// User metadata of an object, a commit or a repository.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The content type of an object that was given none.
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// Where the bytes of an object are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// Below the storage namespace of the repository.
    Relative(String),
    /// Anywhere.
    Full(String),
}

/// An object as a branch or a commit records it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) size: i64,
    pub(crate) checksum: String,
    pub(crate) content_type: String,
    pub(crate) metadata: Metadata,
    pub(crate) modified: Timestamp,
    pub(crate) location: Location,
    /// The bytes, if they were written through this server.
    pub(crate) content: Option<Bytes>,
    identity: Identity,
}

/// The parts of a new [`Entry`].
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
        let identity =
            Address::default().int(size).string(&checksum).map(&metadata).string(&content_type).finish();
        Self { size, checksum, content_type, metadata, modified, location, content, identity }
    }

    /// The same object with other user metadata.
    pub(crate) fn with_metadata(&self, metadata: Metadata) -> Self {
        let Self { size, checksum, content_type, modified, location, content, .. } = self.clone();
        Self::new(NewEntry { size, checksum, content_type, metadata, modified, location, content })
    }

    /// The same object, copied to another place now.
    pub(crate) fn copied_to(&self, location: Location) -> Self {
        Self { location, modified: Timestamp::now(), ..self.clone() }
    }

    /// What decides whether two entries differ: size, checksum, metadata and content type, but neither the
    /// time of writing nor the place of the bytes.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }
}
