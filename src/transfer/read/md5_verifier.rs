//! Verifies the bytes of an object against its MD5 while they are read.

use crate::error::{Error, ErrorKind, Result};
use crate::transfer::digest::hex;
use crate::transfer::etag;
use crate::transfer::md5::Md5;

/// Computes the MD5 of bytes that arrive in order, and compares it with the MD5 of the object.
#[derive(Debug)]
pub(crate) struct Md5Verifier {
    expected: String,
    md5: Md5,
    /// The position of the next byte. `None` once bytes were skipped, because there is nothing to compare then.
    position: Option<u64>,
}

impl Md5Verifier {
    /// Returns a verifier if the ETag of the object is an MD5.
    pub(crate) fn new(etag: &str) -> Option<Self> {
        Some(Self { expected: etag::md5_of(etag)?, md5: Md5::new(), position: Some(0) })
    }

    /// Hashes bytes that are at position `start` of the object. At position 0, it starts again.
    pub(crate) fn update(&mut self, start: u64, bytes: &[u8]) {
        if start == 0 && self.position != Some(0) {
            (self.md5, self.position) = (Md5::new(), Some(0));
        }
        self.position =
            self.position.filter(|position| *position == start).map(|position| position + bytes.len() as u64);
        if self.position.is_some() {
            self.md5.update(bytes);
        }
    }

    /// Verifies an object of `size` bytes, if all of them have arrived in order. A second call verifies nothing.
    pub(crate) fn finish(&mut self, size: u64, action: &str) -> Result<()> {
        if self.position != Some(size) {
            return Ok(());
        }
        self.position = None;
        let received = hex(&self.md5.finalize_reset());
        if received == self.expected {
            return Ok(());
        }
        let message = format!(
            "the received bytes have the MD5 {received}, but the object has {}; if the ETags of the storage are no \
             MD5s, as with encryption by a key management service, read with `.verify(false)`",
            self.expected
        );
        Err(Error::new(ErrorKind::Integrity, action, message).during("get_object", String::new))
    }
}
