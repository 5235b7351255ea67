//! Which repositories have checksums that look like an MD5 and are none.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The repositories in which an object was found whose checksum has the form of an MD5, and is not that of its bytes.
///
/// lakectl and the Python client of lakeFS use the ETag of the bucket as the checksum, and all ETags of a bucket with
/// encryption by a key management service are such. It is remembered as long as the client exists.
#[derive(Default)]
pub(super) struct ChecksumVerdicts(Mutex<HashSet<String>>);

impl ChecksumVerdicts {
    pub(super) fn contains(&self, repository: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(repository)
    }

    /// Adds a repository. Returns whether it is new.
    pub(super) fn add(&self, repository: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(repository.to_owned())
    }
}
