//! How transfers verify bytes against checksums.

/// How a transfer verifies the bytes of an object against its checksum.
///
/// The checksum of an object is usually the MD5 of its bytes, or the checksum of an upload in parts. It can also have the
/// form of an MD5 and be none: a bucket with encryption by a key management service (SSE-KMS) has such ETags, and lakectl
/// and the Python client of lakeFS use the ETag of the bucket as the checksum.
///
/// `true` converts into the default, and `false` into [`Off`](Self::Off).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Verify {
    /// Verifies the bytes, and accepts a checksum that is certainly not that of the bytes although these are complete.
    #[default]
    Auto,
    /// Fails if the bytes do not have the checksum, or if it cannot be compared with them.
    Strict,
    /// Verifies only the number of bytes.
    Off,
}

impl Verify {
    /// Whether the checksum is compared with the bytes.
    pub(crate) fn is_on(self) -> bool {
        self != Self::Off
    }
}

impl From<bool> for Verify {
    fn from(yes: bool) -> Self {
        if yes { Self::Auto } else { Self::Off }
    }
}
