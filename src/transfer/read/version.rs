//! Checks that responses have the requested bytes of one version of an object.

use crate::api::{ByteStream, Response};
use crate::error::{Error, ErrorKind};
use crate::transfer::etag;
use crate::transfer::read::byte_range::ContentRange;

/// Identifies one version of an object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectVersion {
    /// An ETag of lakeFS that identifies it.
    pub(crate) etag: Option<String>,
    /// The size of the object, in bytes.
    pub(crate) size: Option<u64>,
}

impl ObjectVersion {
    /// Checks that a response of lakeFS has bytes of this version from `start` on, and returns the size of the object.
    pub(crate) fn check(
        &self,
        response: &Response<ByteStream>,
        start: u64,
    ) -> Result<Option<u64>, RangeMismatch> {
        let is_same = match (response.header("etag"), &self.etag) {
            (Some(etag), Some(expected)) => etag::is_same(etag, expected),
            (etag, expected) => etag.is_none() && expected.is_none(),
        };
        if !is_same {
            return Err(RangeMismatch::VersionChanged);
        }
        if response.status() != 206 {
            return Err(RangeMismatch::RangeIgnored);
        }
        let Some(range) = content_range(response) else { return Err(RangeMismatch::WrongRange) };
        match (self.size, range.size) {
            (Some(expected), Some(size)) if expected != size => Err(RangeMismatch::VersionChanged),
            _ if range.bytes.start != start => Err(RangeMismatch::WrongRange),
            (expected, size) => Ok(expected.or(size)),
        }
    }
}

/// Why a response does not have the requested bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RangeMismatch {
    /// It is of another version of the object.
    VersionChanged,
    /// It has the whole object.
    RangeIgnored,
    /// It has other bytes, or no header that says which bytes it has.
    WrongRange,
}

impl RangeMismatch {
    pub(crate) fn into_error(self, action: &str) -> Error {
        let (kind, message) = match self {
            Self::VersionChanged => (
                ErrorKind::Integrity,
                "the object changed while it was read; read it again, or read it at a commit",
            ),
            Self::RangeIgnored => (
                ErrorKind::Unsupported,
                "the server ignores the requested range and returns the whole object",
            ),
            Self::WrongRange => (
                ErrorKind::Integrity,
                "the response has another range than the requested one, or does not say which range it has",
            ),
        };
        failed(action, kind, message)
    }
}

/// The error of a read.
pub(crate) fn failed(action: &str, kind: ErrorKind, message: impl Into<String>) -> Error {
    Error::new(kind, action, message).during("get_object", String::new)
}

pub(crate) fn content_range(response: &Response<ByteStream>) -> Option<ContentRange> {
    ContentRange::parse(response.header("content-range")?)
}
