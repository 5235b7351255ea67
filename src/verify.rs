//! How transfers verify bytes against checksums.

/// How a transfer verifies the bytes of an object against its checksum.
///
/// The checksum of an object is usually the MD5 of its bytes, or the checksum of a multipart upload (`…-8`), which is
/// compared if the size of its parts can be guessed. Other checksums cannot be compared with bytes.
///
/// A checksum can also have the form of an MD5 and be none: a bucket with encryption by a key management service
/// (SSE-KMS) has such ETags, and lakectl and the Python client of lakeFS use the ETag of the bucket as the checksum.
/// [`Auto`](Self::Auto) reads such objects.
///
/// Where the result is shown: [`ObjectReader::checksum_verified`](crate::ObjectReader::checksum_verified),
/// `DownloadReport::checksum_verified`, `SyncReport::unverified`, and `LakeFsStore::unverified_reads`.
///
/// `true` converts into [`Auto`](Self::Auto), and `false` into [`Off`](Self::Off).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Verify {
    /// Verifies the bytes of whole objects, and accepts a checksum that is certainly no MD5 of the bytes.
    ///
    /// If the bytes do not have the MD5, and it is not known that the storage has other checksums, the object is read
    /// again:
    /// * The second read returns the same bytes, and both have the length that the response states: the checksum is no
    ///   MD5. The bytes are returned as not verified, and a warning is logged. The client remembers it for the repository,
    ///   as long as the client exists: there, bytes that do not have the checksum are accepted without a second read.
    ///   Bytes that have it still count as verified.
    /// * The second read returns bytes that have the MD5: these bytes are returned.
    /// * The two reads return different bytes: the read fails with [`Integrity`](crate::ErrorKind::Integrity).
    ///
    /// An [`ObjectReader`](crate::ObjectReader) hands out bytes before the end, and does not read again: it ends as not
    /// verified, and a warning is logged.
    #[default]
    Auto,
    /// Fails with [`Integrity`](crate::ErrorKind::Integrity) if the bytes of a whole object do not have the checksum, or
    /// if it cannot be compared with them, and never reads again.
    Strict,
    /// Verifies only the number of bytes.
    Off,
}

impl From<bool> for Verify {
    fn from(yes: bool) -> Self {
        if yes { Self::Auto } else { Self::Off }
    }
}
