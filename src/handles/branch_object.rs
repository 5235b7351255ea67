//! Objects on a branch, for reading and writing.

use std::fmt;

use crate::handles::branch::Branch;
use crate::handles::object::read_methods;
use crate::models::StagingLocation;
use crate::requests::update_metadata::UpdateMetadataRequest;
use crate::scope::ObjectScope;
use crate::transfer::delete::DeleteObjectRequest;
use crate::transfer::write::body::Body;
use crate::transfer::write::link::{LinkRequest, StageRequest};
use crate::transfer::write::physical_address::PhysicalAddressRequest;
use crate::transfer::write::upload::UploadRequest;
use crate::transfer::write::writer::WriterRequest;

/// A handle to an object on a branch, to read or write it. The object may not exist yet.
///
/// [`Branch::object`] returns it. All changes are uncommitted until you [commit](Branch::commit).
///
/// A path has 1 to 1024 bytes. The server neither decodes nor normalizes it.
///
/// The handle sends no requests by itself, and is cheap to clone. Two handles are equal if they name the same path on the
/// same branch of the same server.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let object = repository.branch("experiment1").object("data.csv");
/// object.upload("a,b\n1,2\n").content_type("text/csv").await?;
/// assert_eq!(object.read().await?, "a,b\n1,2\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BranchObject(ObjectScope);

read_methods!(BranchObject);

impl BranchObject {
    pub(crate) fn into_scope(self) -> ObjectScope {
        self.0
    }

    /// Returns the branch of the object.
    #[must_use]
    pub fn branch(&self) -> Branch {
        Branch::from_scope(self.0.reference())
    }

    /// Uploads the object, and returns its metadata. An existing object is replaced.
    ///
    /// The data are sent through the server, or to the storage itself: see [`UploadRequest::presign`].
    ///
    /// ```
    /// # async fn example(object: lakefs::BranchObject) -> lakefs::Result<()> {
    /// use lakefs::Body;
    ///
    /// let stats = object.upload(Body::file("data.csv")).content_type("text/csv").metadata("origin", "lab").await?;
    /// println!("{} bytes, checksum {}", stats.size_bytes.unwrap_or_default(), stats.checksum);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is read-only.
    /// [`Io`](crate::ErrorKind::Io): the body cannot be read.
    /// [`Integrity`](crate::ErrorKind::Integrity): the created object does not have the checksum of the data.
    pub fn upload(&self, body: impl Into<Body>) -> UploadRequest {
        UploadRequest::new(self.0.clone(), body.into())
    }

    /// Opens a writer, to write the object incrementally. The object is created when the writer is
    /// [finished](crate::ObjectWriter::finish) or shut down. If the writer is dropped before, no object is created.
    ///
    /// ```
    /// # async fn example(object: lakefs::BranchObject) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncWriteExt as _;
    ///
    /// let mut writer = object.writer().content_type("text/csv").await?;
    /// for number in 0..1_000_000 {
    ///     writer.write_all(format!("{number}\n").as_bytes()).await?;
    /// }
    /// let stats = writer.finish().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`upload`](Self::upload), when data are written and when the writer is finished.
    pub fn writer(&self) -> WriterRequest {
        WriterRequest::new(self.0.clone())
    }

    /// Replaces the user metadata of the object, and returns the updated metadata of the object.
    ///
    /// ```
    /// # async fn example(object: lakefs::BranchObject) -> lakefs::Result<()> {
    /// object.update_metadata([("origin", "lab"), ("checked", "yes")]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the object or the branch does not exist.
    /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is read-only.
    pub fn update_metadata<K, V>(&self, metadata: impl IntoIterator<Item = (K, V)>) -> UpdateMetadataRequest
    where
        K: Into<String>,
        V: Into<String>,
    {
        let metadata = metadata.into_iter().map(|(key, value)| (key.into(), value.into()));
        UpdateMetadataRequest::new(self.0.clone(), metadata.collect())
    }

    /// Deletes the object from the branch. If it does not exist, nothing happens.
    ///
    /// To delete many objects, use [`Branch::delete_objects`] or [`Branch::delete_prefix`].
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is read-only.
    pub fn delete(&self) -> DeleteObjectRequest {
        DeleteObjectRequest::new(self.0.clone())
    }

    /// Requests a physical address in the storage, for a program that writes the data there itself and then
    /// [links](Self::link) them. The address is valid for 24 hours, for this path on this branch.
    ///
    /// [`upload`](Self::upload) does all of this where the storage supports pre-signed URLs.
    ///
    /// ```
    /// # async fn put(address: &str, data: &[u8]) {}
    /// # async fn example(object: lakefs::BranchObject, data: &[u8], md5: &str) -> lakefs::Result<()> {
    /// let staging = object.physical_address().await?;
    /// put(staging.physical_address.as_deref().unwrap_or_default(), data).await;
    /// object.link(staging, md5, data.len() as u64).content_type("text/csv").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported): the storage does not support writes to physical addresses. A
    /// missing branch is not an error here, but when the data are linked.
    pub fn physical_address(&self) -> PhysicalAddressRequest {
        PhysicalAddressRequest::new(self.0.clone())
    }

    /// Creates the object from data at a [physical address](Self::physical_address). `checksum` is the checksum of the
    /// data, usually their MD5 in hexadecimal, and `size` their number of bytes. The server does not check either of
    /// them, nor whether there are data.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the address was given for another path or branch, or has
    /// expired, or the checksum is empty. [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected,
    /// or the repository is read-only.
    pub fn link(&self, staging: StagingLocation, checksum: impl Into<String>, size: u64) -> LinkRequest {
        LinkRequest::new(self.0.clone(), staging, checksum.into(), size)
    }

    /// Creates the object from data anywhere in the storage, without requesting a physical address. Deprecated by
    /// lakeFS in favour of [`link`](Self::link).
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the address does not belong to the storage.
    /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is read-only.
    pub fn stage(
        &self,
        physical_address: impl Into<String>,
        checksum: impl Into<String>,
        size: u64,
    ) -> StageRequest {
        StageRequest::new(self.0.clone(), physical_address.into(), checksum.into(), size)
    }
}

impl fmt::Debug for BranchObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BranchObject({self})")
    }
}
