//! The requests that read an object.

use std::ops::RangeBounds;
#[cfg(feature = "fs")]
use std::path::Path;
#[cfg(any(feature = "object_store", feature = "object_store_0_13"))]
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;

use crate::error::Result;
use crate::macros::impl_into_future;
use crate::scope::ObjectScope;
use crate::transfer::progress::progress_setters;
use crate::transfer::read::byte_range::ByteRange;
#[cfg(feature = "fs")]
use crate::transfer::read::download::DownloadRequest;
use crate::transfer::read::get_object::GetObject;
use crate::transfer::read::reader::ObjectReader;
#[cfg(any(feature = "object_store", feature = "object_store_0_13"))]
use crate::transfer::read::route;
#[cfg(any(feature = "object_store", feature = "object_store_0_13"))]
use crate::transfer::read::storage_source::StorageSource;
use crate::transfer::read::verifier::OnMismatch;
use crate::verify::Verify;

/// The largest buffer that is allocated before any byte has arrived.
const MAX_INITIAL_CAPACITY: u64 = 8 * 1024 * 1024;

/// Reads an object into memory; see [`Object::read`](crate::Object::read).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ReadRequest(GetObject);

/// Opens an object for reading; see [`Object::reader`](crate::Object::reader).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ReaderRequest(GetObject);

/// The options that both requests have.
macro_rules! read_options {
    ($request:ident) => {
        impl $request {
            pub(crate) fn new(object: ObjectScope) -> Self {
                Self(GetObject::new(object))
            }

            /// Reads only this byte range. Positions count from 0. A range may end after the end of the object. `..` and
            /// `0..` are the whole object, also if it is empty. Default: the whole object.
            ///
            /// # Errors
            /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the range is empty.
            /// [`RangeNotSatisfiable`](crate::ErrorKind::RangeNotSatisfiable): the range starts at or after the end of
            /// the object.
            pub fn range(mut self, bytes: impl RangeBounds<u64>) -> Self {
                self.0.range = ByteRange::new(bytes).part();
                self
            }

            /// Reads only the last `bytes` bytes, or the whole object if it is shorter or empty. Default: the whole
            /// object.
            pub fn suffix(mut self, bytes: u64) -> Self {
                self.0.range = Some(ByteRange::Suffix(bytes));
                self
            }

            /// Reads the object only if it does not have this ETag (with its quotes). Default: no condition.
            ///
            /// # Errors
            /// [`NotModified`](crate::ErrorKind::NotModified): the object has this ETag.
            pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
                self.0.if_none_match = Some(etag.into());
                self
            }

            /// Sets how the received bytes are verified against the checksum of the object: `true` means
            /// [`Verify::Auto`], and `false` [`Verify::Off`]. Default: the setting of
            /// [`ClientBuilder::verify`](crate::ClientBuilder::verify), which is [`Verify::Auto`].
            ///
            /// If only a range is read, its length is verified. [`Verify`] says which checksums can be compared with the
            /// bytes of a whole object, and what happens if they differ.
            ///
            /// # Errors
            /// [`Integrity`](crate::ErrorKind::Integrity): the bytes do not have the checksum, or, with
            /// [`Verify::Strict`], it cannot be compared with them.
            pub fn verify(mut self, verify: impl Into<Verify>) -> Self {
                self.0.verify = verify.into();
                self
            }

            progress_setters!(0.progress);

            /// Sets whether the data come from the storage itself (`true`), at pre-signed URLs, or through the server
            /// (`false`). Default: from the storage if it supports pre-signed URLs and the read is not small.
            ///
            /// By default, reads of less than 1 MiB go through the server, because a pre-signed URL takes a further
            /// request. If the length of the read is not known, its first MiB comes through the server. A URL of an
            /// object of a commit is used again while it is valid. If this program cannot reach the storage, or the
            /// storage refuses the URLs, reads and uploads go through the server for five minutes.
            ///
            /// Content type, ETag and time of modification are those of lakeFS in both cases, and the bytes are verified
            /// against the checksum of lakeFS.
            ///
            /// # Errors
            /// With `true`, the storage must support pre-signed URLs; see
            /// [`Repository::storage_config`](crate::Repository::storage_config). Failures of the storage are returned.
            pub fn presign(mut self, yes: bool) -> Self {
                self.0.presign = Some(yes);
                self
            }
        }
    };
}

read_options!(ReadRequest);
read_options!(ReaderRequest);

impl ReadRequest {
    async fn execute(self) -> Result<Bytes> {
        let mut get = self.0;
        get.on_mismatch = OnMismatch::Fail;
        loop {
            match Self::read(get.clone()).await {
                Err(error) => get.read_again_after(error)?,
                bytes => return bytes,
            }
        }
    }

    async fn read(get: GetObject) -> Result<Bytes> {
        let mut reader = ObjectReader::open(get).await?;
        let Some(first) = reader.try_next().await? else { return Ok(Bytes::new()) };
        if reader.length() == Some(first.len() as u64) {
            return Ok(first);
        }
        let capacity = reader.length().unwrap_or_default().min(MAX_INITIAL_CAPACITY);
        let mut bytes = BytesMut::with_capacity(usize::try_from(capacity).unwrap_or_default());
        bytes.extend_from_slice(&first);
        while let Some(chunk) = reader.try_next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

impl_into_future!(ReadRequest { 0 } => Bytes);

#[cfg(any(feature = "object_store", feature = "object_store_0_13"))]
impl ReaderRequest {
    /// Whether the data come from the storage, as far as that is known without a request.
    pub(crate) async fn is_presigned(&self) -> bool {
        if let Some(presign) = self.0.presign {
            return presign;
        }
        self.0.object().repository().client().knows_server() && route::storage_presigns(&self.0).await
    }

    /// Shares the pre-signed URL with other reads of the same version.
    pub(crate) fn source(mut self, source: &Arc<StorageSource>) -> Self {
        self.0.source = Some(Arc::clone(source));
        self
    }

    /// Sets the size of the object, on which the choice of the route depends.
    pub(crate) fn size_hint(mut self, size: u64) -> Self {
        self.0.size_hint = Some(size);
        self
    }
}

impl ReaderRequest {
    async fn execute(self) -> Result<ObjectReader> {
        let mut reader = ObjectReader::open(self.0).await?;
        reader.bound_waits();
        Ok(reader)
    }

    /// Reads the object again if its bytes do not have its checksum, before the last bytes are returned.
    #[cfg(any(feature = "object_store", feature = "object_store_0_13"))]
    pub(crate) fn read_again_on_mismatch(mut self) -> Self {
        self.0.on_mismatch = OnMismatch::ReadAgain;
        self
    }

    /// Downloads the object to a file, and returns how many bytes it has and whether they were verified.
    ///
    /// The bytes are written to a temporary file in the same directory, which is verified, flushed to the disk, and then
    /// renamed to `path`. An existing file is replaced, and the new file gets its permissions on Unix. After a failure, the
    /// temporary file is removed, and an existing file is unchanged. A large object is downloaded over
    /// [several connections](DownloadRequest::concurrency).
    ///
    /// ```
    /// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
    /// let download = object.reader().progress(|update| println!("{}", update.bytes)).download_to("data.csv");
    /// println!("{} bytes", download.await?.bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Destinations
    /// * If `path` is a symbolic link, the file that it leads to is replaced. If there is none, it is created.
    /// * A pipe, a device, or an open file of a process such as `/dev/stdout` is written through and never replaced. The
    ///   bytes are written as they arrive, so a failure is reported after part of them was written. Bytes for a regular
    ///   file that is open, such as a redirected output, are appended to it. A pipe that nobody reads is waited for.
    /// * A file that cannot be replaced because it is a mount point, as in a container, is overwritten in place after the
    ///   bytes were verified.
    /// * A directory and a socket are rejected before a request is sent.
    ///
    /// # Errors
    /// The errors of [`Object::reader`](crate::Object::reader); [`Integrity`](crate::ErrorKind::Integrity): the
    /// received bytes do not have the checksum of the object; [`Io`](crate::ErrorKind::Io): the file cannot be written, or
    /// `path` is a directory or a socket.
    #[cfg(feature = "fs")]
    pub fn download_to(self, path: impl AsRef<Path>) -> DownloadRequest {
        DownloadRequest::new(self.0, path.as_ref().to_owned())
    }
}

impl_into_future! {
    /// Bounds the opening of the reader, and then each wait of the reader for bytes. Default: no limit besides the
    /// timeouts and the retry policy of the client.
    ///
    /// A wait includes all requests that it takes to continue after a broken connection. The time in which the reader
    /// is not read does not count. `Duration::MAX` means no limit. A [download](Self::download_to) is bounded as a
    /// whole.
    ///
    /// # Errors
    /// [`Timeout`](crate::ErrorKind::Timeout): the reader is not opened, or no bytes have arrived, in time.
    ReaderRequest { 0 } => ObjectReader
}
