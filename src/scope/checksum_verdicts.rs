//! Which repositories have checksums that look like an MD5 and are none.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::scope::RepositoryScope;

/// The repositories in which an object was found whose checksum has the form of an MD5, and is not that of its bytes.
///
/// lakectl and the Python client of lakeFS use the ETag of the bucket as the checksum, and all ETags of a bucket with
/// encryption by a key management service are such. It is remembered as long as the client exists.
#[derive(Default)]
pub(super) struct ChecksumVerdicts(Mutex<HashSet<String>>);

impl RepositoryScope {
    /// Whether checksums of the repository that have the form of an MD5 may be none.
    pub(crate) fn has_unreliable_md5s(&self) -> bool {
        let ChecksumVerdicts(repositories) = &self.client.shared.checksum_verdicts;
        repositories.lock().unwrap_or_else(PoisonError::into_inner).contains(&self.name)
    }

    /// Remembers that checksums of the repository that have the form of an MD5 may be none. Returns whether that is new.
    pub(crate) fn add_unreliable_md5s(&self) -> bool {
        let ChecksumVerdicts(repositories) = &self.client.shared.checksum_verdicts;
        repositories.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name.clone())
    }
}
