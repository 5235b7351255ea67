//! The MD5 of bytes. This module is the only one that knows which crate computes it.

use std::fmt;

#[cfg(not(feature = "fast-md5"))]
use md5::Digest as _;

#[cfg(feature = "fast-md5")]
type Implementation = fast_md5::Md5;
#[cfg(not(feature = "fast-md5"))]
type Implementation = md5::Md5;

/// The 16 bytes of an MD5.
pub(crate) type Md5Digest = [u8; 16];

/// Computes the MD5 of bytes.
pub(crate) struct Md5(Implementation);

impl Md5 {
    pub(crate) fn new() -> Self {
        Self(Implementation::new())
    }

    /// Computes the MD5 of all bytes at once.
    pub(crate) fn digest(bytes: impl AsRef<[u8]>) -> Md5Digest {
        let mut md5 = Self::new();
        md5.update(bytes);
        md5.finalize()
    }

    /// Hashes the next bytes.
    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes.as_ref());
    }

    #[cfg(feature = "fast-md5")]
    pub(crate) fn finalize(self) -> Md5Digest {
        self.0.finalize()
    }

    #[cfg(not(feature = "fast-md5"))]
    pub(crate) fn finalize(self) -> Md5Digest {
        self.0.finalize().into()
    }

    /// Returns the MD5, and starts again.
    pub(crate) fn finalize_reset(&mut self) -> Md5Digest {
        std::mem::take(self).finalize()
    }
}

impl Default for Md5 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Md5").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::digest::hex;

    #[test]
    fn md5_is_that_of_the_standard_however_the_bytes_are_split() {
        for (text, expected) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (&"1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"),
        ] {
            assert_eq!(hex(&Md5::digest(text)), expected, "{text}");
            for size in [1, 7, 63, 64, 65] {
                let mut md5 = Md5::new();
                text.as_bytes().chunks(size).for_each(|chunk| md5.update(chunk));
                assert_eq!(hex(&md5.finalize_reset()), expected, "{text} in chunks of {size}");
                assert_eq!(hex(&md5.finalize()), "d41d8cd98f00b204e9800998ecf8427e");
            }
        }
    }
}
