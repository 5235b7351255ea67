//! Compares files with objects whose checksums say nothing about their bytes, by size and stored time.
//!
//! A storage that encrypts objects with a key has ETags that are no MD5s. An object that was uploaded to it in parts has
//! such an ETag as its checksum, and so have all objects that lakectl and the Python client upload. The file then has
//! another checksum than the object although both are equal.

use crate::scope::ObjectScope;
use crate::transfer::dir::listing::{ListedObject, stored_time};
use crate::transfer::dir::walk::FileStat;
use crate::transfer::etag::{self, ChecksumVerifier};
use crate::transfer::read::requests::ReaderRequest;
use crate::transfer::stat::StatRequest;

/// Whether a file is equal to an object, although it does not have the checksum of the object: both have the same size, the
/// time of the file is stored with the object, and the checksum says nothing about the bytes.
///
/// A failure to find that out is not reported: the file then counts as different.
pub(super) async fn is_equal(object: &ObjectScope, listed: &ListedObject, file: FileStat) -> bool {
    let repository = object.repository();
    if etag::is_md5(&listed.checksum) && !repository.has_unreliable_md5s() {
        return false;
    }
    let Ok(stats) = StatRequest::new(object.clone()).await else { return false };
    let is_same = file.bytes == listed.bytes
        && etag::is_same(&stats.checksum, &listed.checksum)
        && stored_time(stats.metadata.as_ref()) == Some(file.modified);
    // A checksum of parts can be that of other bytes, unless the storage encrypts.
    let is_comparable = ChecksumVerifier::new(&listed.checksum, listed.bytes).is_some();
    is_same && (!is_comparable || repository.has_unreliable_md5s() || is_encrypted(object).await)
}

/// Whether the storage says that it encrypts an object with a key.
async fn is_encrypted(object: &ObjectScope) -> bool {
    let reader = ReaderRequest::new(object.clone()).range(0..1).presign(true).await;
    let is_encrypted = reader.is_ok_and(|reader| reader.is_encrypted());
    if is_encrypted {
        object.repository().record_encryption();
    }
    is_encrypted
}
