//! The store: a repository or a ref as an `ObjectStore`.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use super::get::{self, ReadSettings};
use super::location::Root;
use super::version::object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use super::version::object_store::path::Path;
use super::version::object_store::{
    CopyMode, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, RenameTargetMode, Result,
};
use super::{copy, delete, list, multipart, put};
use crate::error::Error;
use crate::handles::reference::Reference;
use crate::handles::repository::Repository;
use crate::verify::Verify;

/// A repository, or one ref of it, as an [`ObjectStore`].
///
/// The store reads at any ref, and writes to branches. What it writes are uncommitted changes until you commit them.
///
/// # Locations
/// A location is the path of an object, byte for byte; nothing is encoded or decoded. `Path::from` of the
/// `object_store` crate encodes some characters, such as the `~` of `main~1`; `Path::parse` does not.
///
/// Some paths of lakeFS are no valid locations: those with an empty segment, a `.` or `..` segment or a control
/// character, and those that start or end with `/`. A list yields an [`InvalidPath`](object_store::Error::InvalidPath)
/// error that names such an object, and continues after it. Directory markers, which are empty objects whose path ends
/// in `/`, are skipped.
///
/// # Operations
/// * **Reads of a range** take one request, through the server. Ranges of 1 MiB or more come from the storage if it
///   supports [pre-signed URLs](Self::with_presign). The URL of an object of a commit is used again while it is valid. On a
///   branch or a tag, the server is asked at the same time whether the object is still the same, so that every read
///   returns what was written before it. Ranges that are read together are of one version of the object. The result has
///   the content type, but not the user metadata, because no response to a read contains it.
/// * **Reads of a whole object** take one round trip: metadata and data are requested at the same time. If the object is
///   overwritten between them, the read starts again. With `with_presign(true)`, they take two: one for the metadata with the
///   pre-signed URL, and one to the storage.
/// * **Preconditions of reads** are all supported.
/// * **Whole objects are verified** against their checksums; see [`with_verify`](Self::with_verify) and
///   [`unverified_reads`](Self::unverified_reads).
/// * **`PutMode::Create`** and **`CopyMode::Create`** are atomic: of several concurrent writers exactly one succeeds. They
///   are [exclusive](crate::requests::UploadRequest::exclusive): data of less than 1 MiB, or for a storage without
///   pre-signed URLs, are stored with a random token in the user metadata. The token is not among the attributes, but
///   lakeFS compares it in diffs and merges.
/// * **Retries** do not change that. If a response is lost, the retry meets the object of the first attempt, and the write
///   has succeeded. If the outcome cannot be determined, the error is `Generic`, not `AlreadyExists`.
///   While others commit to the same branch, lakeFS itself is not always right about the creator; see
///   [exclusive](crate::requests::UploadRequest::exclusive).
/// * **Multipart uploads** accept parts of any size. The parts are sent in the order in which they are put, and the
///   object exists once the upload is completed. An upload that is dropped or aborted stores nothing. A part stays in
///   memory until it is sent; then its future completes.
/// * **Content type and user metadata** are stored and returned. lakeFS stores metadata keys in lower case.
/// * **Copies** are made by the server, within the repository. A copy with
///   [`CopyMode::Create`] transfers the data through this process, because the server
///   has no such precondition. A rename is a copy and a deletion, and is not atomic.
/// * **Deletions** are sent in batches of 1000. Missing objects are ignored.
/// * **Lists** are ordered by location. The server skips the objects before an offset. [`PaginatedListStore`] lists
///   page by page.
///
/// # Limitations
/// * `PutMode::Update` and other attributes fail with `NotImplemented`, because lakeFS does not support them.
/// * `MultipartStore`, an optional trait for numbered parts in any order, is not implemented.
/// * Reads of a `version`, and lists of a repository without a ref, fail with `NotSupported`.
/// * Writes to a tag, a commit or a missing branch fail with `NotSupported`.
#[derive(Clone, Debug)]
pub struct LakeFsStore {
    pub(super) root: Root,
    reads: ReadSettings,
}

impl LakeFsStore {
    /// Creates a store of a repository. The first segment of a location is the ref.
    #[must_use]
    pub fn new(repository: &Repository) -> Self {
        Self { root: Root::repository(repository.clone()), reads: ReadSettings::default() }
    }

    /// Creates a store of one ref, such as a [`Branch`](crate::Branch) or a [`Tag`](crate::Tag).
    #[must_use]
    pub fn at(reference: impl Into<Reference>) -> Self {
        Self { root: Root::reference(reference.into()), reads: ReadSettings::default() }
    }

    /// Sets a prefix: all locations are relative to it, also those that a list yields. It is relative to the prefix that
    /// the store has already. In a store of a repository, it starts with the ref. Default: none.
    ///
    /// An object whose path does not start with the prefix and `/` is not part of the store.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<Path>) -> Self {
        self.root = self.root.at(&prefix.into());
        self
    }

    /// Returns the repository of the store, with the client that the store uses.
    #[must_use]
    pub fn repository(&self) -> Repository {
        self.root.to_repository()
    }

    /// Returns the ref that the store reads, or `None` if it is a store of a repository.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        self.root.as_reference()
    }

    /// Returns a store of the commit that the ref points to now. Everything that is read through it is of one version,
    /// also while other writers commit to the branch. The prefix and the settings are the same.
    ///
    /// Uncommitted changes are not part of a commit. Writes to the new store fail with `NotSupported`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the ref does not exist.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): this is a store of a repository, which has no single commit.
    pub async fn pin(&self) -> crate::error::Result<Self> {
        let reference = self.reference().ok_or_else(|| {
            let reason = "a store of a repository has no single commit: create a store of a ref";
            Error::invalid(format!("pin {self} to a commit"), reason)
        })?;
        let commit = reference.get_commit().await?;
        let root = self.root.with_reference(reference.repository().reference(commit.id));
        Ok(Self { root, reads: self.reads.clone() })
    }

    /// Sets whether data are read from the storage itself (`true`), at pre-signed URLs, or through the server (`false`).
    /// Default: from the storage if it supports pre-signed URLs and the read is not small; see
    /// [`ReaderRequest::presign`](crate::requests::ReaderRequest::presign).
    #[must_use]
    pub fn with_presign(mut self, yes: bool) -> Self {
        self.reads.presign = Some(yes);
        self
    }

    /// Sets how the bytes of whole objects are verified against their checksums. `true` means
    /// [`Verify::Auto`], and `false` [`Verify::Off`]. Default: the setting of
    /// [`ClientBuilder::verify`](crate::ClientBuilder::verify), which is [`Verify::Auto`].
    ///
    /// With [`Verify::Auto`], an object whose bytes do not have its checksum is read a second time before its last bytes
    /// are returned.
    #[must_use]
    pub fn with_verify(mut self, verify: impl Into<Verify>) -> Self {
        self.reads.verify = Some(verify.into());
        self
    }

    /// Returns how many whole objects this store and its clones have read to the end whose bytes were not verified: the
    /// verification is off, or the checksum of the object is not one of its bytes. See [`Verify`].
    #[must_use]
    pub fn unverified_reads(&self) -> u64 {
        self.reads.unverified.load(Relaxed)
    }
}

/// Writes the URI of the repository or the ref, with the prefix.
impl fmt::Display for LakeFsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeFsStore({})", self.root)
    }
}

#[async_trait]
impl ObjectStore for LakeFsStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        put::put(&self.root.object(location)?, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(multipart::start(&self.root.object(location)?, &options)?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        get::get(&self.root.object(location)?, &self.reads, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        get::get_ranges(&self.root.object(location)?, &self.reads, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        delete::delete_stream(self.root.clone(), locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        list::list(&self.root, prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        list::list(&self.root, prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        list::list_with_delimiter(&self.root, prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        copy::copy(&self.root.object(from)?, &self.root.object(to)?, options.mode).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => CopyMode::Overwrite,
            RenameTargetMode::Create => CopyMode::Create,
        };
        copy::rename(&self.root.object(from)?, &self.root.object(to)?, mode).await
    }
}

#[async_trait]
impl PaginatedListStore for LakeFsStore {
    async fn list_paginated(
        &self,
        prefix: Option<&str>,
        options: PaginatedListOptions,
    ) -> Result<PaginatedListResult> {
        list::list_page(&self.root, prefix, options).await
    }
}
